-- name: read_tenants
-- Tenants, and up to which load the days of their sources are counted.
SELECT t.tenant_id, t.timezone, c.counted_at
FROM fleet.tenant AS t
LEFT JOIN ops.source_count AS c USING (tenant_id)
ORDER BY t.tenant_id;

-- name: find_changed_days
-- Local days in [first_day, end_day) of which loads since `since` told something; the day before and after for the zones of plants.
SELECT DISTINCT CAST(day AS date) AS local_day
FROM landing.load AS l
CROSS JOIN LATERAL generate_series(
    greatest(CAST(l.first_measured_at AS date) - 1, CAST(:first_day AS date)),
    least(CAST(l.last_measured_at AS date) + 1, CAST(:end_day AS date) - 1),
    interval '1 day'
) AS day
WHERE
    l.tenant_id = :tenant_id AND (CAST(:since AS timestamptz) IS NULL OR l.loaded_at >= :since)
    AND l.last_measured_at >= CAST(:first_day AS date) - 1
ORDER BY local_day;

-- name: forget_days
-- Days that are counted anew, and those before the first that matters.
DELETE FROM ops.source_day WHERE tenant_id = :tenant_id AND (local_day = ANY (CAST(:days AS date[])) OR local_day < :first_day);

-- name: count_days
-- grain: (source, device or plant, local day) · readings by the source of the document that they rest on
WITH told AS (
    SELECT s.plant_id, s.device_id, s.local_day, r.document_id, count(*) AS readings
    FROM (
        SELECT
            s.series_id, s.plant_id, s.device_id, d.local_day, d.local_day::timestamp AT TIME ZONE coalesce(p.timezone, t.timezone) AS starts_at,
            (d.local_day + 1)::timestamp AT TIME ZONE coalesce(p.timezone, t.timezone) AS ends_at
        FROM fleet.series AS s
        JOIN fleet.tenant AS t USING (tenant_id)
        LEFT JOIN fleet.device AS e ON e.device_id = s.device_id
        LEFT JOIN fleet.plant AS p ON p.plant_id = coalesce(s.plant_id, e.plant_id)
        CROSS JOIN unnest(CAST(:days AS date[])) AS d (local_day)
        WHERE s.tenant_id = :tenant_id AND s.origin <> 'derived' AND s.kind <> 'state' AND num_nonnulls(s.plant_id, s.device_id) = 1
    ) AS s
    CROSS JOIN LATERAL (
        SELECT m.document_id FROM mart.reading AS m
        WHERE m.series_id = s.series_id AND m.measured_at >= s.starts_at AND m.measured_at < s.ends_at
        -- Keeps each day a search of the index: pulled up, all readings of a series would be compared with all days.
        OFFSET 0
    ) AS r
    GROUP BY s.plant_id, s.device_id, s.local_day, r.document_id
), received AS (
    SELECT
        d.integration_id, CASE WHEN d.integration_id IS NULL THEN d.feed END AS feed, w.plant_id, w.device_id, w.local_day, w.readings,
        d.received_at,
        sum(w.readings) OVER (of_day ORDER BY d.received_at, d.document_id) AS up_to_here,
        sum(w.readings) OVER of_day AS readings_of_day
    FROM told AS w
    JOIN landing.document AS d USING (document_id)
    WINDOW of_day AS (
        PARTITION BY d.integration_id, CASE WHEN d.integration_id IS NULL THEN d.feed END, w.plant_id, w.device_id, w.local_day
    )
)
INSERT INTO ops.source_day (tenant_id, integration_id, feed, plant_id, device_id, local_day, reading_count, told_at)
SELECT
    :tenant_id, integration_id, feed, plant_id, device_id, local_day, sum(readings),
    min(received_at) FILTER (WHERE up_to_here >= 0.8 * readings_of_day)
FROM received
GROUP BY integration_id, feed, plant_id, device_id, local_day;

-- name: note_count
-- The tenant's sources are counted up to the loads of an instant.
INSERT INTO ops.source_count (tenant_id, counted_at) VALUES (:tenant_id, :counted_at)
ON CONFLICT (tenant_id) DO UPDATE SET counted_at = EXCLUDED.counted_at;

-- name: read_days
-- grain: (source, device or plant) · its counted days. `is_away`: gone from its vendor's list, or silent by an alarm of its own, which
-- tells more than its source could.
SELECT
    c.integration_id, c.feed, coalesce(p.timezone, t.timezone) AS timezone, p.latitude, p.longitude,
    (
        p.retired_at IS NOT NULL OR e.retired_at IS NOT NULL OR e.dismantled_on IS NOT NULL
        OR coalesce(p.missed_lists, 0) > 0 OR coalesce(e.missed_lists, 0) > 0
        OR EXISTS (
            SELECT 1 FROM mart.alarm AS a
            WHERE a.plant_id = e.plant_id AND a.device_id = e.device_id AND a.origin = 'heliograph' AND a.code = 'offline' AND a.is_open
        )
    ) IS TRUE AS is_away,
    c.days, c.counts, c.told_at
FROM (
    SELECT
        tenant_id, integration_id, feed, plant_id, device_id, array_agg(local_day ORDER BY local_day) AS days,
        array_agg(reading_count ORDER BY local_day) AS counts, array_agg(told_at ORDER BY local_day) AS told_at
    FROM ops.source_day
    WHERE tenant_id = :tenant_id
    GROUP BY tenant_id, integration_id, feed, plant_id, device_id
) AS c
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN fleet.integration AS i ON i.integration_id = c.integration_id
LEFT JOIN fleet.device AS e ON e.device_id = c.device_id
LEFT JOIN fleet.plant AS p ON p.plant_id = coalesce(c.plant_id, e.plant_id)
WHERE i.state IS DISTINCT FROM 'disabled'
ORDER BY c.integration_id, c.feed, c.plant_id, c.device_id;

-- name: forget_volumes
-- What was judged of a tenant.
DELETE FROM ops.source_volume WHERE tenant_id = :tenant_id;

-- name: write_volumes
-- What is judged of it now.
INSERT INTO ops.source_volume (tenant_id, integration_id, feed, local_day, expected_readings, received_readings, is_short)
SELECT :tenant_id, v.*
FROM unnest(
    CAST(:integration_id AS int[]), CAST(:feed AS text[]), CAST(:local_day AS date[]), CAST(:expected_readings AS int8[]),
    CAST(:received_readings AS int8[]), CAST(:is_short AS boolean[])
) AS v;
