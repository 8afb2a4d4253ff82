-- name: find_waiting_series_days
-- Those of the days of series (since 1970) that cannot be judged yet: a mark on them, or within `reach` days of them, waits.
SELECT w.series_id, w.day
FROM unnest(CAST(:series_ids AS int[]), CAST(:days AS int[]), CAST(:reaches AS int[])) AS w (series_id, day, reach)
WHERE EXISTS (
    SELECT 1
    FROM ops.dirty_day AS d
    WHERE
        d.series_id = w.series_id
        AND d.local_day BETWEEN date '1970-01-01' + (w.day - w.reach) AND date '1970-01-01' + (w.day + w.reach)
);

-- name: find_waiting_plant_days
-- Those of the days of plants (since 1970) that wait, or that ended since the vendor's word of them was published.
SELECT w.plant_id, w.day
FROM unnest(CAST(:plant_ids AS int[]), CAST(:days AS int[])) AS w (plant_id, day)
WHERE
    EXISTS (SELECT 1 FROM ops.dirty_plant_day AS d WHERE d.plant_id = w.plant_id AND d.local_day = date '1970-01-01' + w.day)
    OR EXISTS (
        SELECT 1
        FROM mart.energy_day AS e
        WHERE
            e.plant_id = w.plant_id AND e.local_date = date '1970-01-01' + w.day AND e.energy_source = 'vendor'
            AND e.completeness IS NULL AND e.ends_at <= :now
    );

-- name: read_energies
-- grain: (plant or inverter, local day) · as it was published on the days (since 1970) of plants
SELECT e.*
FROM unnest(CAST(:plant_ids AS int[]), CAST(:days AS int[])) AS w (plant_id, day)
JOIN mart.energy_day AS e ON e.plant_id = w.plant_id AND e.local_date = date '1970-01-01' + w.day;

-- name: name_subjects
-- Who is behind a series, or a plant and its device; of customers only the id.
SELECT
    t.slug AS tenant, p.plant_key AS plant, coalesce(d.device_key, 'customer ' || s.customer_id) AS device, s.quantity
FROM unnest(CAST(:series_ids AS int[]), CAST(:plant_ids AS int[]), CAST(:device_ids AS int[])) WITH ORDINALITY
    AS w (series_id, plant_id, device_id, place)
LEFT JOIN fleet.series AS s ON s.series_id = w.series_id
LEFT JOIN fleet.device AS d ON d.device_id = coalesce(w.device_id, s.device_id)
LEFT JOIN fleet.plant AS p ON p.plant_id = coalesce(w.plant_id, s.plant_id, d.plant_id)
LEFT JOIN fleet.tenant AS t ON t.tenant_id = coalesce(s.tenant_id, p.tenant_id)
ORDER BY w.place;
