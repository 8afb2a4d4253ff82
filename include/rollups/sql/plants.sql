-- name: mark_ended_days
-- Days that still ran when the vendor's word of them was published, and have ended since: now their completeness is known.
INSERT INTO ops.dirty_plant_day (plant_id, local_day)
SELECT DISTINCT plant_id, local_date
FROM mart.energy_day
WHERE energy_source = 'vendor' AND completeness IS NULL AND ends_at <= :computed_at;

-- name: lock_plants
-- The next plants with marks that no other roll-up holds. Marks are written by others at any time: what comes after the lock is
-- taken by a statement of its own, and what is not seen yet stays for the next round.
SELECT p.plant_id
FROM fleet.plant AS p
WHERE p.plant_id > :after_id AND EXISTS (SELECT 1 FROM ops.dirty_plant_day AS d WHERE d.plant_id = p.plant_id)
ORDER BY p.plant_id
LIMIT :limit
FOR NO KEY UPDATE OF p SKIP LOCKED;

-- name: take_days
-- Marks of locked plants, whole days at a time. They are deleted in the transaction that computes them, so a run that dies puts them
-- back. Several marks may name the same day.
WITH chosen AS (
    SELECT DISTINCT plant_id, local_day
    FROM ops.dirty_plant_day
    WHERE plant_id = ANY (:plant_ids)
    ORDER BY plant_id, local_day
    LIMIT :limit
), taken AS (
    DELETE FROM ops.dirty_plant_day AS d USING chosen AS c WHERE d.plant_id = c.plant_id AND d.local_day = c.local_day
)
SELECT plant_id, local_day FROM chosen;

-- name: count_marks
-- What is left of the work list, other roll-ups' share included.
SELECT count(*) FROM ops.dirty_plant_day;

-- name: read_days
-- The taken days with their edges and the place of their plants, by plant and day.
SELECT
    p.plant_id, p.tenant_id, w.local_day, w.local_day::timestamp AT TIME ZONE p.timezone AS starts_at,
    (w.local_day + 1)::timestamp AT TIME ZONE p.timezone AS ends_at, p.timezone, p.latitude, p.longitude
FROM unnest(CAST(:plant_ids AS int[]), CAST(:local_days AS date[])) AS w (plant_id, local_day)
JOIN fleet.plant AS p USING (plant_id)
ORDER BY p.plant_id, w.local_day;

-- name: read_devices
-- Inverters and meters of plants as they are registered now. Where an inverter of the plant is retired, also the first and last local
-- days on which each inverter generated: they decide when it is expected.
SELECT d.plant_id, d.device_id, d.kind, d.capacity_kw, t.is_retired, t.first_day, t.last_day, t.missed_until
FROM fleet.device AS d
LEFT JOIN api.inverter_time AS t USING (device_id)
WHERE d.plant_id = ANY (:plant_ids) AND d.kind IN ('inverter', 'meter')
ORDER BY d.device_id;

-- name: read_series
-- Measured series of plants and of their devices that tell an energy.
SELECT plant_id, device_id, quantity, series_id
FROM fleet.series
WHERE
    (plant_id = ANY (:plant_ids) OR device_id = ANY (:device_ids))
    AND origin = 'measured' AND quantity = ANY (:quantities)
ORDER BY series_id;

-- name: insert_plant_series
-- A plant whose inverters report power has a derived power series of its own.
INSERT INTO fleet.series (tenant_id, plant_id, quantity, kind, origin)
SELECT DISTINCT p.tenant_id, p.plant_id, 'ac_power_kw', 'power', 'derived'
FROM fleet.plant AS p
JOIN api.inverter_power_series AS i USING (plant_id)
WHERE p.plant_id = ANY (:plant_ids) AND NOT EXISTS (SELECT 1 FROM api.plant_energy_series AS s WHERE s.plant_id = p.plant_id)
ON CONFLICT (plant_id, device_id, point_id, quantity, origin) DO NOTHING;

-- name: read_plant_series
-- The derived power series of plants.
SELECT plant_id, series_id FROM api.plant_energy_series WHERE plant_id = ANY (:plant_ids);

-- name: read_misbehaviour
-- Days on which a counter had increases that were held back, or began anew.
SELECT series_id, local_date, held_back, resets
FROM mart.counter_day
WHERE series_id = ANY (:series_ids) AND local_date BETWEEN :first_day AND :last_day AND (held_back > 0 OR resets > 0);

-- name: write_energies
-- grain: (plant or inverter, local day) · what is the same keeps its computed_at
INSERT INTO mart.energy_day AS e (
    tenant_id, plant_id, device_id, local_date, starts_at, ends_at, energy_kwh, energy_source, recovered_kwh, integrated_kwh,
    counted_kwh, vendor_kwh, covered_s, expected_s, completeness, computed_at
)
SELECT w.*, :computed_at
FROM unnest(
    CAST(:tenant_id AS int[]), CAST(:plant_id AS int[]), CAST(:device_id AS int[]), CAST(:local_date AS date[]),
    CAST(:starts_at AS timestamptz[]), CAST(:ends_at AS timestamptz[]), CAST(:energy_kwh AS float8[]), CAST(:energy_source AS text[]),
    CAST(:recovered_kwh AS float8[]), CAST(:integrated_kwh AS float8[]), CAST(:counted_kwh AS float8[]),
    CAST(:vendor_kwh AS float8[]), CAST(:covered_s AS float8[]), CAST(:expected_s AS float8[]), CAST(:completeness AS float8[])
) AS w
ON CONFLICT (plant_id, device_id, local_date) DO UPDATE SET
    tenant_id = EXCLUDED.tenant_id, starts_at = EXCLUDED.starts_at, ends_at = EXCLUDED.ends_at, energy_kwh = EXCLUDED.energy_kwh,
    energy_source = EXCLUDED.energy_source, recovered_kwh = EXCLUDED.recovered_kwh, integrated_kwh = EXCLUDED.integrated_kwh,
    counted_kwh = EXCLUDED.counted_kwh, vendor_kwh = EXCLUDED.vendor_kwh, covered_s = EXCLUDED.covered_s,
    expected_s = EXCLUDED.expected_s, completeness = EXCLUDED.completeness, computed_at = EXCLUDED.computed_at
WHERE
    (
        e.tenant_id, e.starts_at, e.ends_at, e.energy_kwh, e.energy_source, e.recovered_kwh, e.integrated_kwh, e.counted_kwh,
        e.vendor_kwh, e.covered_s, e.expected_s, e.completeness
    ) IS DISTINCT FROM (
        EXCLUDED.tenant_id, EXCLUDED.starts_at, EXCLUDED.ends_at, EXCLUDED.energy_kwh, EXCLUDED.energy_source,
        EXCLUDED.recovered_kwh, EXCLUDED.integrated_kwh, EXCLUDED.counted_kwh, EXCLUDED.vendor_kwh, EXCLUDED.covered_s,
        EXCLUDED.expected_s, EXCLUDED.completeness
    )
RETURNING e.plant_id, e.local_date;

-- name: delete_gone_energies
-- Energies of the taken days of a subject of which nothing is known any more, or that belongs to another plant now.
DELETE FROM mart.energy_day AS e
USING unnest(CAST(:plant_ids AS int[]), CAST(:local_days AS date[])) AS w (plant_id, local_day)
WHERE
    e.plant_id = w.plant_id AND e.local_date = w.local_day
    AND NOT EXISTS (
        SELECT 1
        FROM unnest(CAST(:plant_id AS int[]), CAST(:device_id AS int[]), CAST(:local_date AS date[])) AS f (plant_id, device_id, local_date)
        WHERE f.plant_id = e.plant_id AND f.local_date = e.local_date AND f.device_id IS NOT DISTINCT FROM e.device_id
    )
RETURNING e.plant_id, e.local_date;

-- name: mark_unanswered
-- Days of plants whose energies changed, once per subject that is analysed by them.
INSERT INTO ops.unanswered_day (subject, plant_id, local_day)
SELECT subject, plant_id, local_day
FROM unnest(CAST(:plant_ids AS int[]), CAST(:local_days AS date[])) AS m (plant_id, local_day)
CROSS JOIN (VALUES ('inverters'), ('yields')) AS s (subject)
ORDER BY subject, plant_id, local_day;
