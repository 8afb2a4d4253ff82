-- name: read_inverters
-- grain: inverter of a plant · the series of its power, null where it has none; from the api views, so it holds for both roles
SELECT t.device_id, t.is_retired, t.first_day, t.last_day, t.missed_until, s.series_id
FROM api.inverter_time AS t
LEFT JOIN api.inverter_power_series AS s ON s.device_id = t.device_id
WHERE t.plant_id = :plant_id
ORDER BY s.series_id, t.device_id;
