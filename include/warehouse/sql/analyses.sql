-- name: read_inverters
-- Inverters of a tenant's plants, by plant and key; or the devices with one key, whatever their kind.
SELECT
    d.device_id, d.device_key, d.name, d.model, d.kind, d.source, p.plant_id, p.plant_key, p.name AS plant_name, p.city, p.timezone
FROM fleet.device AS d
JOIN fleet.plant AS p ON p.plant_id = d.plant_id
WHERE
    d.tenant_id = :tenant_id AND CASE WHEN CAST(:device_keys AS text[]) IS NULL THEN d.kind = 'inverter' ELSE d.device_key = ANY (:device_keys) END
ORDER BY p.plant_id, d.device_key, d.source;

-- name: read_energies
-- grain: (plant or inverter, local day) · published energies of some plants or devices; device null: the plant
SELECT plant_id, device_id, local_date, energy_kwh, energy_source, completeness
FROM mart.energy_day
WHERE
    local_date BETWEEN :first_day AND :last_day
    AND (device_id = ANY (:device_ids) OR (device_id IS NULL AND plant_id = ANY (:plant_ids)))
ORDER BY plant_id, device_id, local_date;

-- name: read_gauges
-- grain: (device, quantity, local day) · greatest, mean and count of the readings of one quantity
SELECT s.device_id, r.local_date, r.max, r.mean, r.reading_count
FROM fleet.series AS s
JOIN mart.rollup AS r ON r.series_id = s.series_id AND r.grain = 'day'
WHERE
    s.device_id = ANY (:device_ids) AND s.quantity = :quantity AND s.origin = 'measured' AND r.local_date BETWEEN :first_day AND :last_day
    AND r.reading_count > 0
ORDER BY s.device_id, r.local_date;

-- name: read_power
-- grain: reading of an inverter's power · on local days of its plant, first and last included; infinite and NaN ones are none
SELECT
    api.microseconds(m.measured_at) AS at_us, (m.measured_at AT TIME ZONE p.timezone)::date AS local_date, m.value
FROM fleet.device AS d
JOIN fleet.plant AS p ON p.plant_id = d.plant_id
JOIN api.inverter_power_series AS s ON s.device_id = d.device_id
JOIN mart.reading AS m
    ON m.series_id = s.series_id AND m.measured_at >= CAST(:first_day AS timestamp) AT TIME ZONE p.timezone
    AND m.measured_at < (CAST(:last_day AS timestamp) + interval '1 day') AT TIME ZONE p.timezone
WHERE d.device_id = :device_id AND m.value > '-Infinity' AND m.value < 'Infinity'
ORDER BY m.measured_at;

-- name: read_compared_inverters
-- grain: inverter of a plant, as it is registered now
SELECT device_id, device_key, name, model, capacity_kw FROM fleet.device WHERE plant_id = :plant_id AND kind = 'inverter' ORDER BY device_id;

-- name: read_inverter_days
-- grain: (inverter, local day) · what was answered
SELECT device_id, local_date, verdict, method, reason, compared_kwh, expected_kwh
FROM mart.inverter_day
WHERE plant_id = :plant_id AND local_date BETWEEN :first_day AND :last_day
ORDER BY device_id, local_date;

-- name: read_forecast_basis
-- The newest forecast that was told within the days.
SELECT issued_on, days_known, reason
FROM mart.forecast
WHERE plant_id = :plant_id AND issued_on BETWEEN :first_day AND :last_day
ORDER BY issued_on DESC LIMIT 1;

-- name: find_analysis
-- The answer to the same question on the same data.
SELECT analysis_id, computed_at
FROM mart.analysis
WHERE
    tenant_id = :tenant_id AND question = :question AND parameters = CAST(:parameters AS jsonb) AND data_revision = :data_revision;

-- name: insert_analysis
-- Keep an answer; no row where another run has just kept the same one.
INSERT INTO mart.analysis (tenant_id, question, parameters, data_revision, answer, computed_at, run_id)
VALUES (:tenant_id, :question, CAST(:parameters AS jsonb), :data_revision, CAST(:answer AS jsonb), :computed_at, :run_id)
ON CONFLICT DO NOTHING
RETURNING analysis_id, computed_at;

-- name: list_analyses
-- Answers without their content, newest first; of one question where given.
WITH found AS (
    SELECT analysis_id, question, parameters, data_revision, computed_at
    FROM api.analysis
    WHERE analysis_id < :before AND (CAST(:question AS text) IS NULL OR question = :question)
    ORDER BY analysis_id DESC
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY analysis_id DESC), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(min(analysis_id))::text END AS next_key
FROM page;

-- name: read_analysis
-- One answer.
SELECT row_to_json(a)::text FROM api.analysis AS a WHERE a.analysis_id = :analysis_id;
