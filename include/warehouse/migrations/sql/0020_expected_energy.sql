-- Expected energy, yields, availability, money and forecasts.

ALTER TABLE fleet.plant
    ADD COLUMN tilt_deg float8 CHECK (tilt_deg BETWEEN 0 AND 90),
    ADD COLUMN azimuth_deg float8 CHECK (azimuth_deg >= 0 AND azimuth_deg < 360);
COMMENT ON COLUMN fleet.plant.tilt_deg IS 'of the modules from the horizontal; null: not registered';
COMMENT ON COLUMN fleet.plant.azimuth_deg IS 'to which the modules look, clockwise from north; null: not registered';

CREATE TABLE fleet.emission_factor (
    tenant_id     int NOT NULL REFERENCES fleet.tenant,
    plant_id      int REFERENCES fleet.plant,
    valid_from    date NOT NULL,
    co2_kg_kwh    float8 NOT NULL CHECK (co2_kg_kwh >= 0),
    factor_source text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (tenant_id, plant_id, valid_from)
);
COMMENT ON TABLE fleet.emission_factor IS 'CO2 of the energy that solar energy replaces, from a day on; of a plant before its tenant''s (plant_id null)';
COMMENT ON COLUMN fleet.emission_factor.co2_kg_kwh IS 'kg CO2 per kWh';
COMMENT ON COLUMN fleet.emission_factor.factor_source IS 'who publishes it, and for which year';

CREATE TABLE fleet.meter_reading_day (
    plant_id  int NOT NULL REFERENCES fleet.plant,
    read_on   date NOT NULL,
    tenant_id int NOT NULL REFERENCES fleet.tenant,
    PRIMARY KEY (plant_id, read_on)
);
COMMENT ON TABLE fleet.meter_reading_day IS 'local days on which the utility reads the meter of a plant; a billing cycle is from one, inclusive, to the next';

CREATE TABLE mart.plant_model (
    plant_id               int PRIMARY KEY REFERENCES fleet.plant,
    tenant_id              int NOT NULL REFERENCES fleet.tenant,
    latitude               float8 NOT NULL,
    longitude              float8 NOT NULL,
    is_place_guessed       boolean NOT NULL,
    tilt_deg               float8 NOT NULL,
    azimuth_deg            float8 NOT NULL,
    plane_source           text NOT NULL CHECK (plane_source IN ('registered', 'fitted', 'assumed')),
    capacity_kwp           float8,
    capacity_kw            float8,
    capacity_source        text CHECK (capacity_source IN ('registered', 'fitted')),
    clear_days             int NOT NULL,
    misfit_pct             float8,
    fitted_kwp             float8,
    degradation_pct        float8,
    degradation_low_pct    float8,
    degradation_high_pct   float8,
    degradation_pairs      int NOT NULL,
    month_pct              float8[] NOT NULL CHECK (cardinality(month_pct) = 12),
    computed_at            timestamptz NOT NULL,
    CHECK ((capacity_kwp IS NULL) = (capacity_source IS NULL))
);
COMMENT ON TABLE mart.plant_model IS 'what the expected energy of a plant is computed from, and its degradation';
COMMENT ON COLUMN mart.plant_model.plane_source IS 'registered by a person, fitted to the plant''s own clear days, or assumed: tilted by the latitude towards the equator';
COMMENT ON COLUMN mart.plant_model.capacity_source IS 'registered by a person, or fitted to the plant''s own clear days';
COMMENT ON COLUMN mart.plant_model.clear_days IS 'clear days of the last year to which plane and capacity were fitted';
COMMENT ON COLUMN mart.plant_model.misfit_pct IS 'root mean square error of the fit by the mean, over the hours of those days';
COMMENT ON COLUMN mart.plant_model.fitted_kwp IS 'capacity with which the model is the plant on those days';
COMMENT ON COLUMN mart.plant_model.degradation_pct IS 'per year, with the 95 % interval low to high; negative: the plant makes less';
COMMENT ON COLUMN mart.plant_model.degradation_pairs IS 'pairs of clear days one year apart behind it';
COMMENT ON COLUMN mart.plant_model.month_pct IS 'share of each month in the clear-sky energy of a year: the shape of a yearly target';

CREATE TABLE mart.yield_day (
    tenant_id              int NOT NULL REFERENCES fleet.tenant,
    plant_id               int NOT NULL REFERENCES fleet.plant,
    local_date             date NOT NULL,
    clear_sky_kwh          float8,
    irradiated_kwh         float8,
    insolation_kwh_m2      float8,
    corrected_kwh          float8,
    corrected_kwh_m2       float8,
    daylight_s             float8 NOT NULL,
    reporting_s            float8 NOT NULL,
    producing_s            float8 NOT NULL,
    computed_at            timestamptz NOT NULL,
    PRIMARY KEY (plant_id, local_date)
);
COMMENT ON TABLE mart.yield_day IS 'the sums of a plant''s local day from which ratios of any period are made';
COMMENT ON COLUMN mart.yield_day.clear_sky_kwh IS 'what the model of the plant makes under a sky without clouds';
COMMENT ON COLUMN mart.yield_day.irradiated_kwh IS 'energy of the hours in which the irradiance on the plane of the modules is known too';
COMMENT ON COLUMN mart.yield_day.insolation_kwh_m2 IS 'insolation of the same hours on the plane of the modules';
COMMENT ON COLUMN mart.yield_day.corrected_kwh IS 'energy of those of them in which the temperature of the modules is known too';
COMMENT ON COLUMN mart.yield_day.corrected_kwh_m2 IS 'insolation of the same hours x (1 - 0.004 x (module temperature - 25))';
COMMENT ON COLUMN mart.yield_day.daylight_s IS 'time in which inverters should produce: sun more than 10 degrees high; mean over the inverters by rating';
COMMENT ON COLUMN mart.yield_day.reporting_s IS 'of it: hours in which an inverter told its power or counter';
COMMENT ON COLUMN mart.yield_day.producing_s IS 'of that: hours in which it made more than 0.1 % of its rating';

CREATE TABLE mart.forecast (
    plant_id    int NOT NULL REFERENCES fleet.plant,
    issued_on   date NOT NULL,
    tenant_id   int NOT NULL REFERENCES fleet.tenant,
    issued_at   timestamptz NOT NULL,
    days_known  int NOT NULL,
    reason      text CHECK (reason IN ('too few known days')),
    starts_at   timestamptz[] NOT NULL,
    p10_kwh     float8[] NOT NULL,
    p50_kwh     float8[] NOT NULL,
    p90_kwh     float8[] NOT NULL,
    day_p10_kwh float8[] NOT NULL,
    day_p50_kwh float8[] NOT NULL,
    day_p90_kwh float8[] NOT NULL,
    computed_at timestamptz NOT NULL,
    PRIMARY KEY (plant_id, issued_on),
    CHECK (cardinality(starts_at) = cardinality(p50_kwh) AND (reason IS NULL) = (cardinality(starts_at) > 0))
);
COMMENT ON TABLE mart.forecast IS 'energy of the seven days after the next midnight, as it was told at 06:00 of issued_on; never computed again';
COMMENT ON COLUMN mart.forecast.issued_at IS '06:00 local; nothing measured later is behind it';
COMMENT ON COLUMN mart.forecast.days_known IS 'known days of the eight weeks before';
COMMENT ON COLUMN mart.forecast.reason IS 'why there is no forecast';
COMMENT ON COLUMN mart.forecast.starts_at IS 'hours ahead; the quantiles p10, p50 and p90 are in the same order, null where unknown';
COMMENT ON COLUMN mart.forecast.day_p50_kwh IS 'quantiles of whole days, which are not the sums of those of their hours; the first is of the day after issued_on';

INSERT INTO ops.unanswered_day (subject, plant_id, local_day)
SELECT DISTINCT 'yields', plant_id, local_date FROM mart.energy_day;

ALTER TABLE fleet.emission_factor ENABLE ROW LEVEL SECURITY;
ALTER TABLE fleet.meter_reading_day ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.plant_model ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.yield_day ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.forecast ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_reads_one_tenant ON fleet.emission_factor FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
CREATE POLICY api_reads_one_tenant ON fleet.meter_reading_day FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
CREATE POLICY api_reads_one_tenant ON mart.plant_model FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
CREATE POLICY api_reads_one_tenant ON mart.yield_day FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
CREATE POLICY api_reads_one_tenant ON mart.forecast FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
GRANT SELECT ON fleet.emission_factor, fleet.meter_reading_day, mart.plant_model, mart.yield_day, mart.forecast TO heliograph_api;

CREATE VIEW api.emission_factor WITH (security_invoker = true) AS
    SELECT plant_id, valid_from, co2_kg_kwh, factor_source FROM fleet.emission_factor;
CREATE VIEW api.meter_reading_day WITH (security_invoker = true) AS SELECT plant_id, read_on FROM fleet.meter_reading_day;
CREATE VIEW api.plant_model WITH (security_invoker = true) AS
    SELECT
        plant_id, latitude, longitude, is_place_guessed, tilt_deg, azimuth_deg, plane_source, capacity_kwp, capacity_kw, capacity_source,
        clear_days, misfit_pct, fitted_kwp, degradation_pct, degradation_low_pct, degradation_high_pct, degradation_pairs, month_pct,
        computed_at
    FROM mart.plant_model;
CREATE VIEW api.yield_day WITH (security_invoker = true) AS
    SELECT
        plant_id, local_date, clear_sky_kwh, irradiated_kwh, insolation_kwh_m2, corrected_kwh, corrected_kwh_m2, daylight_s, reporting_s,
        producing_s, computed_at
    FROM mart.yield_day;
CREATE VIEW api.forecast WITH (security_invoker = true) AS
    SELECT
        plant_id, issued_on, issued_at, days_known, reason, starts_at, p10_kwh, p50_kwh, p90_kwh, day_p10_kwh, day_p50_kwh, day_p90_kwh,
        computed_at
    FROM mart.forecast;
COMMENT ON VIEW api.emission_factor IS 'CO2 factors by their first day; plant_id null: of all plants that have none of their own';
COMMENT ON VIEW api.meter_reading_day IS 'local days on which the utility reads the meter of a plant';
COMMENT ON VIEW api.plant_model IS 'what the expected energy of a plant is computed from, and its degradation';
COMMENT ON VIEW api.yield_day IS 'the sums of a plant''s local day from which ratios of any period are made';
COMMENT ON VIEW api.forecast IS 'energies of the days ahead as they were told, with quantiles';
GRANT SELECT ON api.emission_factor, api.meter_reading_day, api.plant_model, api.yield_day, api.forecast TO heliograph_api;
