-- name: insert_plant_series
-- A plant whose inverters report power has a derived power series of its own.
INSERT INTO fleet.series (tenant_id, plant_id, quantity, kind, origin)
SELECT DISTINCT d.tenant_id, d.plant_id, s.quantity, s.kind, 'derived'
FROM touched_series AS t
JOIN fleet.series AS s USING (series_id)
JOIN fleet.device AS d ON d.device_id = s.device_id
WHERE d.kind = 'inverter' AND d.plant_id IS NOT NULL AND s.quantity = 'ac_power_kw'
ON CONFLICT (plant_id, device_id, customer_id, quantity, origin) DO NOTHING;

-- name: touch_plants
-- Every day on which an inverter changed is a changed day of its plant: its buckets are computed from those of all its inverters.
INSERT INTO dirty
SELECT DISTINCT plant_series.series_id, day.local_day
FROM touched_day AS day
JOIN fleet.series AS s USING (series_id)
JOIN fleet.device AS d ON d.device_id = s.device_id AND d.kind = 'inverter'
JOIN fleet.series AS plant_series
    ON plant_series.plant_id = d.plant_id AND plant_series.quantity = s.quantity AND plant_series.origin = 'derived';

-- name: compute_plants
-- grain: (plant, local hour | day) · reads: rollups of its inverters · every registered inverter is expected
INSERT INTO fresh
SELECT
    s.series_id, r.grain, r.starts_at, r.ends_at, r.local_date, sum(r.reading_count),
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    sum(r.covered_s ORDER BY r.series_id), s.device_count * max(r.expected_s), sum(r.energy_kwh ORDER BY r.series_id), :computed_at
FROM touched_day AS day
JOIN touched_series AS s ON s.series_id = day.series_id AND s.origin = 'derived'
JOIN api.inverter_power_series AS inverter ON inverter.plant_id = s.plant_id
JOIN mart.rollup AS r
    ON r.series_id = inverter.series_id AND r.grain IN ('hour', 'day') AND r.starts_at >= day.lo AND r.starts_at < day.hi
GROUP BY s.series_id, s.device_count, r.grain, r.starts_at, r.ends_at, r.local_date;
