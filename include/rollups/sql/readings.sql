-- name: sample_gauges
-- grain: reading · reads: mart.reading, one index range scan per touched range
INSERT INTO sample
SELECT
    r.series_id, m.measured_at, m.value, m.previous_at, m.previous_value, date_part('epoch', m.measured_at - m.previous_at),
    date_trunc('hour', m.measured_at, s.timezone), (m.measured_at AT TIME ZONE s.timezone)::date
FROM touched_range AS r
JOIN touched_series AS s USING (series_id)
CROSS JOIN LATERAL (
    SELECT
        g.measured_at, g.value,
        lag(g.measured_at) OVER (ORDER BY g.measured_at) AS previous_at, lag(g.value) OVER (ORDER BY g.measured_at) AS previous_value
    FROM mart.reading AS g
    WHERE g.series_id = r.series_id AND g.measured_at >= r.window_lo AND g.measured_at <= r.window_hi
) AS m
WHERE s.kind <> 'counter';

-- name: sample_counters
-- A single reading that leaves the band between its neighbours while they rise is a glitch, not a reset: it is left out. The first
-- one of a counter's new day is none.
INSERT INTO sample
SELECT
    r.series_id, m.measured_at, m.value, m.previous_at, m.previous_value, date_part('epoch', m.measured_at - m.previous_at),
    date_trunc('hour', m.measured_at, s.timezone), (m.measured_at AT TIME ZONE s.timezone)::date
FROM touched_range AS r
JOIN touched_series AS s USING (series_id)
CROSS JOIN LATERAL (
    SELECT
        c.measured_at, c.value,
        lag(c.measured_at) OVER (ORDER BY c.measured_at) AS previous_at, lag(c.value) OVER (ORDER BY c.measured_at) AS previous_value
    FROM (
        SELECT
            g.measured_at, g.value,
            lag(g.value) OVER (ORDER BY g.measured_at) AS before, lead(g.value) OVER (ORDER BY g.measured_at) AS after,
            lag(g.measured_at) OVER (ORDER BY g.measured_at) AS before_at
        FROM mart.reading AS g
        WHERE g.series_id = r.series_id AND g.measured_at >= r.window_lo AND g.measured_at <= r.window_hi
    ) AS c
    WHERE
        (c.after >= c.before AND (c.value < c.before OR c.value > c.after)) IS NOT TRUE
        OR (s.is_daily AND (c.before_at AT TIME ZONE s.timezone)::date < (c.measured_at AT TIME ZONE s.timezone)::date)
) AS m
WHERE s.kind = 'counter';

-- name: limit_steps
-- grain: (series, local day) · reads: sample
-- Steps longer than max(3 x median step of the day in which they end, 30 min), at most a day, are not bridged: neither covered nor
-- integrated. A counter keeps its increase over any gap.
INSERT INTO step_limit
SELECT
    series_id, local_day, least(86400, greatest(1800, 3 * percentile_cont(0.5) WITHIN GROUP (ORDER BY step_s)))
FROM sample
WHERE step_s IS NOT NULL
GROUP BY series_id, local_day;

-- Sums of floats are taken in the order of time everywhere, so that equal readings give equal bits.

-- name: sum_whole_steps
-- grain: (series, local hour) · reads: sample · steps that begin and end within one local hour, the trapezoid of each
INSERT INTO piece
SELECT
    s.series_id, s.local_hour, s.local_day, s.local_hour - interval '1 microsecond',
    sum(CASE WHEN s.step_s <= l.limit_s
        THEN greatest(0, date_part('epoch', least(s.measured_at, d.expected_hi) - greatest(s.previous_at, d.expected_lo)))
        ELSE 0
    END ORDER BY s.measured_at),
    sum(CASE
        WHEN t.kind = 'power' AND s.step_s <= l.limit_s THEN (s.previous_value + s.value) / 2 * s.step_s / 3600
        WHEN t.kind = 'counter' THEN CASE WHEN s.value < s.previous_value THEN s.value ELSE s.value - s.previous_value END
    END ORDER BY s.measured_at)
FROM sample AS s
JOIN step_limit AS l USING (series_id, local_day)
JOIN touched_day AS d USING (series_id, local_day)
JOIN touched_series AS t USING (series_id)
WHERE s.previous_at >= s.local_hour AND (s.step_s <= l.limit_s OR t.kind = 'counter')
GROUP BY s.series_id, s.local_hour, s.local_day;

-- name: cut_long_steps
-- grain: (series, local hour, step) · reads: sample · steps over the edge of a local hour, cut there; power is linear in between,
-- a counter's increase is spread evenly, and after a reset the new value is the increase; a counter of the day that fell, or rose over
-- a silent night, counted from midnight
INSERT INTO piece
WITH part AS (
    SELECT
        s.series_id, t.kind, s.previous_at, s.step_s, s.previous_value, s.value, s.step_s <= l.limit_s AS is_bridged,
        s.local_day AS last_day, date_part('epoch', s.measured_at - s.local_day::timestamp AT TIME ZONE t.timezone) AS last_day_s,
        (
            t.is_daily AND (s.previous_at AT TIME ZONE t.timezone)::date < s.local_day
            AND (s.value < s.previous_value OR (s.value > s.previous_value AND s.step_s > 7200))
        ) AS is_from_midnight,
        hour AS local_hour, (hour AT TIME ZONE t.timezone)::date AS local_day,
        greatest(s.previous_at, hour) AS part_lo, least(s.measured_at, hour + interval '1 hour') AS part_hi
    FROM sample AS s
    JOIN step_limit AS l USING (series_id, local_day)
    JOIN touched_series AS t USING (series_id)
    CROSS JOIN LATERAL generate_series(
        date_trunc('hour', s.previous_at, t.timezone), s.measured_at - interval '1 microsecond', interval '1 hour'
    ) AS hour
    WHERE s.previous_at < s.local_hour AND (s.step_s <= l.limit_s OR t.kind = 'counter')
), measured_part AS (
    SELECT
        p.*, date_part('epoch', p.part_lo - p.previous_at) AS lo_s, date_part('epoch', p.part_hi - p.previous_at) AS hi_s,
        greatest(0, date_part('epoch', least(p.part_hi, d.expected_hi) - greatest(p.part_lo, d.expected_lo))) AS expected_part_s
    FROM part AS p
    JOIN touched_day AS d USING (series_id, local_day)
)
SELECT
    series_id, local_hour, local_day, part_lo,
    CASE WHEN is_bridged THEN expected_part_s ELSE 0 END,
    CASE kind
        WHEN 'power' THEN
            (previous_value + (value - previous_value) * (lo_s + hi_s) / (2 * step_s)) * (hi_s - lo_s) / 3600
        WHEN 'counter' THEN CASE
            WHEN NOT is_from_midnight
            THEN (CASE WHEN value < previous_value THEN value ELSE value - previous_value END) * (hi_s - lo_s) / step_s
            WHEN local_day = last_day THEN value * (hi_s - lo_s) / last_day_s
            ELSE 0
        END
    END
FROM measured_part;

-- name: compute_hours
-- grain: (series, local hour) · reads: sample, piece
INSERT INTO fresh
WITH statistic AS (
    SELECT
        s.series_id, s.local_hour, s.local_day, count(*) AS reading_count,
        sum(s.value ORDER BY s.measured_at) AS sum, avg(s.value ORDER BY s.measured_at) AS mean,
        min(s.value) AS min, max(s.value) AS max,
        (array_agg(s.value ORDER BY s.measured_at))[1] AS first, (array_agg(s.value ORDER BY s.measured_at))[count(*)] AS last,
        stddev_samp(s.value ORDER BY s.measured_at) AS stddev, percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY s.value) AS percentiles,
        count(DISTINCT date_trunc('minute', s.measured_at)) AS active_minutes
    FROM sample AS s
    JOIN touched_day AS d USING (series_id, local_day)
    GROUP BY s.series_id, s.local_hour, s.local_day
), energy AS (
    SELECT series_id, local_hour, local_day, sum(covered_s ORDER BY part_at) AS covered_s, sum(energy_kwh ORDER BY part_at) AS energy_kwh
    FROM piece
    GROUP BY series_id, local_hour, local_day
)
SELECT
    series_id, 'hour', local_hour, local_hour + interval '1 hour', local_day, coalesce(s.reading_count, 0), s.sum, s.mean, s.min, s.max,
    s.first, s.last, s.stddev, s.percentiles[1], s.percentiles[2], s.percentiles[3], s.active_minutes, coalesce(e.covered_s, 0),
    greatest(0, date_part('epoch', least(local_hour + interval '1 hour', d.expected_hi) - greatest(local_hour, d.expected_lo))),
    e.energy_kwh, :computed_at
FROM statistic AS s
FULL JOIN energy AS e USING (series_id, local_hour, local_day)
JOIN touched_day AS d USING (series_id, local_day);

-- name: compute_days
-- grain: (series, local day) · reads: sample, piece
INSERT INTO fresh
WITH statistic AS (
    SELECT
        s.series_id, s.local_day, count(*) AS reading_count,
        sum(s.value ORDER BY s.measured_at) AS sum, avg(s.value ORDER BY s.measured_at) AS mean,
        min(s.value) AS min, max(s.value) AS max,
        (array_agg(s.value ORDER BY s.measured_at))[1] AS first, (array_agg(s.value ORDER BY s.measured_at))[count(*)] AS last,
        stddev_samp(s.value ORDER BY s.measured_at) AS stddev, percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY s.value) AS percentiles,
        count(DISTINCT date_trunc('minute', s.measured_at)) AS active_minutes
    FROM sample AS s
    JOIN touched_day AS d USING (series_id, local_day)
    GROUP BY s.series_id, s.local_day
), energy AS (
    SELECT series_id, local_day, sum(covered_s ORDER BY part_at) AS covered_s, sum(energy_kwh ORDER BY part_at) AS energy_kwh
    FROM piece
    GROUP BY series_id, local_day
)
SELECT
    series_id, 'day', d.lo, d.hi, local_day, coalesce(s.reading_count, 0), s.sum, s.mean, s.min, s.max, s.first, s.last, s.stddev,
    s.percentiles[1], s.percentiles[2], s.percentiles[3], s.active_minutes, coalesce(e.covered_s, 0),
    date_part('epoch', d.expected_hi - d.expected_lo), e.energy_kwh, :computed_at
FROM statistic AS s
FULL JOIN energy AS e USING (series_id, local_day)
JOIN touched_day AS d USING (series_id, local_day);
