-- name: read_hours
-- grain: (series, local hour) · stored hours that start within [lo, hi) of each range; NaN stands for null
SELECT
    r.series_id, 0 AS grain, r.starts_at, r.ends_at, r.local_date, r.reading_count, coalesce(r.sum, 'NaN'), coalesce(r.mean, 'NaN'),
    coalesce(r.min, 'NaN'), coalesce(r.max, 'NaN'), coalesce(r.first, 'NaN'), coalesce(r.last, 'NaN'), coalesce(r.stddev, 'NaN'),
    coalesce(r.median, 'NaN'), coalesce(r.p95, 'NaN'), coalesce(r.p99, 'NaN'), coalesce(CAST(r.active_minutes AS float8), 'NaN'),
    coalesce(CAST(r.active_hours AS float8), 'NaN'), r.covered_s, r.expected_s, coalesce(r.energy_kwh, 'NaN')
FROM unnest(CAST(:series_ids AS int4[]), CAST(:lo AS int8[]), CAST(:hi AS int8[])) AS w (series_id, lo, hi)
JOIN LATERAL (
    SELECT * FROM mart.rollup_hour AS h
    WHERE h.series_id = w.series_id AND h.grain = 'hour' AND h.starts_at >= api.instant(w.lo) AND h.starts_at < api.instant(w.hi)
) AS r ON true;

-- name: read_longer
-- grain: (series, local day | week | month | year) · as read_hours, with the code of the grain
SELECT
    r.series_id, w.code, r.starts_at, r.ends_at, r.local_date, r.reading_count, coalesce(r.sum, 'NaN'), coalesce(r.mean, 'NaN'),
    coalesce(r.min, 'NaN'), coalesce(r.max, 'NaN'), coalesce(r.first, 'NaN'), coalesce(r.last, 'NaN'), coalesce(r.stddev, 'NaN'),
    coalesce(r.median, 'NaN'), coalesce(r.p95, 'NaN'), coalesce(r.p99, 'NaN'), coalesce(CAST(r.active_minutes AS float8), 'NaN'),
    coalesce(CAST(r.active_hours AS float8), 'NaN'), r.covered_s, r.expected_s, coalesce(r.energy_kwh, 'NaN')
FROM (
    SELECT series_id, code, lo, hi, (CAST(ARRAY['hour', 'day', 'week', 'month', 'year'] AS text[]))[code + 1] AS grain
    FROM unnest(CAST(:series_ids AS int4[]), CAST(:codes AS int4[]), CAST(:lo AS int8[]), CAST(:hi AS int8[]))
        AS w (series_id, code, lo, hi)
) AS w
JOIN LATERAL (
    SELECT * FROM mart.rollup AS l
    WHERE l.series_id = w.series_id AND l.grain = w.grain AND l.starts_at >= api.instant(w.lo) AND l.starts_at < api.instant(w.hi)
) AS r ON true;

-- name: delete_buckets
-- Buckets that are gone, or come again with other figures.
DELETE FROM mart.rollup AS r
USING (
    SELECT series_id, (CAST(ARRAY['hour', 'day', 'week', 'month', 'year'] AS text[]))[code + 1] AS grain, api.instant(starts) AS starts_at
    FROM unnest(CAST(:series_id AS int4[]), CAST(:grain AS int4[]), CAST(:starts_at AS int8[])) AS g (series_id, code, starts)
) AS g
WHERE r.series_id = g.series_id AND r.grain = g.grain AND r.starts_at = g.starts_at;

-- name: delete_counter_days
-- Days of counters that are computed again.
DELETE FROM mart.counter_day AS c
USING unnest(CAST(:series_ids AS int4[]), CAST(:days AS int4[])) AS g (series_id, day)
WHERE c.series_id = g.series_id AND c.local_date = date '1970-01-01' + g.day;

-- name: find_orphans
-- Of each span [lo, hi) of a counter without any reading: from when to when it has hours, which a step over it left behind that is gone.
SELECT n.place, api.microseconds(min(h.starts_at)) AS lo, api.microseconds(max(h.ends_at)) AS hi
FROM unnest(CAST(:series_ids AS int4[]), CAST(:lo AS int8[]), CAST(:hi AS int8[])) WITH ORDINALITY AS n (series_id, lo, hi, place)
JOIN mart.rollup_hour AS h
    ON h.series_id = n.series_id AND h.grain = 'hour' AND h.reading_count = 0
    AND h.starts_at >= api.instant(n.lo) AND h.starts_at < api.instant(n.hi)
GROUP BY n.place;
