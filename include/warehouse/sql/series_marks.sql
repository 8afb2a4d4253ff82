-- name: find_unmarked_days
-- Days of powers and gauges, over by :now, whose readings changed after they were marked or were never marked, the newest first; with what is
-- usual of the series: its peak and over how much it moves in a day.
SELECT s.series_id, s.tenant_id, s.kind, d.local_date, d.starts_at, d.ends_at, d.rolled_up_at, d.reading_count, u.usual_peak, u.usual_span
FROM fleet.series AS s
CROSS JOIN LATERAL (
    SELECT r.local_date, r.starts_at, r.ends_at, r.computed_at AS rolled_up_at, r.reading_count
    FROM mart.rollup_day AS r
    WHERE
        r.series_id = s.series_id AND r.grain = 'day' AND r.starts_at > CAST(:now AS timestamptz) - interval '36 days' AND r.ends_at <= :now
        AND NOT EXISTS (
            SELECT 1 FROM mart.series_mark AS m
            WHERE m.series_id = r.series_id AND m.local_date = r.local_date AND m.rolled_up_at >= r.computed_at
        )
) AS d
CROSS JOIN LATERAL (
    SELECT
        percentile_cont(0.9) WITHIN GROUP (ORDER BY r.max) AS usual_peak, percentile_cont(0.5) WITHIN GROUP (ORDER BY r.max - r.min) AS usual_span
    FROM mart.rollup_day AS r
    WHERE r.series_id = s.series_id AND r.grain = 'day' AND r.starts_at > CAST(:now AS timestamptz) - interval '36 days'
) AS u
WHERE s.kind IN ('power', 'gauge') AND s.origin <> 'derived' AND u.usual_peak IS NOT NULL
ORDER BY d.starts_at DESC, s.series_id
LIMIT :limit;

-- name: read_readings
-- grain: reading of each series in [lo, hi) [us since 1970], in the order of time
SELECT w.number, m.measured_at, m.value
FROM unnest(CAST(:numbers AS int[]), CAST(:series_ids AS int[]), CAST(:lo AS int8[]), CAST(:hi AS int8[])) AS w (number, series_id, lo, hi)
JOIN LATERAL (
    SELECT r.measured_at, r.value FROM mart.reading AS r
    WHERE r.series_id = w.series_id AND r.measured_at >= api.instant(w.lo) AND r.measured_at < api.instant(w.hi)
) AS m ON true
ORDER BY w.number, m.measured_at;

-- name: write_marks
-- grain: (series, local day)
INSERT INTO mart.series_mark (
    series_id, local_date, tenant_id, reading_count, stale_count, interpolated_count, outlier_count, rolled_up_at, computed_at
)
SELECT w.*, CAST(:computed_at AS timestamptz)
FROM unnest(
    CAST(:series_id AS int[]), CAST(:local_date AS date[]), CAST(:tenant_id AS int[]), CAST(:reading_count AS int8[]),
    CAST(:stale_count AS int8[]), CAST(:interpolated_count AS int8[]), CAST(:outlier_count AS int8[]), CAST(:rolled_up_at AS timestamptz[])
) AS w
ON CONFLICT (series_id, local_date) DO UPDATE SET
    reading_count = EXCLUDED.reading_count, stale_count = EXCLUDED.stale_count, interpolated_count = EXCLUDED.interpolated_count,
    outlier_count = EXCLUDED.outlier_count, rolled_up_at = EXCLUDED.rolled_up_at,
    computed_at = EXCLUDED.computed_at;
