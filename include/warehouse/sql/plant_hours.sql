-- name: read_plants
-- Plants with their zone, place, ratings and what is registered of their modules; one, or all of them.
SELECT
    plant_id, tenant_id, plant_key, timezone, latitude, longitude, capacity_kwp, capacity_kw, tilt_deg, azimuth_deg
FROM fleet.plant
WHERE CAST(:plant_ids AS int[]) IS NULL OR plant_id = ANY (:plant_ids)
ORDER BY plant_id;

-- name: read_energy_series
-- What tells the energy of a plant hour by hour: the power summed over its inverters, else its own power, else its own counter or amounts of an
-- hour or less, else those of its inverters.
WITH told AS (
    SELECT plant_id, series_id, NULL::int AS device_id, 1 AS rank FROM api.plant_energy_series WHERE plant_id = ANY (:plant_ids)
    UNION ALL
    SELECT plant_id, series_id, NULL, 1 + array_position(CAST(:quantities AS text[]), quantity)
    FROM fleet.series
    WHERE
        plant_id = ANY (:plant_ids) AND quantity = ANY (:quantities)
        AND series_id NOT IN (SELECT series_id FROM api.plant_energy_series)
    UNION ALL
    SELECT d.plant_id, s.series_id, d.device_id, 100 + array_position(CAST(:quantities AS text[]), s.quantity)
    FROM fleet.device AS d
    JOIN fleet.series AS s USING (device_id)
    WHERE d.plant_id = ANY (:plant_ids) AND d.kind = 'inverter' AND s.quantity = ANY (:quantities)
), first AS (
    SELECT plant_id, min(rank) AS rank FROM told GROUP BY plant_id
)
SELECT plant_id, series_id, device_id FROM told JOIN first USING (plant_id, rank) ORDER BY plant_id, series_id;

-- name: read_inverter_times
-- Inverters, and where one of their plant is retired the first and last local days on which each was heard, and until when it is missed.
SELECT plant_id, device_id, is_retired, first_day, last_day, missed_until FROM api.inverter_time WHERE plant_id = ANY (:plant_ids) ORDER BY device_id;

-- name: read_inverter_series
-- Power and counters of inverters, silent inverters included: theirs is null.
SELECT d.plant_id, d.device_id, d.capacity_kw, s.quantity, s.series_id
FROM fleet.device AS d
LEFT JOIN fleet.series AS s
    ON s.device_id = d.device_id AND s.quantity IN ('ac_power_kw', 'energy_total_kwh', 'energy_today_kwh') AND s.origin <> 'derived'
WHERE d.plant_id = ANY (:plant_ids) AND d.kind = 'inverter'
ORDER BY d.plant_id, d.device_id, s.quantity;

-- name: read_weather_series
-- Irradiance on the plane of the modules, and their temperature, at a plant or at its devices.
SELECT coalesce(s.plant_id, d.plant_id) AS plant_id, s.quantity, s.series_id
FROM fleet.series AS s
LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
WHERE coalesce(s.plant_id, d.plant_id) = ANY (:plant_ids) AND s.quantity IN ('irradiance_poa_w_m2', 'temp_module_c')
ORDER BY s.series_id;

-- name: read_hours
-- grain: (series, local hour) that begins in [lo, hi) of its series [us since 1970]
SELECT
    h.series_id, h.local_date - date '1970-01-01', h.starts_at, CAST(h.reading_count AS int), h.covered_s, h.expected_s,
    coalesce(h.energy_kwh, 'NaN'), coalesce(h.min, 'NaN'), coalesce(h.max, 'NaN'), coalesce(h.mean, 'NaN')
FROM unnest(CAST(:series_ids AS int[]), CAST(:lo AS int8[]), CAST(:hi AS int8[])) AS w (series_id, lo, hi)
JOIN LATERAL (
    SELECT * FROM mart.rollup_hour AS r
    WHERE r.series_id = w.series_id AND r.grain = 'hour' AND r.starts_at >= api.instant(w.lo) AND r.starts_at < api.instant(w.hi)
) AS h ON true;

-- name: read_days
-- grain: (plant, local day) · published energies that are complete enough to count
SELECT plant_id, local_date, energy_kwh
FROM api.plant_day
WHERE
    plant_id = ANY (:plant_ids) AND local_date >= :first_day AND local_date < :end_day AND energy_kwh IS NOT NULL
    AND completeness >= :min_completeness
ORDER BY plant_id, local_date;
