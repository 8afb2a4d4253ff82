-- One home for what a plant made on a day, for the power of its inverters, and for the target of a single day.

CREATE VIEW api.plant_energy_series WITH (security_invoker = true) AS
    SELECT plant_id, series_id FROM fleet.series WHERE quantity = 'ac_power_kw' AND origin = 'derived';
COMMENT ON VIEW api.plant_energy_series IS 'the series whose roll-ups are the published energy of a plant: the power summed over its inverters';

CREATE VIEW api.inverter_power_series WITH (security_invoker = true) AS
    SELECT d.plant_id, s.device_id, s.series_id
    FROM fleet.device AS d
    JOIN fleet.series AS s ON s.device_id = d.device_id AND s.quantity = 'ac_power_kw' AND s.origin = 'measured'
    WHERE d.kind = 'inverter';
COMMENT ON VIEW api.inverter_power_series IS 'the measured AC power of each inverter that reports it';

CREATE VIEW api.plant_day WITH (security_invoker = true) AS
    SELECT s.plant_id, r.local_date, r.starts_at, r.energy_kwh, r.covered_s, r.expected_s, r.computed_at
    FROM api.plant_energy_series AS s
    JOIN mart.rollup AS r ON r.series_id = s.series_id AND r.grain = 'day';
COMMENT ON VIEW api.plant_day IS 'what a plant made on a local day; silent days are absent';

CREATE OR REPLACE VIEW api.target WITH (security_invoker = true) AS
    SELECT
        plant_id, month, target_kwh,
        target_kwh / extract(day FROM month + interval '1 month' - interval '1 day')::float8 AS target_per_day_kwh
    FROM fleet.target;
COMMENT ON COLUMN api.target.target_per_day_kwh IS 'the month''s target by its number of days [kWh]';

GRANT SELECT ON api.plant_energy_series, api.inverter_power_series, api.plant_day TO heliograph_api;
