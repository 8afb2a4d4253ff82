-- name: read_overview
-- What one tenant has, in one row.
SELECT
    (SELECT count(*) FROM fleet.plant AS p WHERE p.tenant_id = t.tenant_id) AS plants,
    (SELECT count(*) FROM fleet.device AS d WHERE d.tenant_id = t.tenant_id) AS devices,
    (SELECT count(*) FROM fleet.customer AS c WHERE c.tenant_id = t.tenant_id) AS customers,
    (
        SELECT sum(e.energy_kwh) FROM mart.energy_day AS e WHERE e.tenant_id = t.tenant_id AND e.device_id IS NULL
    ) AS generated_kwh,
    (
        SELECT sum(u.consumption_kwh) FROM api.consumption AS u JOIN fleet.customer AS c USING (customer_id) WHERE c.tenant_id = t.tenant_id
    ) AS consumed_kwh,
    (
        SELECT count(*) FROM fleet.series AS s JOIN mart.rollup AS r USING (series_id) WHERE s.tenant_id = t.tenant_id
    ) AS rollup_rows,
    (SELECT count(*) FROM mart.report AS r WHERE r.tenant_id = t.tenant_id) AS reports,
    (SELECT count(*) FROM ops.outbox AS o WHERE o.tenant_id = t.tenant_id AND o.state = 'sent') AS mails_sent,
    (SELECT count(*) FROM ops.outbox AS o WHERE o.tenant_id = t.tenant_id AND o.state NOT IN ('held', 'sent')) AS mails_unsent,
    (
        SELECT count(*) FROM landing.document AS d
        WHERE d.tenant_id = t.tenant_id AND d.state = 'loaded'
            AND NOT EXISTS (SELECT 1 FROM landing.load AS l WHERE l.document_id = d.document_id)
    ) AS unaccounted_documents,
    (SELECT min(r.uri) FROM mart.report AS r WHERE r.tenant_id = t.tenant_id AND r.kind = 'month' AND r.about = 'plant') AS a_report,
    (
        SELECT count(*) FROM ops.dirty_day AS o JOIN fleet.series AS s USING (series_id)
        WHERE s.tenant_id = t.tenant_id AND s.kind <> 'state'
    ) + (
        SELECT count(*) FROM ops.dirty_plant_day AS o JOIN fleet.plant AS p USING (plant_id) WHERE p.tenant_id = t.tenant_id
    ) AS dirty_days
FROM fleet.tenant AS t
WHERE t.slug = :tenant;

-- name: read_waiting
-- Per tenant: days of series and of plants that wait for the roll-up, and counters that misbehaved within the last 7 local days.
SELECT
    t.slug AS tenant,
    (
        SELECT count(DISTINCT (o.series_id, o.local_day)) FROM ops.dirty_day AS o JOIN fleet.series AS s USING (series_id)
        WHERE s.tenant_id = t.tenant_id AND s.kind <> 'state'
    ) AS dirty_days,
    (
        SELECT count(DISTINCT (o.plant_id, o.local_day)) FROM ops.dirty_plant_day AS o JOIN fleet.plant AS p USING (plant_id)
        WHERE p.tenant_id = t.tenant_id
    ) AS dirty_plant_days,
    (
        SELECT count(DISTINCT c.series_id) FROM mart.counter_day AS c JOIN fleet.series AS s USING (series_id)
        WHERE
            s.tenant_id = t.tenant_id AND c.local_date > (CAST(:now AS timestamptz) AT TIME ZONE t.timezone)::date - 7
            AND c.zeros + c.dips + c.resets + c.held_back > 0
    ) AS misbehaving_counters
FROM fleet.tenant AS t
ORDER BY t.slug;

-- name: count_mails
-- Mails that wait and those that were refused, of every tenant; without a name those to the operator.
SELECT
    coalesce(t.slug, '') AS tenant,
    count(o.mail_id) FILTER (WHERE o.state = 'pending') AS waiting,
    count(o.mail_id) FILTER (WHERE o.state = 'failed') AS failed
FROM fleet.tenant AS t
FULL JOIN (SELECT mail_id, tenant_id, state FROM ops.outbox WHERE state <> 'sent') AS o USING (tenant_id)
GROUP BY t.slug
ORDER BY t.slug;

-- name: read_worst_counters
-- Counters that misbehaved most within the last 7 local days; zeros, which many send at night, decide last. Of customers only the id.
SELECT
    t.slug AS tenant, p.plant_key AS plant, coalesce(d.device_key, 'customer ' || s.customer_id) AS device, s.quantity, s.series_id,
    count(*) AS days, sum(c.held_back) AS held_back, sum(c.resets) AS resets, sum(c.dips) AS dips, sum(c.zeros) AS zeros
FROM mart.counter_day AS c
JOIN fleet.series AS s USING (series_id)
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
LEFT JOIN fleet.plant AS p ON p.plant_id = coalesce(s.plant_id, d.plant_id)
WHERE
    c.local_date > (CAST(:now AS timestamptz) AT TIME ZONE t.timezone)::date - 7
    AND c.zeros + c.dips + c.resets + c.held_back > 0
GROUP BY t.slug, p.plant_key, d.device_key, s.series_id
ORDER BY sum(c.held_back + c.resets + c.dips) DESC, sum(c.zeros) DESC, s.series_id
LIMIT :most;

-- name: read_quarantine_reasons
-- Quarantined rows of a tenant by the rule that they break.
SELECT rule, count(*) AS rows
FROM landing.quarantine AS q
JOIN fleet.tenant AS t USING (tenant_id)
CROSS JOIN LATERAL unnest(q.broken_rules) AS rule
WHERE t.slug = :tenant
GROUP BY rule
ORDER BY rule;

-- name: read_plant_of
-- Ids for a first request to the API.
SELECT p.plant_id, s.series_id
FROM fleet.plant AS p
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN api.plant_energy_series AS s ON s.plant_id = p.plant_id
WHERE t.slug = :tenant AND p.source = 'drops' AND p.plant_key = :plant_key;

-- name: read_clouds
-- What came from each vendor of one tenant: closed local days with energy, and the plants' energy in the last of them.
SELECT
    i.vendor,
    count(DISTINCT e.local_date) FILTER (WHERE e.local_date < today.local_date AND e.energy_kwh > 0) AS days,
    sum(e.energy_kwh) FILTER (WHERE e.local_date = today.local_date - 1) AS last_day_kwh
FROM fleet.integration AS i
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN fleet.plant AS p USING (integration_id)
LEFT JOIN LATERAL (SELECT (CAST(:now AS timestamptz) AT TIME ZONE p.timezone)::date AS local_date) AS today ON true
LEFT JOIN api.plant_day AS e ON e.plant_id = p.plant_id
WHERE t.slug = :tenant
GROUP BY i.vendor;
