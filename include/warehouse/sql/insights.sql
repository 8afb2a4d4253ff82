-- name: lock_insights
-- One run at a time, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtext('mart.insight'));

-- name: find_due_plants
-- Plants of which something can be said of a day that nothing was said of, or that changed since: days that are over, answers about inverters,
-- alarms. A day is looked at from :due_at of the next one on. What was computed in the margin before may not have been there yet.
SELECT p.plant_id, p.tenant_id, p.timezone, d.as_of
FROM fleet.plant AS p
CROSS JOIN LATERAL (
    SELECT ((CAST(:now AS timestamptz) AT TIME ZONE p.timezone) - CAST(:due_at AS time)::interval)::date - 1 AS as_of
) AS d
LEFT JOIN ops.told_insight AS t ON t.plant_id = p.plant_id
CROSS JOIN LATERAL (SELECT coalesce(t.computed_at, '-infinity') - interval '30 minutes' AS since) AS s
WHERE
    t.local_date IS DISTINCT FROM d.as_of
    OR EXISTS (
        SELECT 1 FROM mart.energy_day AS e
        WHERE e.plant_id = p.plant_id AND e.device_id IS NULL AND e.local_date > d.as_of - :days AND e.local_date <= d.as_of
            AND e.computed_at > s.since
    )
    OR EXISTS (
        SELECT 1 FROM mart.inverter_day AS i
        WHERE i.plant_id = p.plant_id AND i.local_date > d.as_of - :days AND i.local_date <= d.as_of AND i.computed_at > s.since
    )
    OR EXISTS (
        SELECT 1 FROM mart.alarm AS a
        WHERE a.plant_id = p.plant_id AND (a.is_open OR a.cleared_at > s.since) AND a.reported_at > s.since AND a.reported_at <= :now
    )
ORDER BY p.plant_id;

-- name: read_days
-- grain: local day of a plant · published energies of the days up to one
SELECT local_date, energy_kwh, completeness
FROM api.plant_day
WHERE plant_id = :plant_id AND local_date > CAST(:as_of AS date) - :days AND local_date <= :as_of
ORDER BY local_date;

-- name: read_inverters
-- grain: inverter that told anything · its answers of the last days; what was lost on low days, at the tariffs in force on them
SELECT
    d.device_id, d.name, count(*) FILTER (WHERE i.expected_kwh > 0) AS compared_days,
    sum(i.compared_kwh) FILTER (WHERE i.expected_kwh > 0) / nullif(sum(i.expected_kwh) FILTER (WHERE i.expected_kwh > 0), 0) AS peer_share,
    count(*) FILTER (WHERE i.verdict NOT IN ('normal', 'not compared')) AS weak_days,
    count(*) FILTER (WHERE i.is_low) AS low_days,
    sum(i.compared_kwh) FILTER (WHERE i.is_low) / nullif(sum(i.expected_kwh) FILTER (WHERE i.is_low), 0) AS low_share,
    coalesce(sum(i.lost_kwh) FILTER (WHERE i.is_low), 0) AS lost_kwh,
    CASE WHEN count(DISTINCT t.currency) FILTER (WHERE i.is_low) = 1 AND bool_and(t.currency IS NOT NULL) FILTER (WHERE i.is_low)
        THEN sum(i.lost_kwh * t.price_per_kwh::float8) FILTER (WHERE i.is_low) END AS lost_value,
    min(t.currency) FILTER (WHERE i.is_low) AS currency
FROM fleet.device AS d
JOIN LATERAL (
    SELECT *, verdict IN ('low', 'very low', 'zero') AS is_low
    FROM mart.inverter_day
    WHERE device_id = d.device_id AND local_date > CAST(:as_of AS date) - :week AND local_date <= :as_of
) AS i ON true
LEFT JOIN LATERAL (
    SELECT price_per_kwh, currency FROM fleet.tariff
    WHERE plant_id = d.plant_id AND valid_from <= i.local_date ORDER BY valid_from DESC LIMIT 1
) AS t ON true
WHERE d.plant_id = :plant_id AND d.kind = 'inverter'
GROUP BY d.device_id, d.name
ORDER BY d.device_id;

-- name: read_alarms
-- Open alarms of a plant but for mere notices, the oldest first; days are local.
SELECT a.alarm_id, a.code, a.name, a.origin = 'heliograph' AS is_own, (a.raised_at AT TIME ZONE p.timezone)::date AS raised_on
FROM mart.alarm AS a
JOIN fleet.plant AS p USING (plant_id)
WHERE a.plant_id = :plant_id AND a.is_open AND a.severity <> 'notice'
ORDER BY a.raised_at, a.alarm_id;

-- name: read_forecast
-- The first day ahead as it was told on the day after :as_of.
SELECT issued_on + 1 AS day, day_p10_kwh[1] AS p10_kwh, day_p50_kwh[1] AS p50_kwh, day_p90_kwh[1] AS p90_kwh
FROM mart.forecast
WHERE plant_id = :plant_id AND issued_on = CAST(:as_of AS date) + 1 AND reason IS NULL;

-- name: write_insights
-- The sentences of a plant in the place of those before; rows that are the same stay as they are, so the tenant's revision does too.
WITH told AS (
    SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (place int, code text, text jsonb, basis jsonb)
), gone AS (
    DELETE FROM mart.insight AS i WHERE i.plant_id = :plant_id AND i.place > (SELECT count(*) FROM told)
)
INSERT INTO mart.insight AS i (plant_id, place, tenant_id, local_date, code, text, basis, computed_at)
SELECT :plant_id, place, :tenant_id, :as_of, code, text, basis, :computed_at FROM told
ON CONFLICT (plant_id, place) DO UPDATE SET
    local_date = EXCLUDED.local_date, code = EXCLUDED.code, text = EXCLUDED.text, basis = EXCLUDED.basis, computed_at = EXCLUDED.computed_at
WHERE (i.local_date, i.code, i.text, i.basis) IS DISTINCT FROM (EXCLUDED.local_date, EXCLUDED.code, EXCLUDED.text, EXCLUDED.basis);

-- name: note_told
-- Up to which day a plant was looked at.
INSERT INTO ops.told_insight AS t (plant_id, local_date, computed_at) VALUES (:plant_id, :as_of, :computed_at)
ON CONFLICT (plant_id) DO UPDATE SET local_date = EXCLUDED.local_date, computed_at = EXCLUDED.computed_at;

-- name: list_insights
-- grain: insight of a plant, the most urgent first
SELECT set_config('TimeZone', :timezone, true);
SELECT coalesce(json_agg(json_build_object(
    'code', code, 'local_date', local_date, 'text', text, 'basis', basis, 'computed_at', computed_at
) ORDER BY place), '[]')::text AS data
FROM api.insight
WHERE plant_id = :plant_id
