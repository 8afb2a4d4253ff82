-- name: lock_series
-- Series of the oldest marks that no other roll-up and no change of the fleet holds, with how many marks each has. The lock is held until
-- the transaction ends; the oldest marks are looked at eight deep, so that several roll-ups side by side each find work.
WITH oldest AS MATERIALIZED (
    SELECT series_id, min(dirty_day_id) AS first_id
    FROM (SELECT series_id, dirty_day_id FROM ops.dirty_day ORDER BY dirty_day_id LIMIT 8 * :limit) AS mark
    GROUP BY series_id
), locked AS MATERIALIZED (
    SELECT s.series_id, o.first_id
    FROM oldest AS o
    JOIN fleet.series AS s USING (series_id)
    ORDER BY o.first_id
    LIMIT :limit
    FOR NO KEY UPDATE OF s SKIP LOCKED
)
SELECT l.series_id, (SELECT count(*) FROM ops.dirty_day AS d WHERE d.series_id = l.series_id) AS marks
FROM locked AS l
ORDER BY l.first_id;

-- name: take_marks
-- Take every mark of the locked series. They are deleted in the transaction that computes them, so a run that dies puts them back.
WITH taken AS (
    DELETE FROM ops.dirty_day WHERE series_id = ANY (:series_ids) RETURNING series_id, local_day
)
SELECT DISTINCT series_id, local_day - date '1970-01-01' AS day FROM taken ORDER BY series_id, day;

-- name: delete_orphans
-- Marks of series and plants that do not exist; nobody will ever take them.
WITH series_gone AS (
    DELETE FROM ops.dirty_day AS d WHERE NOT EXISTS (SELECT 1 FROM fleet.series AS s WHERE s.series_id = d.series_id)
)
DELETE FROM ops.dirty_plant_day AS d WHERE NOT EXISTS (SELECT 1 FROM fleet.plant AS p WHERE p.plant_id = d.plant_id);

-- name: count_marks
-- What is left of the work lists, other roll-ups' share included.
SELECT (SELECT count(*) FROM ops.dirty_day) AS series_days, (SELECT count(*) FROM ops.dirty_plant_day) AS plant_days;

-- name: describe_series
-- What the buckets of series need to know of their subjects, as the fleet stands now; from the api views, so it holds for both roles.
-- amount_of: minutes, hour, day or month to which an amount belongs, as its name says. rated_kw bounds what the counter of an inverter can gain; the
-- counter of a plant is the vendor's sum and catches up at once what a silent member made.
SELECT
    s.series_id, s.kind, s.origin, s.quantity, s.timezone, s.home_plant_id AS plant_id, d.kind AS device_kind,
    s.quantity IN ('ac_power_kw', 'dc_power_kw') AND (d.kind = 'inverter' OR s.plant_id IS NOT NULL) AS is_solar,
    p.latitude, p.longitude,
    CASE WHEN s.kind = 'amount' THEN coalesce(substring(s.quantity FROM '_(\d+min|hour|day)_'), 'month') END AS amount_of,
    s.quantity = 'energy_today_kwh' AS is_daily, s.quantity LIKE '%\_kwh' AS is_energy,
    CASE
        WHEN s.quantity IN ('energy_today_kwh', 'energy_total_kwh') AND d.kind = 'inverter'
        THEN coalesce(d.capacity_kw, greatest(p.capacity_kwp, p.capacity_kw))
    END AS rated_kw
FROM api.series AS s
LEFT JOIN api.device AS d ON d.device_id = s.device_id
LEFT JOIN api.plant AS p ON p.plant_id = s.home_plant_id
WHERE s.series_id = ANY (:series_ids)
ORDER BY s.series_id;

-- name: mark_plants
-- Days on which the energy of a plant may have changed; once per plant and day.
INSERT INTO ops.dirty_plant_day (plant_id, local_day)
SELECT DISTINCT plant_id, date '1970-01-01' + day
FROM unnest(CAST(:plant_ids AS int4[]), CAST(:days AS int4[])) AS m (plant_id, day)
ORDER BY plant_id, 2;

-- name: mark_yields
-- Days on which the irradiance or temperature of a plant's modules changed: its yields follow, though its energy stays.
INSERT INTO ops.unanswered_day (subject, plant_id, local_day)
SELECT DISTINCT 'yields', plant_id, date '1970-01-01' + day
FROM unnest(CAST(:plant_ids AS int4[]), CAST(:days AS int4[])) AS m (plant_id, day);
