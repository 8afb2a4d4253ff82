-- name: lock_plants
-- The next plants with days to be analysed that no other analysis holds; held until the transaction ends. The plant's own row stays free:
-- a roll-up of it may go on, and what it marks meanwhile stays for the next round.
WITH known AS MATERIALIZED (
    SELECT DISTINCT plant_id
    FROM ops.unanswered_day
    JOIN fleet.plant USING (plant_id)
    WHERE subject = 'inverters' AND plant_id <> ALL (CAST(:without AS int[]))
)
SELECT plant_id
FROM known
WHERE pg_try_advisory_xact_lock(hashtext('ops.unanswered_day inverters'), plant_id)
LIMIT :limit;

-- name: take_days
-- Take the marks of locked plants. They are deleted in the transaction that answers them, so a run that dies puts them back.
WITH taken AS (
    DELETE FROM ops.unanswered_day WHERE subject = 'inverters' AND plant_id = ANY (:plant_ids) RETURNING plant_id, local_day
)
SELECT DISTINCT plant_id, local_day FROM taken ORDER BY plant_id, local_day;

-- name: count_days
-- Days of plants that are left, those that other analyses hold included.
SELECT count(DISTINCT (plant_id, local_day)) FROM ops.unanswered_day WHERE subject = 'inverters';

-- name: delete_orphans
-- Marks of plants that do not exist; nobody will ever take them.
DELETE FROM ops.unanswered_day AS d WHERE NOT EXISTS (SELECT 1 FROM fleet.plant AS p WHERE p.plant_id = d.plant_id);

-- name: read_plants
-- Where plants stand, and whether a battery may give power at night.
SELECT
    p.plant_id, p.tenant_id, p.timezone, p.latitude, p.longitude,
    EXISTS (
        SELECT 1
        FROM fleet.device AS d
        LEFT JOIN fleet.series AS s ON s.device_id = d.device_id
        WHERE d.plant_id = p.plant_id AND (d.kind = 'battery' OR s.quantity LIKE 'battery%')
    ) OR EXISTS (SELECT 1 FROM fleet.series AS s WHERE s.plant_id = p.plant_id AND s.quantity LIKE 'battery%') AS has_battery
FROM fleet.plant AS p
WHERE p.plant_id = ANY (:plant_ids)
ORDER BY p.plant_id;

-- name: read_inverters
-- Inverters of plants as they are registered now, with the day from which on each is gone, and the series of their power.
SELECT d.plant_id, d.device_id, d.name, d.model, d.capacity_kw, d.retired_on, s.series_id
FROM api.device AS d
LEFT JOIN api.inverter_power_series AS s ON s.device_id = d.device_id
WHERE d.plant_id = ANY (:plant_ids) AND d.kind = 'inverter'
ORDER BY d.plant_id, d.device_id;

-- name: read_energies
-- grain: (inverter, local day) · published energies of plants' inverters within the days [first, last] of each plant
SELECT e.device_id, e.local_date - date '1970-01-01', coalesce(e.energy_kwh, 'NaN'), coalesce(e.completeness, 'NaN')
FROM unnest(CAST(:plant_ids AS int[]), CAST(:firsts AS int[]), CAST(:lasts AS int[])) AS w (plant_id, first, last)
JOIN mart.energy_day AS e
    ON e.plant_id = w.plant_id AND e.device_id IS NOT NULL
    AND e.local_date BETWEEN date '1970-01-01' + w.first AND date '1970-01-01' + w.last;

-- name: find_answered_days
-- Days that were analysed of plants within the days [first, last] of each: what changed before them changes what is usual on them.
SELECT DISTINCT i.plant_id, i.local_date
FROM unnest(CAST(:plant_ids AS int[]), CAST(:firsts AS date[]), CAST(:lasts AS date[])) AS w (plant_id, first, last)
JOIN mart.inverter_day AS i ON i.plant_id = w.plant_id AND i.local_date BETWEEN w.first AND w.last;

-- name: write_days
-- grain: (inverter, local day) · what is the same keeps its computed_at
INSERT INTO mart.inverter_day AS i (
    tenant_id, plant_id, device_id, local_date, verdict, method, reason, compared_kwh, expected_kwh, lost_kwh, zero_s, stale_s, night_s,
    computed_at
)
SELECT w.*, :computed_at
FROM unnest(
    CAST(:tenant_id AS int[]), CAST(:plant_id AS int[]), CAST(:device_id AS int[]), CAST(:local_date AS date[]),
    CAST(:verdict AS text[]), CAST(:method AS text[]), CAST(:reason AS text[]), CAST(:compared_kwh AS float8[]),
    CAST(:expected_kwh AS float8[]), CAST(:lost_kwh AS float8[]), CAST(:zero_s AS float8[]), CAST(:stale_s AS float8[]),
    CAST(:night_s AS float8[])
) AS w
ON CONFLICT (device_id, local_date) DO UPDATE SET
    tenant_id = EXCLUDED.tenant_id, plant_id = EXCLUDED.plant_id, verdict = EXCLUDED.verdict, method = EXCLUDED.method,
    reason = EXCLUDED.reason, compared_kwh = EXCLUDED.compared_kwh, expected_kwh = EXCLUDED.expected_kwh,
    lost_kwh = EXCLUDED.lost_kwh, zero_s = EXCLUDED.zero_s, stale_s = EXCLUDED.stale_s, night_s = EXCLUDED.night_s,
    computed_at = EXCLUDED.computed_at
WHERE
    (
        i.tenant_id, i.plant_id, i.verdict, i.method, i.reason, i.compared_kwh, i.expected_kwh, i.lost_kwh, i.zero_s, i.stale_s, i.night_s
    ) IS DISTINCT FROM (
        EXCLUDED.tenant_id, EXCLUDED.plant_id, EXCLUDED.verdict, EXCLUDED.method, EXCLUDED.reason, EXCLUDED.compared_kwh,
        EXCLUDED.expected_kwh, EXCLUDED.lost_kwh, EXCLUDED.zero_s, EXCLUDED.stale_s, EXCLUDED.night_s
    );

-- name: delete_gone_days
-- Answers on the taken days of a plant about inverters that are no longer its own, or were gone by then and made nothing.
DELETE FROM mart.inverter_day AS i
USING unnest(CAST(:plant_ids AS int[]), CAST(:local_days AS date[])) AS w (plant_id, local_day)
WHERE
    i.plant_id = w.plant_id AND i.local_date = w.local_day
    AND NOT EXISTS (
        SELECT 1
        FROM unnest(CAST(:device_ids AS int[]), CAST(:answered AS date[])) AS f (device_id, local_date)
        WHERE f.device_id = i.device_id AND f.local_date = i.local_date
    );
