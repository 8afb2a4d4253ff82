-- name: lock_plants
-- The next plants with days to be analysed that no other analysis holds; held until the transaction ends. A mark, or a day that is over and has
-- no answer: also a day of which nothing is known has one.
WITH waiting AS MATERIALIZED (
    SELECT DISTINCT plant_id FROM ops.unanswered_day WHERE subject = 'yields'
    UNION
    SELECT p.plant_id
    FROM fleet.plant AS p
    CROSS JOIN LATERAL (
        SELECT greatest(min(e.local_date), p.commissioned_on) AS first_day
        FROM mart.energy_day AS e WHERE e.plant_id = p.plant_id
        HAVING count(*) > 0
    ) AS e
    WHERE
        (CAST(:now AS timestamptz) AT TIME ZONE p.timezone)::date - e.first_day
        > (SELECT count(*) FROM mart.yield_day AS y WHERE y.plant_id = p.plant_id AND y.local_date >= e.first_day
            AND y.local_date < (CAST(:now AS timestamptz) AT TIME ZONE p.timezone)::date)
), known AS MATERIALIZED (
    SELECT plant_id FROM waiting JOIN fleet.plant USING (plant_id) WHERE plant_id <> ALL (CAST(:without AS int[]))
)
SELECT plant_id
FROM known
WHERE pg_try_advisory_xact_lock(hashtext('ops.unanswered_day yields'), plant_id)
LIMIT :limit;

-- name: take_marks
-- Marks of locked plants, the oldest days first. They are deleted in the transaction that answers them.
WITH chosen AS (
    SELECT plant_id, local_day
    FROM (
        SELECT plant_id, local_day, row_number() OVER (PARTITION BY plant_id ORDER BY local_day) AS rank
        FROM (SELECT DISTINCT plant_id, local_day FROM ops.unanswered_day WHERE subject = 'yields' AND plant_id = ANY (:plant_ids)) AS m
    ) AS ranked
    WHERE rank <= :days
), taken AS (
    DELETE FROM ops.unanswered_day AS d USING chosen AS c
    WHERE d.subject = 'yields' AND d.plant_id = c.plant_id AND d.local_day = c.local_day
)
SELECT plant_id, local_day FROM chosen ORDER BY plant_id, local_day;

-- name: find_missing_days
-- Days of locked plants that are over, lie after the first one of which anything is known, and have no answer.
SELECT p.plant_id, d::date AS local_day
FROM fleet.plant AS p
CROSS JOIN LATERAL (
    SELECT greatest(min(e.local_date), p.commissioned_on) AS first_day
    FROM mart.energy_day AS e WHERE e.plant_id = p.plant_id
    HAVING count(*) > 0
) AS known
CROSS JOIN LATERAL generate_series(
    known.first_day::timestamp, (CAST(:now AS timestamptz) AT TIME ZONE p.timezone)::date - interval '1 day', interval '1 day'
) AS d
WHERE
    p.plant_id = ANY (:plant_ids)
    AND NOT EXISTS (SELECT 1 FROM mart.yield_day AS y WHERE y.plant_id = p.plant_id AND y.local_date = d::date)
ORDER BY 1, 2
LIMIT :days;

-- name: count_marks
-- Days of plants that are left, those that other analyses hold included.
SELECT count(DISTINCT (plant_id, local_day)) FROM ops.unanswered_day WHERE subject = 'yields';

-- name: mark_all_days
-- A plant has another model: its clear-sky energies are others on every day.
INSERT INTO ops.unanswered_day (subject, plant_id, local_day)
SELECT 'yields', plant_id, local_date FROM mart.yield_day WHERE plant_id = :plant_id;

-- name: write_days
-- Upsert answers that differ; computed_at is when they last did.
INSERT INTO mart.yield_day AS y (
    tenant_id, plant_id, local_date, clear_sky_kwh, irradiated_kwh, insolation_kwh_m2, corrected_kwh, corrected_kwh_m2, daylight_s,
    reporting_s, producing_s, computed_at
)
SELECT
    :tenant_id, :plant_id, w.local_date, w.clear_sky_kwh, w.irradiated_kwh, w.insolation_kwh_m2, w.corrected_kwh, w.corrected_kwh_m2,
    w.daylight_s, w.reporting_s, w.producing_s, :computed_at
FROM unnest(
    CAST(:local_date AS date[]), CAST(:clear_sky_kwh AS float8[]), CAST(:irradiated_kwh AS float8[]), CAST(:insolation_kwh_m2 AS float8[]),
    CAST(:corrected_kwh AS float8[]), CAST(:corrected_kwh_m2 AS float8[]), CAST(:daylight_s AS float8[]), CAST(:reporting_s AS float8[]),
    CAST(:producing_s AS float8[])
) AS w (
    local_date, clear_sky_kwh, irradiated_kwh, insolation_kwh_m2, corrected_kwh, corrected_kwh_m2, daylight_s, reporting_s, producing_s
)
ON CONFLICT (plant_id, local_date) DO UPDATE SET
    clear_sky_kwh = EXCLUDED.clear_sky_kwh, irradiated_kwh = EXCLUDED.irradiated_kwh, insolation_kwh_m2 = EXCLUDED.insolation_kwh_m2,
    corrected_kwh = EXCLUDED.corrected_kwh, corrected_kwh_m2 = EXCLUDED.corrected_kwh_m2, daylight_s = EXCLUDED.daylight_s,
    reporting_s = EXCLUDED.reporting_s, producing_s = EXCLUDED.producing_s, computed_at = EXCLUDED.computed_at
WHERE (
    y.clear_sky_kwh, y.irradiated_kwh, y.insolation_kwh_m2, y.corrected_kwh, y.corrected_kwh_m2, y.daylight_s, y.reporting_s, y.producing_s
) IS DISTINCT FROM (
    EXCLUDED.clear_sky_kwh, EXCLUDED.irradiated_kwh, EXCLUDED.insolation_kwh_m2, EXCLUDED.corrected_kwh, EXCLUDED.corrected_kwh_m2,
    EXCLUDED.daylight_s, EXCLUDED.reporting_s, EXCLUDED.producing_s
);

-- name: read_model
-- The model of a plant, if there is one.
SELECT
    latitude, longitude, is_place_guessed, tilt_deg, azimuth_deg, plane_source, capacity_kwp, capacity_kw, capacity_source, clear_days,
    misfit_pct, fitted_kwp, degradation_pct, degradation_low_pct, degradation_high_pct, degradation_pairs, month_pct,
    computed_at
FROM mart.plant_model
WHERE plant_id = :plant_id;

-- name: write_model
-- A plant has one model, the newest.
INSERT INTO mart.plant_model (
    plant_id, tenant_id, latitude, longitude, is_place_guessed, tilt_deg, azimuth_deg, plane_source, capacity_kwp, capacity_kw,
    capacity_source, clear_days, misfit_pct, fitted_kwp, degradation_pct, degradation_low_pct, degradation_high_pct, degradation_pairs,
    month_pct, computed_at
)
VALUES (
    :plant_id, :tenant_id, :latitude, :longitude, :is_place_guessed, :tilt_deg, :azimuth_deg, :plane_source, :capacity_kwp, :capacity_kw,
    :capacity_source, :clear_days, :misfit_pct, :fitted_kwp, :degradation_pct, :degradation_low_pct, :degradation_high_pct,
    :degradation_pairs, CAST(:month_pct AS float8[]), :computed_at
)
ON CONFLICT (plant_id) DO UPDATE SET
    latitude = EXCLUDED.latitude, longitude = EXCLUDED.longitude, is_place_guessed = EXCLUDED.is_place_guessed,
    tilt_deg = EXCLUDED.tilt_deg, azimuth_deg = EXCLUDED.azimuth_deg, plane_source = EXCLUDED.plane_source,
    capacity_kwp = EXCLUDED.capacity_kwp, capacity_kw = EXCLUDED.capacity_kw, capacity_source = EXCLUDED.capacity_source,
    clear_days = EXCLUDED.clear_days, misfit_pct = EXCLUDED.misfit_pct, fitted_kwp = EXCLUDED.fitted_kwp,
    degradation_pct = EXCLUDED.degradation_pct, degradation_low_pct = EXCLUDED.degradation_low_pct,
    degradation_high_pct = EXCLUDED.degradation_high_pct, degradation_pairs = EXCLUDED.degradation_pairs,
    month_pct = EXCLUDED.month_pct, computed_at = EXCLUDED.computed_at;

-- name: find_known_reach
-- First and last local day of which the energy of a plant is known; null where none is.
SELECT min(local_date) AS first_day, max(local_date) AS last_day FROM api.plant_day WHERE plant_id = :plant_id AND energy_kwh IS NOT NULL;
