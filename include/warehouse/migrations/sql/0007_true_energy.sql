-- Counters that misbehave are counted, the published energy of a day is stored with its source, and plants have a work list.

ALTER TABLE mart.rollup ADD COLUMN active_hours int;
COMMENT ON COLUMN mart.rollup.active_hours IS 'day only: distinct local hours with a reading';
CREATE OR REPLACE VIEW api.rollup WITH (security_invoker = true) AS
    SELECT
        series_id, grain, starts_at, ends_at, local_date, reading_count, sum, mean, min, max, first, last, stddev,
        median, p95, p99, active_minutes, covered_s, expected_s, energy_kwh, computed_at, active_hours
    FROM mart.rollup;

CREATE TABLE mart.counter_day (
    series_id  int4 NOT NULL,
    local_date date NOT NULL,
    zeros      int NOT NULL,
    dips       int NOT NULL,
    resets     int NOT NULL,
    held_back  int NOT NULL,
    opened_at  timestamptz,
    PRIMARY KEY (series_id, local_date)
);
COMMENT ON TABLE mart.counter_day IS 'local days on which a counter misbehaved; a day on which it did not has no row';
COMMENT ON COLUMN mart.counter_day.zeros IS 'readings of zero or of an unsigned integer''s maximum, which are no readings of a counter';
COMMENT ON COLUMN mart.counter_day.dips IS 'falls that came back to the old level, or small ones that went on from there';
COMMENT ON COLUMN mart.counter_day.resets IS 'falls to near zero that stayed below: a new meter, a restart, a rollover';
COMMENT ON COLUMN mart.counter_day.held_back IS 'increases above 1.2 x rating x time, which are not counted';
COMMENT ON COLUMN mart.counter_day.opened_at IS 'instant from which on readings after this day decide what happened; null: decided';

CREATE TABLE mart.energy_day (
    tenant_id      int NOT NULL REFERENCES fleet.tenant,
    plant_id       int NOT NULL REFERENCES fleet.plant,
    device_id      int REFERENCES fleet.device,
    local_date     date NOT NULL,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    energy_kwh     float8,
    energy_source  text CHECK (energy_source IN ('power', 'power and counter', 'counter', 'vendor')),
    recovered_kwh  float8 NOT NULL,
    integrated_kwh float8,
    counted_kwh    float8,
    vendor_kwh     float8,
    covered_s      float8 NOT NULL,
    expected_s     float8 NOT NULL,
    completeness   float8,
    computed_at    timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (plant_id, device_id, local_date)
);
CREATE INDEX ON mart.energy_day (tenant_id, local_date);
COMMENT ON TABLE mart.energy_day IS 'the published energy of a plant (device_id null) or inverter on a local day, and what it was chosen from';
COMMENT ON COLUMN mart.energy_day.recovered_kwh IS 'part of energy_kwh that a counter gained while power was silent';
COMMENT ON COLUMN mart.energy_day.integrated_kwh IS 'integral of AC power; of a plant summed over its inverters';
COMMENT ON COLUMN mart.energy_day.counted_kwh IS 'increase of the counters';
COMMENT ON COLUMN mart.energy_day.vendor_kwh IS 'what the vendor says of the day';
COMMENT ON COLUMN mart.energy_day.completeness IS 'share of the day''s clear-sky energy in whose time the energy is known, 0 to 1';

ALTER TABLE mart.counter_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_reads_one_tenant ON mart.counter_day FOR SELECT TO heliograph_api
    USING (series_id IN (SELECT s.series_id FROM fleet.series AS s));
ALTER TABLE mart.energy_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_reads_one_tenant ON mart.energy_day FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT NULLIF(current_setting('heliograph.tenant_id', true), '')::int));

CREATE TABLE ops.dirty_plant_day (
    plant_id           int4 NOT NULL,
    local_day          date NOT NULL,
    dirty_plant_day_id bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (plant_id, local_day, dirty_plant_day_id)
);
CREATE INDEX ON ops.dirty_plant_day (dirty_plant_day_id);
COMMENT ON TABLE ops.dirty_plant_day IS 'the work list of plants: days on which the energy of a plant or inverter may have changed; append-only, emptied by the roll-up';
ALTER TABLE ops.dirty_plant_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_reads_one_tenant ON ops.dirty_plant_day FOR SELECT TO heliograph_api
    USING (plant_id IN (SELECT p.plant_id FROM fleet.plant AS p));
GRANT SELECT ON mart.counter_day, mart.energy_day, ops.dirty_plant_day TO heliograph_api;

-- Instants as whole microseconds since 1970, as arrays of numbers carry them; for both roles.
CREATE FUNCTION api.instant(microseconds bigint) RETURNS timestamptz LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT timestamptz '1970-01-01 00:00:00+00' + microseconds * interval '1 microsecond'
$$;
CREATE FUNCTION api.microseconds(instant timestamptz) RETURNS bigint LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
    SELECT CAST(extract(epoch FROM instant) * 1000000 AS bigint)
$$;

-- Every stored day is computed again by today's rules.
INSERT INTO ops.dirty_day (series_id, local_day) SELECT r.series_id, r.local_date FROM mart.rollup_day AS r JOIN fleet.series AS s USING (series_id)
WHERE s.origin = 'measured';
INSERT INTO ops.dirty_plant_day (plant_id, local_day)
SELECT DISTINCT coalesce(s.plant_id, d.plant_id), r.local_date
FROM mart.rollup_day AS r
JOIN fleet.series AS s USING (series_id)
LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
WHERE
    s.quantity IN ('ac_power_kw', 'energy_total_kwh', 'energy_today_kwh', 'energy_day_kwh')
    AND coalesce(s.plant_id, d.plant_id) IS NOT NULL;

-- What a plant made on a day has one home: mart.energy_day. Share and flag compare the widest two of the ways that exist.
CREATE INDEX ON mart.energy_day (ends_at) WHERE energy_source = 'vendor' AND completeness IS NULL;
DROP VIEW api.energy_check;
DROP VIEW api.plant_day;
CREATE VIEW api.energy_day WITH (security_invoker = true) AS
    SELECT
        e.*,
        CASE WHEN ways > 1 AND most_kwh > 0 THEN 100 * (most_kwh - least_kwh) / most_kwh END AS deviation_pct,
        coalesce(ways > 1 AND most_kwh > 0 AND 100 * (most_kwh - least_kwh) / most_kwh > 3, false) AS is_flagged
    FROM mart.energy_day AS e
    CROSS JOIN LATERAL (
        SELECT
            greatest(integrated_kwh, counted_kwh, vendor_kwh) AS most_kwh, least(integrated_kwh, counted_kwh, vendor_kwh) AS least_kwh,
            num_nonnulls(integrated_kwh, counted_kwh, vendor_kwh) AS ways
    ) AS spread;
COMMENT ON VIEW api.energy_day IS 'the published energy of a plant (device_id null) or inverter on a local day, and what it was chosen from; flagged above 3 %';

CREATE VIEW api.energy_check WITH (security_invoker = true) AS
    SELECT
        plant_id, device_id, local_date, energy_kwh, energy_source, recovered_kwh, completeness, integrated_kwh, counted_kwh, vendor_kwh,
        deviation_pct, is_flagged
    FROM api.energy_day
    WHERE num_nonnulls(integrated_kwh, counted_kwh, vendor_kwh) > 0;
COMMENT ON VIEW api.energy_check IS 'energies of a plant''s or inverter''s local day from power, counters and the vendor''s own figure; flagged above 3 %';

CREATE VIEW api.plant_day WITH (security_invoker = true) AS
    SELECT
        plant_id, local_date, starts_at, ends_at, energy_kwh, energy_source, recovered_kwh, covered_s, expected_s, completeness, computed_at
    FROM api.energy_day
    WHERE device_id IS NULL;
COMMENT ON VIEW api.plant_day IS 'what a plant made on a local day; silent days are absent';
GRANT SELECT ON api.energy_day, api.energy_check, api.plant_day TO heliograph_api;
COMMENT ON VIEW api.plant_energy_series IS 'the power summed over the inverters of a plant; what it made on a day is in api.plant_day';

CREATE VIEW api.counter_day WITH (security_invoker = true) AS
    SELECT series_id, local_date, zeros, dips, resets, held_back, opened_at FROM mart.counter_day;
COMMENT ON VIEW api.counter_day IS 'local days on which a counter misbehaved; a day on which it did not has no row';
GRANT SELECT ON api.counter_day TO heliograph_api;
