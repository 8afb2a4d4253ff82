-- Reads the api views, so it holds for both roles. Instants are worked out before the join: under row level security only a bare column
-- bounds the search in the index.

-- name: find_neighbours
-- Of each stretch of days [lo, hi) of a series: the last reading before it and the first one from its end on, up to `reach` away. Of a
-- counter also the context-th reading before it and from its end on, and the last one before `settled`. Instants in microseconds since
-- 1970, `none` where there is none.
WITH n AS MATERIALIZED (
    SELECT
        place AS stretch, series_id, api.instant(lo) AS lo, api.instant(hi) AS hi, api.instant(lo - reach) AS reach_lo,
        api.instant(hi + reach) AS reach_hi, context, api.instant(settled) AS settled, api.instant(settled - reach) AS settled_reach
    FROM unnest(
        CAST(:series_ids AS int4[]), CAST(:lo AS int8[]), CAST(:hi AS int8[]), CAST(:reach AS int8[]), CAST(:context AS int4[]),
        CAST(:settled AS int8[])
    ) WITH ORDINALITY AS s (series_id, lo, hi, reach, context, settled, place)
)
SELECT
    n.stretch, coalesce(b.us, :none) AS before_us, coalesce(a.us, :none) AS after_us, coalesce(c.us, :none) AS context_from_us,
    coalesce(d.us, :none) AS context_to_us, coalesce(e.us, :none) AS settled_us
FROM n
LEFT JOIN LATERAL (
    SELECT api.microseconds(r.measured_at) AS us
    FROM api.reading AS r
    WHERE
        r.series_id = n.series_id AND r.measured_at < n.lo AND r.measured_at >= n.reach_lo
        AND r.measured_at BETWEEN :first AND :last
    ORDER BY r.measured_at DESC
    LIMIT 1
) AS b ON true
LEFT JOIN LATERAL (
    SELECT api.microseconds(r.measured_at) AS us
    FROM api.reading AS r
    WHERE
        r.series_id = n.series_id AND r.measured_at >= n.hi AND r.measured_at < n.reach_hi
        AND r.measured_at BETWEEN :first AND :last
    ORDER BY r.measured_at
    LIMIT 1
) AS a ON true
LEFT JOIN LATERAL (
    SELECT min(api.microseconds(x.measured_at)) AS us
    FROM (
        SELECT r.measured_at FROM api.reading AS r
        WHERE
            r.series_id = n.series_id AND r.measured_at < n.lo AND r.measured_at >= n.reach_lo
            AND r.measured_at BETWEEN :first AND :last
        ORDER BY r.measured_at DESC
        LIMIT n.context
    ) AS x
) AS c ON n.context > 0
LEFT JOIN LATERAL (
    SELECT max(api.microseconds(x.measured_at)) AS us
    FROM (
        SELECT r.measured_at FROM api.reading AS r
        WHERE
            r.series_id = n.series_id AND r.measured_at >= n.hi AND r.measured_at < n.reach_hi
            AND r.measured_at BETWEEN :first AND :last
        ORDER BY r.measured_at
        LIMIT n.context
    ) AS x
) AS d ON n.context > 0
LEFT JOIN LATERAL (
    SELECT api.microseconds(r.measured_at) AS us
    FROM api.reading AS r
    WHERE
        r.series_id = n.series_id AND r.measured_at < n.settled AND r.measured_at >= n.settled_reach
        AND r.measured_at BETWEEN :first AND :last
    ORDER BY r.measured_at DESC
    LIMIT 1
) AS e ON n.settled < n.lo
ORDER BY n.stretch;

-- name: read_windows
-- grain: (series, window [lo, hi]) · its readings in the order of time, as two arrays: one row each is half the cost of one per reading
WITH w AS MATERIALIZED (
    SELECT place, series_id, api.instant(lo) AS lo, api.instant(hi) AS hi
    FROM unnest(CAST(:series_ids AS int4[]), CAST(:lo AS int8[]), CAST(:hi AS int8[])) WITH ORDINALITY AS s (series_id, lo, hi, place)
)
SELECT CAST(w.place AS int4), x.at, x.value
FROM w
CROSS JOIN LATERAL (
    SELECT array_agg(m.measured_at) AS at, array_agg(m.value) AS value
    FROM (
        SELECT r.measured_at, r.value
        FROM api.reading AS r
        WHERE
            r.series_id = w.series_id AND r.measured_at BETWEEN w.lo AND w.hi
            AND r.measured_at BETWEEN :first AND :last
        ORDER BY r.measured_at
    ) AS m
) AS x
WHERE x.at IS NOT NULL
ORDER BY w.place;

-- name: read_counter_days
-- Days on which counters misbehaved, with `decided` where nothing is open.
SELECT
    series_id, local_date - date '1970-01-01' AS day, zeros, dips, resets, held_back,
    coalesce(api.microseconds(opened_at), :decided) AS opened_us
FROM api.counter_day
WHERE series_id = ANY (:series_ids)
ORDER BY series_id, local_date;
