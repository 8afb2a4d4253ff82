-- name: read_feeds
-- grain: feed · documents of a tenant that were received in a span, with what their newest load made of them; how old their last reading was
-- when they came, in the middle and at 95 % [h]
SELECT
    d.feed, count(*) AS documents, count(*) FILTER (WHERE d.state = 'landed') AS waiting, count(*) FILTER (WHERE d.state = 'refused') AS refused,
    coalesce(sum(l.parsed_rows), 0)::bigint AS rows, coalesce(sum(l.quarantined_rows), 0)::bigint AS held_back,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY date_part('epoch', d.received_at - l.last_measured_at) / 3600) AS median_age_h,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY date_part('epoch', d.received_at - l.last_measured_at) / 3600) AS late_age_h
FROM landing.document AS d
LEFT JOIN LATERAL (SELECT * FROM landing.load AS o WHERE o.document_id = d.document_id ORDER BY o.load_id DESC LIMIT 1) AS l ON true
WHERE d.tenant_id = :tenant_id AND d.received_at >= :start AND d.received_at < :end
GROUP BY d.feed
ORDER BY d.feed;

-- name: read_refused
-- Documents of a tenant that were received in a span and refused, the newest first.
SELECT original_name AS name, feed, reason, received_at
FROM landing.document
WHERE tenant_id = :tenant_id AND state = 'refused' AND received_at >= :start AND received_at < :end
ORDER BY received_at DESC, document_id DESC
LIMIT 1000;

-- name: read_rules
-- grain: (feed, rule) · rows of documents received in a span that broke the rule, by the newest load of each, the most first
SELECT d.feed, q.rule, sum(q.rows::bigint)::bigint AS rows
FROM landing.document AS d
CROSS JOIN LATERAL (
    SELECT o.quarantine_reasons FROM landing.load AS o WHERE o.document_id = d.document_id ORDER BY o.load_id DESC LIMIT 1
) AS l
CROSS JOIN LATERAL jsonb_each_text(l.quarantine_reasons) AS q (rule, rows)
WHERE d.tenant_id = :tenant_id AND d.received_at >= :start AND d.received_at < :end
GROUP BY d.feed, q.rule
ORDER BY rows DESC, d.feed, q.rule;

-- name: read_plants
-- grain: plant · mean completeness of its days of a period, in which a silent day counts as none, the weakest first
SELECT
    p.name, coalesce(sum(e.completeness), 0) / n.days AS coverage, n.days - count(e.energy_kwh) AS days_missing, n.days,
    max(e.local_date) FILTER (WHERE e.energy_kwh IS NOT NULL) AS last_day
FROM fleet.plant AS p
CROSS JOIN (SELECT CAST(:last_day AS date) - CAST(:first_day AS date) + 1 AS days) AS n
LEFT JOIN api.energy_day AS e ON e.plant_id = p.plant_id AND e.device_id IS NULL AND e.local_date BETWEEN :first_day AND :last_day
WHERE p.tenant_id = :tenant_id
GROUP BY p.plant_id, p.name, n.days
ORDER BY coverage, p.name, p.plant_id;

-- name: read_counters
-- grain: counter that misbehaved in a period · on how many days, and how; zeros, which many send at night, decide last
SELECT
    coalesce(d.name, p.name, 'customer ' || s.customer_id) AS device, s.quantity, count(*) AS days, sum(c.held_back)::bigint AS held_back,
    sum(c.resets)::bigint AS resets, sum(c.dips)::bigint AS dips, sum(c.zeros)::bigint AS zeros
FROM mart.counter_day AS c
JOIN fleet.series AS s USING (series_id)
LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
LEFT JOIN fleet.plant AS p ON p.plant_id = s.plant_id
WHERE
    s.tenant_id = :tenant_id AND c.local_date BETWEEN :first_day AND :last_day
    AND c.zeros + c.dips + c.resets + c.held_back > 0
GROUP BY s.series_id, d.name, p.name
ORDER BY sum(c.held_back + c.resets + c.dips) DESC, sum(c.zeros) DESC, s.series_id;

-- name: read_accounts
-- grain: vendor account · how it stands now, its calls on the UTC days of a period, and of the daily limit of which most was used how much that
-- was, by all accounts that share it; null where nothing was counted yet, or the vendor sets no limit of a day; and what waits for it
WITH counted AS (
    SELECT d.integration_id, d.caller, d.interface, min(d.called_on) AS since_on
    FROM ops.vendor_call_day AS d
    JOIN fleet.integration AS i USING (integration_id)
    WHERE i.tenant_id = :tenant_id AND d.called_on <= :last_day
    GROUP BY d.integration_id, d.caller, d.interface
), used AS (
    SELECT
        c.integration_id, c.interface,
        (SELECT coalesce(sum(d.calls), 0) FROM ops.vendor_call_day AS d
            WHERE d.caller = c.caller AND d.interface = c.interface AND d.called_on BETWEEN :first_day AND :last_day)::bigint AS calls,
        (
            SELECT d.allowed FROM ops.vendor_call_day AS d
            WHERE d.integration_id = c.integration_id AND d.interface = c.interface AND d.called_on <= :last_day
            ORDER BY d.called_on DESC LIMIT 1
        )::bigint * (CAST(:last_day AS date) - greatest(c.since_on, CAST(:first_day AS date)) + 1) AS allowed
    FROM counted AS c
), fullest AS (
    SELECT DISTINCT ON (integration_id) integration_id, calls, allowed, calls::float8 / allowed AS share
    FROM used
    WHERE allowed > 0
    ORDER BY integration_id, calls::float8 / allowed DESC, interface
)
SELECT
    i.vendor, i.name, i.state, i.reason, i.last_answer_at AS answered_at,
    CASE WHEN EXISTS (SELECT FROM counted AS c WHERE c.integration_id = i.integration_id) THEN (
        SELECT coalesce(sum(d.calls), 0)::bigint FROM ops.vendor_call_day AS d
        WHERE d.integration_id = i.integration_id AND d.interface = '*' AND d.called_on BETWEEN :first_day AND :last_day
    ) END AS calls,
    f.calls AS budget_calls, f.allowed AS budget_allowed, f.share AS budget_share,
    (SELECT count(*) FROM ops.pull AS q WHERE q.integration_id = i.integration_id AND q.state = 'waiting') AS waiting,
    (SELECT max(b.ends_at) FROM ops.vendor_block AS b WHERE b.integration_id = i.integration_id AND b.ends_at > :now) AS blocked_until_at
FROM fleet.integration AS i
LEFT JOIN fullest AS f USING (integration_id)
WHERE i.tenant_id = :tenant_id
ORDER BY i.vendor, i.name;
