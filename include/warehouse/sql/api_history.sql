-- A comment must not name a parameter with its colon: it would be bound there too, and a line break in it would end the comment.
-- The zone of the transaction is set to that of the series: JSON carries local time with its offset.

-- name: find_series
-- Head of one series.
SELECT series_id, quantity, kind, origin, timezone FROM api.series WHERE series_id = :series_id

-- name: find_plant_series
-- Head of the plant's own series of a quantity, derived before measured.
SELECT series_id, quantity, kind, origin, timezone
FROM api.series
WHERE plant_id = :plant_id AND quantity = :quantity
ORDER BY origin = 'derived' DESC, series_id
LIMIT 1

-- name: find_device_group
-- Zone of the plant, and how many series of this quantity its devices have. One row, or none.
SELECT
    p.timezone,
    (
        SELECT count(*)
        FROM api.series AS s
        WHERE s.home_plant_id = p.plant_id AND s.device_id IS NOT NULL AND s.quantity = :quantity
    ) AS series_count
FROM api.plant AS p
WHERE p.plant_id = :plant_id

-- name: list_readings
-- grain: reading. One series in the half-open span; last_at where more rows follow. Infinite and NaN values are null.
SELECT set_config('TimeZone', :timezone, true);
WITH found AS (
    SELECT measured_at, CASE WHEN value - value = 0 THEN value END AS value, document_id
    FROM api.reading
    WHERE series_id = :series_id AND measured_at >= :start AND measured_at < :end
    ORDER BY measured_at
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY measured_at), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN max(measured_at) END AS last_at
FROM page

-- name: list_events
-- grain: state change. One series in the half-open span; last_at where more rows follow.
SELECT set_config('TimeZone', :timezone, true);
WITH found AS (
    SELECT happened_at, state, document_id
    FROM api.state_event
    WHERE series_id = :series_id AND happened_at >= :start AND happened_at < :end
    ORDER BY happened_at
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY happened_at), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN max(happened_at) END AS last_at
FROM page

-- name: read_rollups
-- grain: as asked. One series, intervals that start in the half-open span; coverage is null where nothing was expected.
SELECT set_config('TimeZone', :timezone, true);
SELECT coalesce(json_agg(row_to_json(bucket)), '[]')::text AS data
FROM (
    SELECT
        starts_at, ends_at, local_date, reading_count, mean, min, max, first, last, sum, stddev, median, p95, p99, energy_kwh,
        active_minutes, covered_s, expected_s, covered_s / nullif(expected_s, 0) AS coverage, ends_at > :settled_until AS provisional
    FROM api.rollup
    WHERE series_id = :series_id AND grain = :grain AND starts_at >= :start AND starts_at < :end
    ORDER BY starts_at
) AS bucket

-- name: read_rollup_table
-- grain: as asked. As read_rollups, one array per interval.
SELECT set_config('TimeZone', :timezone, true);
SELECT
    coalesce(
        json_agg(
            json_build_array(
                starts_at, ends_at, local_date, reading_count, mean, min, max, first, last, sum, stddev, median, p95, p99, energy_kwh,
                active_minutes, covered_s, expected_s, covered_s / nullif(expected_s, 0), ends_at > :settled_until
            )
            ORDER BY starts_at
        ),
        '[]'
    )::text AS data
FROM api.rollup
WHERE series_id = :series_id AND grain = :grain AND starts_at >= :start AND starts_at < :end

-- name: read_device_rollups
-- grain: device, with its intervals in rows. One quantity of all devices of a plant.
SELECT set_config('TimeZone', :timezone, true);
SELECT
    coalesce(
        json_agg(
            json_build_object(
                'device_id', d.device_id, 'device_key', d.device_key, 'name', d.name, 'kind', d.kind, 'series_id', s.series_id,
                'rows', b.buckets
            )
            ORDER BY d.device_id, s.series_id
        ),
        '[]'
    )::text AS data
FROM api.series AS s
JOIN api.device AS d ON d.device_id = s.device_id
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(row_to_json(bucket)), '[]') AS buckets
    FROM (
        SELECT
            r.starts_at, r.ends_at, r.local_date, r.reading_count, r.mean, r.min, r.max, r.first, r.last, r.sum, r.stddev, r.median,
            r.p95, r.p99, r.energy_kwh, r.active_minutes, r.covered_s, r.expected_s,
            r.covered_s / nullif(r.expected_s, 0) AS coverage, r.ends_at > :settled_until AS provisional
        FROM api.rollup AS r
        WHERE r.series_id = s.series_id AND r.grain = :grain AND r.starts_at >= :start AND r.starts_at < :end
        ORDER BY r.starts_at
    ) AS bucket
) AS b
WHERE s.home_plant_id = :plant_id AND s.quantity = :quantity

-- name: list_energy_checks
-- grain: local day and device, the plant first. Days of the half-open range; next_key where more rows follow.
WITH found AS (
    SELECT local_date, device_id, integrated_kwh, counted_kwh, vendor_kwh, deviation_pct, is_flagged
    FROM api.energy_check
    WHERE plant_id = :plant_id
        AND local_date >= :first
        AND local_date < :end
        AND (local_date, coalesce(device_id, 0)) > (CAST(:after_day AS date), :after_device)
    ORDER BY local_date, coalesce(device_id, 0)
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY local_date, coalesce(device_id, 0)), '[]')::text AS data,
    CASE
        WHEN (SELECT count(*) FROM found) > :limit
        THEN (
            SELECT json_build_array(local_date, coalesce(device_id, 0))
            FROM page
            ORDER BY local_date DESC, coalesce(device_id, 0) DESC
            LIMIT 1
        )::text
    END AS next_key
FROM page

-- name: list_alarms
-- grain: alarm. Those that were on at some time of the half-open span, latest first; next_key where more rows follow.
SELECT set_config('TimeZone', :timezone, true);
WITH found AS (
    SELECT alarm_id, device_id, alarm_key, code, name, severity, raised_at, cleared_at, is_open, advice, document_id
    FROM api.alarm
    WHERE plant_id = :plant_id
        AND raised_at < :end
        AND (is_open OR coalesce(cleared_at, raised_at) >= :start)
        AND (CAST(:is_open AS boolean) IS NULL OR is_open = :is_open)
        AND (raised_at, alarm_id) < (CAST(:before_at AS timestamptz), :before_id)
    ORDER BY raised_at DESC, alarm_id DESC
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY raised_at DESC, alarm_id DESC), '[]')::text AS data,
    CASE
        WHEN (SELECT count(*) FROM found) > :limit
        THEN (SELECT json_build_array(raised_at, alarm_id) FROM page ORDER BY raised_at, alarm_id LIMIT 1)::text
    END AS next_key
FROM page
