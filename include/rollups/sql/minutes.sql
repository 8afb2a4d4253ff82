-- name: read_inverters
-- grain: inverter of a plant · the series of its power, null where it has none; from the api views, so it holds for both roles
SELECT d.device_id, s.series_id
FROM api.device AS d
LEFT JOIN api.inverter_power_series AS s ON s.device_id = d.device_id
WHERE d.plant_id = :plant_id AND d.kind = 'inverter'
ORDER BY s.series_id, d.device_id;
