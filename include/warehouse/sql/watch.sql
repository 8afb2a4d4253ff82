-- name: try_lock_watch
-- One look at a time; held until the transaction ends.
SELECT pg_try_advisory_xact_lock(hashtext('heliograph.watch'));

-- name: read_watch
-- When the watch looked last, wrote its last digest, and the last backup was noted.
SELECT looked_at, digested_at, backed_up_at FROM ops.watch;

-- name: note_look
-- The watch looked.
UPDATE ops.watch SET looked_at = :now;

-- name: note_digest
-- The daily digest was written, or there was nothing for it.
UPDATE ops.watch SET digested_at = :now;

-- name: note_backup
-- A backup was made.
UPDATE ops.watch SET backed_up_at = :now;

-- name: read_receipts
-- Per tenant and feed: the newest receipt, and the last receipt before this local time (of `as_of`) of earlier days: each of the 28 days
-- up to the newest receipt, then each seventh of 16 weeks.
SELECT t.tenant_id, t.slug AS tenant, f.feed, newest.at AS received_at, earlier.moments, earlier.receipts
FROM fleet.tenant AS t
CROSS JOIN unnest(CAST(:feeds AS text[])) AS f (feed)
CROSS JOIN LATERAL (
    SELECT max(d.last_received_at) AS at FROM landing.document AS d WHERE d.tenant_id = t.tenant_id AND d.feed = f.feed
) AS newest
CROSS JOIN LATERAL (
    SELECT array_agg(m.at ORDER BY m.at DESC) AS moments, array_agg(r.at ORDER BY m.at DESC) AS receipts
    FROM (
        SELECT
            (
                CAST(:as_of AS timestamptz) AT TIME ZONE t.timezone
                - make_interval(days => n.days + greatest(ceil(extract(epoch FROM :as_of - newest.at) / 86400)::int, 1))
            ) AT TIME ZONE t.timezone AS at
        FROM (SELECT generate_series(0, 27) AS days UNION ALL SELECT generate_series(34, 139, 7)) AS n
    ) AS m
    CROSS JOIN LATERAL (
        SELECT max(d.last_received_at) AS at
        FROM landing.document AS d
        WHERE d.tenant_id = t.tenant_id AND d.feed = f.feed AND d.last_received_at <= m.at
    ) AS r
    WHERE r.at IS NOT NULL
) AS earlier
WHERE newest.at IS NOT NULL
ORDER BY t.slug, f.feed;

-- name: read_waiting_documents
-- The head of each tenant's list of landed documents: it changes as long as anything is loaded.
SELECT t.tenant_id, t.slug AS tenant, d.feed, min(d.document_id) AS document_id, count(*) AS documents
FROM landing.document AS d
JOIN fleet.tenant AS t USING (tenant_id)
WHERE d.state = 'landed'
GROUP BY t.tenant_id, t.slug, d.feed
ORDER BY t.slug, d.feed;

-- name: read_oldest_dirty_days
-- The heads of the lists of the roll-up.
(
    SELECT 'ops.dirty_day' AS list, d.dirty_day_id AS mark, t.slug AS tenant, d.local_day
    FROM ops.dirty_day AS d JOIN fleet.series AS s USING (series_id) JOIN fleet.tenant AS t USING (tenant_id)
    WHERE s.kind <> 'state'
    ORDER BY d.dirty_day_id
    LIMIT 1
)
UNION ALL
(
    SELECT 'ops.dirty_plant_day', d.dirty_plant_day_id, t.slug, d.local_day
    FROM ops.dirty_plant_day AS d JOIN fleet.plant AS p USING (plant_id) JOIN fleet.tenant AS t USING (tenant_id)
    ORDER BY d.dirty_plant_day_id
    LIMIT 1
);

-- name: read_quarantine_shares
-- Per tenant and feed with quarantined rows within a day: rows of that day and of the week before it, and the reason met most.
SELECT
    t.tenant_id, t.slug AS tenant, d.feed,
    sum(l.parsed_rows) FILTER (WHERE l.loaded_at > CAST(:now AS timestamptz) - interval '1 day') AS parsed,
    sum(l.quarantined_rows) FILTER (WHERE l.loaded_at > CAST(:now AS timestamptz) - interval '1 day') AS quarantined,
    coalesce(sum(l.parsed_rows) FILTER (WHERE l.loaded_at <= CAST(:now AS timestamptz) - interval '1 day'), 0) AS earlier_parsed,
    coalesce(sum(l.quarantined_rows) FILTER (WHERE l.loaded_at <= CAST(:now AS timestamptz) - interval '1 day'), 0) AS earlier_quarantined,
    min(l.loaded_at) FILTER (WHERE l.quarantined_rows > 0 AND l.loaded_at > CAST(:now AS timestamptz) - interval '1 day') AS began_at
FROM landing.load AS l
JOIN landing.document AS d USING (document_id)
JOIN fleet.tenant AS t ON t.tenant_id = l.tenant_id
WHERE l.loaded_at > CAST(:now AS timestamptz) - interval '8 days' AND l.loaded_at <= :now
GROUP BY t.tenant_id, t.slug, d.feed
HAVING sum(l.quarantined_rows) FILTER (WHERE l.loaded_at > CAST(:now AS timestamptz) - interval '1 day') >= :fewest
ORDER BY t.slug, d.feed;

-- name: read_refusals
-- Documents that were refused within a day, per tenant and feed, with the newest reason.
SELECT
    t.tenant_id, t.slug AS tenant, d.feed, count(*) AS documents, min(d.last_received_at) AS began_at,
    (array_agg(d.original_name ORDER BY d.last_received_at DESC))[1] AS newest_name,
    (array_agg(d.reason ORDER BY d.last_received_at DESC))[1] AS newest_reason
FROM landing.document AS d
JOIN fleet.tenant AS t USING (tenant_id)
WHERE d.state = 'refused' AND d.last_received_at > CAST(:now AS timestamptz) - interval '1 day'
GROUP BY t.tenant_id, t.slug, d.feed
ORDER BY t.slug, d.feed;

-- name: read_accounts
-- Vendor accounts that a person did not switch off, when each was answered last, and what stands in its way.
SELECT
    i.tenant_id, t.slug AS tenant, i.name, i.vendor, i.state, i.reason, i.state_set_at, i.next_due_at,
    CASE
        WHEN i.state = 'needs attention' THEN coalesce(i.last_answer_at, i.state_set_at) ELSE greatest(i.last_answer_at, i.state_set_at)
    END AS answered_at,
    (
        SELECT p.reason FROM ops.pull AS p
        WHERE p.integration_id = i.integration_id AND p.state = 'waiting' AND p.reason IS NOT NULL
        ORDER BY p.pull_id DESC LIMIT 1
    ) AS setback,
    (SELECT max(b.ends_at) FROM ops.vendor_block AS b WHERE b.integration_id = i.integration_id AND b.ends_at > :now) AS blocked_until_at
FROM fleet.integration AS i
JOIN fleet.tenant AS t USING (tenant_id)
WHERE i.state <> 'disabled'
ORDER BY i.vendor, t.slug, i.name;

-- name: read_mail_trouble
-- Mails that were refused within a week, and mails that wait for longer than an hour.
SELECT
    state, count(*) AS mails, min(created_at) AS began_at, (array_agg(last_error ORDER BY mail_id DESC))[1] AS newest_error
FROM ops.outbox
WHERE
    (state = 'failed' AND created_at > CAST(:now AS timestamptz) - interval '7 days')
    OR (state = 'pending' AND created_at < CAST(:now AS timestamptz) - interval '1 hour')
GROUP BY state
ORDER BY state;

-- name: read_overdue_approvals
-- Tenants with reports whose mails wait for a person for longer than the patience: how many, and since when.
SELECT t.tenant_id, t.slug AS tenant, count(*) AS reports, min(a.held_at) AS began_at
FROM ops.approval AS a
JOIN fleet.tenant AS t USING (tenant_id)
WHERE
    a.state = 'waiting' AND a.held_at < :waiting_before
    AND EXISTS (SELECT FROM ops.outbox AS o WHERE o.report_id = a.report_id AND o.state = 'held')
GROUP BY t.tenant_id, t.slug
ORDER BY t.slug;

-- name: read_open_alarms
-- Open alarms that matter, each kind of a plant once, with how many of its devices have it.
SELECT
    t.tenant_id, t.slug AS tenant, p.source, p.plant_key, p.name AS plant, a.code, a.name, max(a.advice) AS advice,
    CASE WHEN bool_or(a.severity = 'critical') THEN 'critical' ELSE 'major' END AS severity,
    min(a.raised_at) AS began_at, count(DISTINCT a.device_id) AS devices, p.plant_id, i.name AS account
FROM mart.alarm AS a
JOIN fleet.plant AS p USING (plant_id)
JOIN fleet.tenant AS t ON t.tenant_id = a.tenant_id
LEFT JOIN fleet.integration AS i ON i.integration_id = p.integration_id
WHERE a.is_open AND a.severity IN ('critical', 'major')
GROUP BY t.tenant_id, t.slug, p.plant_id, p.source, p.plant_key, p.name, a.code, a.name, i.name
ORDER BY t.slug, p.plant_key, a.code;

-- name: read_short_volumes
-- Sources whose last judged day was short: since which day, and what was expected and came since then.
WITH day AS (
    SELECT v.*, last_value(v.is_short) OVER whole AS is_still_short, max(v.local_day) FILTER (WHERE NOT v.is_short) OVER whole AS last_good_day
    FROM ops.source_volume AS v
    WINDOW whole AS (
        PARTITION BY v.tenant_id, v.integration_id, v.feed ORDER BY v.local_day
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
)
SELECT
    d.tenant_id, t.slug AS tenant, d.feed, i.vendor, i.name, min(d.local_day) AS first_day, max(d.local_day) AS last_day,
    sum(d.expected_readings) AS expected, sum(d.received_readings) AS received, min(d.local_day)::timestamp AT TIME ZONE t.timezone AS began_at
FROM day AS d
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN fleet.integration AS i USING (integration_id)
WHERE d.is_still_short AND d.local_day > coalesce(d.last_good_day, '-infinity')
GROUP BY d.tenant_id, t.slug, t.timezone, d.feed, i.vendor, i.name
ORDER BY t.slug, d.feed, i.name;

-- name: read_task_failures
-- Tasks that failed for good and have not succeeded since.
SELECT dag_id, task_id, failed_at, last_failed_at, error FROM ops.task_failure ORDER BY dag_id, task_id;

-- name: note_task_failure
-- A task failed; the first failure since it last succeeded is when it began.
INSERT INTO ops.task_failure AS f (dag_id, task_id, failed_at, last_failed_at, error)
VALUES (:dag_id, :task_id, :now, :now, :error)
ON CONFLICT (dag_id, task_id) DO UPDATE SET last_failed_at = :now, error = EXCLUDED.error;

-- name: forget_task_failures
-- A DAG ended well: none of its tasks fails any longer.
DELETE FROM ops.task_failure WHERE dag_id = :dag_id;

-- name: read_observations
-- What the watch saw at its last look.
SELECT kind, subject, value, since_at FROM ops.observation;

-- name: keep_observations
-- What it sees now; what stayed the same keeps its time.
INSERT INTO ops.observation AS o (kind, subject, value, since_at)
SELECT kind, subject, value, :now
FROM jsonb_to_recordset(CAST(:seen AS jsonb)) AS s (kind text, subject text, value text)
ON CONFLICT (kind, subject) DO UPDATE SET value = EXCLUDED.value, since_at = EXCLUDED.since_at WHERE o.value <> EXCLUDED.value;

-- name: forget_observations
-- What it no longer sees.
DELETE FROM ops.observation AS o
WHERE NOT EXISTS (
    SELECT 1 FROM jsonb_to_recordset(CAST(:seen AS jsonb)) AS s (kind text, subject text) WHERE s.kind = o.kind AND s.subject = o.subject
);

-- name: read_standstills
-- When the watch did not look, as far back as it matters for what is late now.
SELECT began_at, opened_at FROM ops.incident
WHERE kind = 'standstill' AND opened_at > CAST(:now AS timestamptz) - interval '40 days';
