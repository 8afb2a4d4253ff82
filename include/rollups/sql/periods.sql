-- name: write_fresh
-- Replaces what differs; a bucket that is the same keeps its computed_at, so that a repeat writes nothing and restates nothing.
INSERT INTO mart.rollup AS r (
    series_id, grain, starts_at, ends_at, local_date, reading_count, sum, mean, min, max, first, last, stddev, median, p95, p99,
    active_minutes, covered_s, expected_s, energy_kwh, computed_at
)
SELECT
    series_id, grain, starts_at, ends_at, local_date, reading_count, sum, mean, min, max, first, last, stddev, median, p95, p99,
    active_minutes, covered_s, expected_s, energy_kwh, computed_at
FROM fresh
WHERE grain = ANY (:grains)
ORDER BY series_id, grain, starts_at
ON CONFLICT (series_id, grain, starts_at) DO UPDATE SET
    ends_at = EXCLUDED.ends_at, local_date = EXCLUDED.local_date, reading_count = EXCLUDED.reading_count, sum = EXCLUDED.sum,
    mean = EXCLUDED.mean, min = EXCLUDED.min, max = EXCLUDED.max, first = EXCLUDED.first, last = EXCLUDED.last,
    stddev = EXCLUDED.stddev, median = EXCLUDED.median, p95 = EXCLUDED.p95, p99 = EXCLUDED.p99,
    active_minutes = EXCLUDED.active_minutes, covered_s = EXCLUDED.covered_s, expected_s = EXCLUDED.expected_s,
    energy_kwh = EXCLUDED.energy_kwh, computed_at = EXCLUDED.computed_at
WHERE
    (
        r.ends_at, r.local_date, r.reading_count, r.sum, r.mean, r.min, r.max, r.first, r.last, r.stddev, r.median, r.p95, r.p99,
        r.active_minutes, r.covered_s, r.expected_s, r.energy_kwh
    ) IS DISTINCT FROM (
        EXCLUDED.ends_at, EXCLUDED.local_date, EXCLUDED.reading_count, EXCLUDED.sum, EXCLUDED.mean, EXCLUDED.min, EXCLUDED.max,
        EXCLUDED.first, EXCLUDED.last, EXCLUDED.stddev, EXCLUDED.median, EXCLUDED.p95, EXCLUDED.p99, EXCLUDED.active_minutes, EXCLUDED.covered_s,
        EXCLUDED.expected_s, EXCLUDED.energy_kwh
    );

-- name: delete_gone
-- Buckets of the touched days whose readings are gone, or whose edges moved with the plant's zone: zones differ by 26 hours at most,
-- and within these bounds the index finds them.
DELETE FROM mart.rollup AS r
USING touched_day AS d
WHERE
    r.series_id = d.series_id
    AND r.grain IN ('hour', 'day')
    AND (r.local_date = d.local_day OR (r.starts_at >= d.lo AND r.starts_at < d.hi))
    AND r.starts_at >= d.lo - interval '26 hours'
    AND r.starts_at < d.hi + interval '26 hours'
    AND NOT EXISTS (
        SELECT 1 FROM fresh AS f WHERE f.series_id = r.series_id AND f.grain = r.grain AND f.starts_at = r.starts_at
    );

-- name: create_period
-- Weeks, months and years to compute again, [lo, hi) in UTC, and the time in which readings are expected in each.
CREATE TEMPORARY TABLE touched_period (
    series_id int4 NOT NULL, grain text NOT NULL, first_day date NOT NULL, end_day date NOT NULL, lo timestamptz NOT NULL,
    hi timestamptz NOT NULL, expected_s float8 NOT NULL, PRIMARY KEY (series_id, grain, first_day)
) ON COMMIT DROP;

-- name: list_periods
-- Periods that hold a touched day. Expected time counts the silent days too; it is worked out once per place and period.
INSERT INTO touched_period
WITH period AS MATERIALIZED (
    SELECT DISTINCT
        d.series_id, g.grain, date_trunc(g.grain, d.local_day)::date AS first_day,
        (date_trunc(g.grain, d.local_day) + g.length)::date AS end_day
    FROM touched_day AS d
    CROSS JOIN (VALUES
        ('week', interval '1 week'), ('month', interval '1 month'), ('year', interval '1 year')
    ) AS g (grain, length)
), place AS MATERIALIZED (
    SELECT DISTINCT p.grain, p.first_day, p.end_day, s.timezone, s.is_solar, s.latitude, s.longitude
    FROM period AS p JOIN touched_series AS s USING (series_id)
), expectation AS MATERIALIZED (
    SELECT
        grain, first_day, end_day, timezone, is_solar, latitude, longitude,
        first_day::timestamp AT TIME ZONE timezone AS lo, end_day::timestamp AT TIME ZONE timezone AS hi,
        CASE WHEN is_solar
            THEN (
                SELECT sum(coalesce(date_part('epoch', upper(light) - lower(light)), 0))
                FROM generate_series(first_day, end_day - 1, interval '1 day') AS day
                CROSS JOIN LATERAL (SELECT mart.daylight(day::date, latitude, longitude) AS light) AS l
            )
            ELSE date_part('epoch', (end_day::timestamp AT TIME ZONE timezone) - (first_day::timestamp AT TIME ZONE timezone))
        END AS expected_s
    FROM place
)
SELECT p.series_id, p.grain, p.first_day, p.end_day, e.lo, e.hi, s.device_count * e.expected_s
FROM period AS p
JOIN touched_series AS s USING (series_id)
JOIN expectation AS e
    ON e.grain = p.grain AND e.first_day = p.first_day AND e.timezone = s.timezone AND e.is_solar = s.is_solar
    AND e.latitude IS NOT DISTINCT FROM s.latitude AND e.longitude IS NOT DISTINCT FROM s.longitude;

-- name: compute_periods
-- grain: (series, local week | month | year) · reads: mart.rollup days · weighted by the count of readings, never a mean of means
INSERT INTO fresh
WITH whole AS (
    SELECT p.series_id, p.grain, p.first_day, sum(r.sum ORDER BY r.starts_at) / nullif(sum(r.reading_count), 0) AS mean
    FROM touched_period AS p
    JOIN touched_series AS s ON s.series_id = p.series_id AND s.kind <> 'amount'
    JOIN mart.rollup AS r ON r.series_id = p.series_id AND r.grain = 'day' AND r.starts_at >= p.lo AND r.starts_at < p.hi
    GROUP BY p.series_id, p.grain, p.first_day
)
SELECT
    p.series_id, p.grain, p.lo, p.hi, p.first_day, sum(r.reading_count), sum(r.sum ORDER BY r.starts_at), w.mean, min(r.min), max(r.max),
    (array_agg(r.first ORDER BY r.starts_at) FILTER (WHERE r.first IS NOT NULL))[1],
    (array_agg(r.last ORDER BY r.starts_at DESC) FILTER (WHERE r.last IS NOT NULL))[1],
    sqrt(
        sum(((r.reading_count - 1) * coalesce(r.stddev, 0) ^ 2 + r.reading_count * (r.mean - w.mean) ^ 2) ORDER BY r.starts_at)
        / nullif(sum(r.reading_count) - 1, 0)::float8
    ),
    NULL, NULL, NULL, NULL, sum(r.covered_s ORDER BY r.starts_at), p.expected_s, sum(r.energy_kwh ORDER BY r.starts_at), :computed_at
FROM touched_period AS p
JOIN whole AS w USING (series_id, grain, first_day)
JOIN mart.rollup AS r ON r.series_id = p.series_id AND r.grain = 'day' AND r.starts_at >= p.lo AND r.starts_at < p.hi
GROUP BY p.series_id, p.grain, p.lo, p.hi, p.first_day, p.expected_s, w.mean;

-- name: delete_gone_periods
-- Touched periods that have no day any more. The 26 hours reach those that begin at the edge of another zone, where the plant moved.
DELETE FROM mart.rollup AS r
USING touched_period AS p
WHERE
    r.series_id = p.series_id AND r.grain = p.grain AND r.starts_at >= p.lo - interval '26 hours' AND r.starts_at < p.hi
    AND r.local_date = p.first_day
    AND NOT EXISTS (
        SELECT 1 FROM fresh AS f WHERE f.series_id = r.series_id AND f.grain = r.grain AND f.starts_at = r.starts_at
    );

-- name: list_amount_periods
-- An amount belongs to a whole hour, day or month: finer buckets of it do not exist.
INSERT INTO touched_period
SELECT DISTINCT
    s.series_id, g.grain, edge.first_day, edge.end_day, edge.first_day::timestamp AT TIME ZONE s.timezone,
    edge.end_day::timestamp AT TIME ZONE s.timezone,
    date_part('epoch', (edge.end_day::timestamp AT TIME ZONE s.timezone) - (edge.first_day::timestamp AT TIME ZONE s.timezone))
FROM dirty AS d
JOIN touched_series AS s USING (series_id)
CROSS JOIN (VALUES
    ('day', interval '1 day'), ('week', interval '1 week'), ('month', interval '1 month'), ('year', interval '1 year')
) AS g (grain, length)
CROSS JOIN LATERAL (
    SELECT date_trunc(g.grain, d.local_day)::date AS first_day, (date_trunc(g.grain, d.local_day) + g.length)::date AS end_day
) AS edge
WHERE s.kind = 'amount' AND (s.amount_of <> 'month' OR g.grain IN ('month', 'year'));

-- name: compute_amounts
-- grain: (series, local day | week | month | year) · reads: mart.reading, its stamps are the local beginnings of what it is the sum of
INSERT INTO fresh
SELECT
    p.series_id, p.grain, p.lo, p.hi, p.first_day, count(*), sum(r.value ORDER BY r.measured_at), avg(r.value), min(r.value), max(r.value),
    (array_agg(r.value ORDER BY r.measured_at))[1], (array_agg(r.value ORDER BY r.measured_at DESC))[1], stddev_samp(r.value),
    NULL, NULL, NULL, NULL,
    sum(date_part('epoch',
        CASE s.amount_of
            WHEN 'hour' THEN interval '1 hour'
            ELSE ((r.measured_at AT TIME ZONE s.timezone + CAST('1 ' || s.amount_of AS interval)) AT TIME ZONE s.timezone) - r.measured_at
        END)),
    p.expected_s, CASE WHEN s.is_energy THEN sum(r.value ORDER BY r.measured_at) END, :computed_at
FROM touched_period AS p
JOIN touched_series AS s ON s.series_id = p.series_id AND s.kind = 'amount'
JOIN mart.reading AS r ON r.series_id = p.series_id AND r.measured_at >= p.lo AND r.measured_at < p.hi
GROUP BY p.series_id, p.grain, p.lo, p.hi, p.first_day, p.expected_s, s.is_energy;

-- name: count_dirty
-- What is left of the work list.
SELECT count(*) FROM ops.dirty_day;
