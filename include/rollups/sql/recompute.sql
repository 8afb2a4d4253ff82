-- name: create_series_spans
-- The series that are computed again, from which local day to which.
CREATE TEMPORARY TABLE recomputed_series AS
SELECT id AS series_id, date '1970-01-01' + first_day AS first_day, date '1970-01-01' + last_day AS last_day
FROM unnest(CAST(:ids AS int[]), CAST(:first_days AS int[]), CAST(:last_days AS int[])) AS w (id, first_day, last_day);

-- name: create_plant_spans
-- The plants that are computed again, from which local day to which.
CREATE TEMPORARY TABLE recomputed_plant AS
SELECT id AS plant_id, date '1970-01-01' + first_day AS first_day, date '1970-01-01' + last_day AS last_day
FROM unnest(CAST(:ids AS int[]), CAST(:first_days AS int[]), CAST(:last_days AS int[])) AS w (id, first_day, last_day);

-- name: analyze_spans
-- The planner must know how many there are.
ANALYZE recomputed_series, recomputed_plant;

-- name: create_energies
-- grain: (series, local day; of a month's amounts its month) and (plant or inverter, local day): energies as they are stored now.
CREATE TEMPORARY VIEW recomputed_energy AS
SELECT r.series_id, NULL::int AS plant_id, NULL::int AS device_id, r.local_date, r.energy_kwh
FROM recomputed_series AS w
JOIN mart.rollup AS r ON r.series_id = w.series_id AND r.grain = 'day' AND r.local_date BETWEEN w.first_day AND w.last_day
WHERE r.energy_kwh IS NOT NULL
UNION ALL
SELECT r.series_id, NULL, NULL, r.local_date, r.energy_kwh
FROM recomputed_series AS w
JOIN fleet.series AS s USING (series_id)
JOIN mart.rollup AS r
    ON r.series_id = w.series_id AND r.grain = 'month'
    AND r.local_date BETWEEN date_trunc('month', w.first_day)::date AND w.last_day
WHERE s.kind = 'amount' AND s.quantity !~ '_(\d+min|hour|day)_' AND r.energy_kwh IS NOT NULL
UNION ALL
SELECT NULL, e.plant_id, e.device_id, e.local_date, e.energy_kwh
FROM recomputed_plant AS w
JOIN mart.energy_day AS e ON e.plant_id = w.plant_id AND e.local_date BETWEEN w.first_day AND w.last_day
WHERE e.energy_kwh IS NOT NULL;

-- name: keep_energies
-- What is stored before anything is computed again.
CREATE TEMPORARY TABLE energy_before AS SELECT * FROM recomputed_energy;

-- name: mark_series
-- Every day from the first to the last, silent ones too: the roll-up takes them in one piece.
INSERT INTO ops.dirty_day (series_id, local_day)
SELECT w.series_id, day::date
FROM recomputed_series AS w
CROSS JOIN generate_series(w.first_day::timestamp, w.last_day::timestamp, interval '1 day') AS day
ORDER BY w.series_id, day;

-- name: mark_plants
-- The same for plants.
INSERT INTO ops.dirty_plant_day (plant_id, local_day)
SELECT w.plant_id, day::date
FROM recomputed_plant AS w
CROSS JOIN generate_series(w.first_day::timestamp, w.last_day::timestamp, interval '1 day') AS day
ORDER BY w.plant_id, day;

-- name: pair_energies
-- Energies before and after, with the names of their subjects; of customers only the id.
CREATE TEMPORARY TABLE energy_change AS
SELECT
    t.slug AS tenant, p.plant_key AS plant, coalesce(d.device_key, 'customer ' || s.customer_id) AS device, x.series_id,
    coalesce(s.quantity, CASE WHEN x.device_id IS NULL THEN 'published of plants' ELSE 'published of inverters' END) AS quantity,
    x.local_date, x.before_kwh, x.after_kwh
FROM (
    SELECT
        coalesce(b.series_id, a.series_id) AS series_id, coalesce(b.plant_id, a.plant_id) AS plant_id,
        coalesce(b.device_id, a.device_id) AS device_id, coalesce(b.local_date, a.local_date) AS local_date,
        b.energy_kwh AS before_kwh, a.energy_kwh AS after_kwh
    FROM (SELECT *, coalesce(series_id, 0) AS s, coalesce(plant_id, 0) AS p, coalesce(device_id, 0) AS d FROM energy_before) AS b
    FULL JOIN (
        SELECT *, coalesce(series_id, 0) AS s, coalesce(plant_id, 0) AS p, coalesce(device_id, 0) AS d FROM recomputed_energy
    ) AS a
        ON a.s = b.s AND a.p = b.p AND a.d = b.d AND a.local_date = b.local_date
) AS x
LEFT JOIN fleet.series AS s ON s.series_id = x.series_id
LEFT JOIN fleet.device AS d ON d.device_id = coalesce(x.device_id, s.device_id)
LEFT JOIN fleet.plant AS p ON p.plant_id = coalesce(x.plant_id, s.plant_id, d.plant_id)
JOIN fleet.tenant AS t ON t.tenant_id = coalesce(s.tenant_id, p.tenant_id);

-- name: sum_changes
-- Per tenant and quantity: days with an energy, days whose energy changed, appeared or went, and all of it before and after.
SELECT
    tenant, quantity, count(*) AS days,
    count(*) FILTER (WHERE num_nulls(before_kwh, after_kwh) > 0 OR abs(after_kwh - before_kwh) >= :least_kwh) AS changed_days,
    coalesce(sum(before_kwh), 0) AS before_kwh, coalesce(sum(after_kwh), 0) AS after_kwh
FROM energy_change
GROUP BY tenant, quantity
ORDER BY tenant, quantity;

-- name: read_largest_changes
-- The days whose energy changed most.
SELECT tenant, plant, device, quantity, series_id, local_date, before_kwh, after_kwh
FROM energy_change
WHERE abs(coalesce(after_kwh, 0) - coalesce(before_kwh, 0)) >= :least_kwh
ORDER BY abs(coalesce(after_kwh, 0) - coalesce(before_kwh, 0)) DESC, tenant, series_id, plant, device, local_date
LIMIT :most;

-- name: sum_counter_days
-- Per tenant and quantity: days on which counters misbehaved, of how many counters, and how often.
SELECT
    t.slug AS tenant, s.quantity, count(DISTINCT c.series_id) AS counters, count(*) AS days, sum(c.zeros) AS zeros,
    sum(c.dips) AS dips, sum(c.resets) AS resets, sum(c.held_back) AS held_back
FROM recomputed_series AS w
JOIN mart.counter_day AS c ON c.series_id = w.series_id AND c.local_date BETWEEN w.first_day AND w.last_day
JOIN fleet.series AS s ON s.series_id = w.series_id
JOIN fleet.tenant AS t USING (tenant_id)
WHERE c.zeros + c.dips + c.resets + c.held_back > 0
GROUP BY t.slug, s.quantity
ORDER BY t.slug, s.quantity;
