-- name: read_overview
-- What one tenant has, in one row.
SELECT
    (SELECT count(*) FROM fleet.plant AS p WHERE p.tenant_id = t.tenant_id) AS plants,
    (SELECT count(*) FROM fleet.device AS d WHERE d.tenant_id = t.tenant_id) AS devices,
    (SELECT count(*) FROM fleet.customer AS c WHERE c.tenant_id = t.tenant_id) AS customers,
    (
        SELECT sum(r.energy_kwh) FROM fleet.series AS s JOIN mart.rollup AS r ON r.series_id = s.series_id AND r.grain = 'year'
        WHERE s.tenant_id = t.tenant_id AND s.origin = 'derived'
    ) AS generated_kwh,
    (
        SELECT sum(r.energy_kwh) FROM fleet.series AS s JOIN mart.rollup AS r ON r.series_id = s.series_id AND r.grain = 'year'
        WHERE s.tenant_id = t.tenant_id AND s.quantity = 'consumption_kwh'
    ) AS consumed_kwh,
    (
        SELECT count(*) FROM fleet.series AS s JOIN mart.rollup AS r USING (series_id) WHERE s.tenant_id = t.tenant_id
    ) AS rollup_rows,
    (SELECT count(*) FROM mart.report AS r WHERE r.tenant_id = t.tenant_id) AS reports,
    (SELECT count(*) FROM ops.outbox AS o WHERE o.tenant_id = t.tenant_id AND o.state = 'sent') AS mails_sent,
    (SELECT count(*) FROM ops.outbox AS o WHERE o.tenant_id = t.tenant_id AND o.state <> 'sent') AS mails_unsent,
    (
        SELECT count(*) FROM landing.document AS d
        WHERE d.tenant_id = t.tenant_id AND d.state = 'loaded'
            AND NOT EXISTS (SELECT 1 FROM landing.load AS l WHERE l.document_id = d.document_id)
    ) AS unaccounted_documents,
    (SELECT min(r.uri) FROM mart.report AS r WHERE r.tenant_id = t.tenant_id AND r.kind = 'month') AS a_report,
    (
        SELECT count(*) FROM ops.dirty_day AS o JOIN fleet.series AS s USING (series_id)
        WHERE s.tenant_id = t.tenant_id AND s.kind <> 'state'
    ) AS dirty_days
FROM fleet.tenant AS t
WHERE t.slug = :tenant;

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
    count(DISTINCT c.local_date) FILTER (WHERE c.local_date < today.local_date AND c.counted_kwh > 0) AS days,
    sum(c.counted_kwh) FILTER (WHERE c.local_date = today.local_date - 1) AS last_day_kwh
FROM fleet.integration AS i
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN fleet.plant AS p USING (integration_id)
LEFT JOIN LATERAL (SELECT (CAST(:now AS timestamptz) AT TIME ZONE p.timezone)::date AS local_date) AS today ON true
LEFT JOIN api.energy_check AS c ON c.plant_id = p.plant_id AND c.device_id IS NULL
WHERE t.slug = :tenant
GROUP BY i.vendor;
