-- name: read_device_statistics
-- grain: series of a device and of the sensors below it. Hours or days of a half-open span, put together by their readings.
WITH RECURSIVE own AS (
    SELECT device_id, device_key, name FROM api.device WHERE device_id = :device_id
    UNION
    SELECT d.device_id, d.device_key, d.name FROM api.device AS d JOIN own ON d.parent_device_id = own.device_id
), bucket AS (
    SELECT s.series_id, r.*, sum(r.mean * r.reading_count) OVER w / nullif(sum(r.reading_count) OVER w, 0) AS mean_of_all
    FROM api.series AS s
    JOIN own AS o ON o.device_id = s.device_id
    CROSS JOIN LATERAL (
        SELECT
            b.reading_count, b.mean, CASE WHEN b.min - b.min = 0 THEN b.min END AS min, CASE WHEN b.max - b.max = 0 THEN b.max END AS max,
            b.stddev, b.active_minutes, b.active_hours, b.covered_s, b.expected_s
        FROM api.rollup AS b
        WHERE
            b.series_id = s.series_id AND b.grain = :grain AND b.starts_at >= :start AND b.ends_at <= :end AND b.reading_count > 0
            AND b.mean - b.mean = 0
    ) AS r
    WINDOW w AS (PARTITION BY s.series_id)
), figures AS (
    SELECT
        series_id, sum(reading_count) AS reading_count, max(mean_of_all) AS mean, min(min) AS min, max(max) AS max,
        sqrt(
            (coalesce(sum((reading_count - 1) * stddev ^ 2), 0) + sum(reading_count * (mean - mean_of_all) ^ 2))
            / nullif(sum(reading_count) - 1, 0)
        ) AS stddev,
        sum(active_minutes) AS active_minutes,
        CASE WHEN :grain = 'hour' THEN count(*) ELSE sum(active_hours) END AS active_hours,
        sum(covered_s) / nullif(sum(expected_s), 0) AS coverage
    FROM bucket
    GROUP BY series_id
), event AS (
    SELECT s.series_id, count(e.*) AS event_count, (array_agg(e.state ORDER BY e.happened_at DESC))[1] AS last_state
    FROM api.series AS s
    JOIN own AS o ON o.device_id = s.device_id
    LEFT JOIN api.state_event AS e ON e.series_id = s.series_id AND e.happened_at >= :start AND e.happened_at < :end
    WHERE s.kind = 'state'
    GROUP BY s.series_id
)
SELECT
    coalesce(
        json_agg(
            json_build_object(
                'device_id', o.device_id, 'device_key', o.device_key, 'name', o.name, 'series_id', s.series_id, 'quantity', s.quantity,
                'unit', CAST(:quantities AS json) -> s.quantity ->> 'unit', 'reading_count', coalesce(f.reading_count, 0), 'mean', f.mean,
                'min', f.min, 'max', f.max, 'stddev', f.stddev, 'active_minutes', f.active_minutes, 'active_hours', f.active_hours,
                'coverage', f.coverage, 'event_count', e.event_count, 'last_state', e.last_state
            )
            ORDER BY (o.device_id <> :device_id), o.device_key, s.quantity, s.series_id
        ),
        '[]'
    )::text
FROM own AS o
JOIN api.series AS s ON s.device_id = o.device_id AND s.origin = 'measured'
LEFT JOIN figures AS f ON f.series_id = s.series_id
LEFT JOIN event AS e ON e.series_id = s.series_id;

-- name: find_device_zone
-- IANA zone in which the days of a device are counted; no row where this tenant has no such device.
SELECT coalesce(p.timezone, (SELECT t.timezone FROM api.tenant AS t LIMIT 1)) AS timezone
FROM api.device AS d
LEFT JOIN api.plant AS p ON p.plant_id = d.plant_id
WHERE d.device_id = :device_id;

-- name: list_device_freshness
-- Devices by id with their last reading or state; online where it is of :fresh_from or later. A device that never spoke is offline; one that
-- was there until before :fresh_from is retired.
WITH chosen AS (
    SELECT device_id, device_key, plant_id, parent_device_id, kind, name, retired_on
    FROM api.device
    WHERE device_id > :after AND (CAST(:plant_id AS int) IS NULL OR plant_id = :plant_id)
        AND (CAST(:kind AS text) IS NULL OR kind = :kind)
    ORDER BY device_id
    LIMIT :limit + 1
), found AS (
    SELECT
        c.device_id, c.device_key, c.plant_id, c.parent_device_id, c.kind, c.name, greatest(r.last_at, e.last_at) AS last_measured_at,
        CASE
            WHEN greatest(r.last_at, e.last_at) >= :fresh_from THEN 'online'
            WHEN c.retired_on <= CAST(:fresh_from AS timestamptz)::date THEN 'retired'
            ELSE 'offline'
        END AS state
    FROM chosen AS c
    CROSS JOIN LATERAL (
        SELECT max(newest.measured_at) AS last_at
        FROM api.series AS s
        CROSS JOIN LATERAL (
            SELECT m.measured_at FROM api.reading AS m WHERE m.series_id = s.series_id ORDER BY m.measured_at DESC LIMIT 1
        ) AS newest
        WHERE s.device_id = c.device_id
    ) AS r
    CROSS JOIN LATERAL (
        SELECT max(v.happened_at) AS last_at
        FROM api.series AS s
        JOIN api.state_event AS v ON v.series_id = s.series_id
        WHERE s.device_id = c.device_id AND s.kind = 'state'
    ) AS e
), page AS (
    SELECT * FROM found ORDER BY device_id LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY device_id), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(max(device_id))::text END AS next_key
FROM page;
