-- name: read_series_spans
-- Measured series but states: the first and last local day, since 1970, of a reading or an hour's or day's bucket (of amounts a month's).
SELECT
    s.series_id AS id, (least(r.first, b.first) AT TIME ZONE z.timezone)::date - date '1970-01-01' AS first_day,
    (greatest(r.last, b.last) AT TIME ZONE z.timezone)::date - date '1970-01-01' AS last_day
FROM fleet.series AS s
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
LEFT JOIN fleet.plant AS p ON p.plant_id = coalesce(s.plant_id, d.plant_id)
CROSS JOIN LATERAL (SELECT coalesce(p.timezone, t.timezone) AS timezone) AS z
CROSS JOIN LATERAL (
    SELECT min(measured_at) AS first, max(measured_at) AS last FROM mart.reading AS x WHERE x.series_id = s.series_id
) AS r
CROSS JOIN LATERAL (
    SELECT min(x.first) AS first, max(x.last) AS last
    FROM unnest(CASE s.kind WHEN 'amount' THEN ARRAY['day', 'month'] ELSE ARRAY['hour', 'day'] END) AS g (grain)
    CROSS JOIN LATERAL (
        SELECT min(starts_at) AS first, max(starts_at) AS last FROM mart.rollup AS o WHERE o.series_id = s.series_id AND o.grain = g.grain
    ) AS x
) AS b
WHERE
    s.origin = 'measured' AND s.kind <> 'state' AND (CAST(:tenant AS text) IS NULL OR t.slug = :tenant)
    AND (CAST(:plants AS text[]) IS NULL OR p.plant_key = ANY (:plants))
    AND (CAST(:series_ids AS int[]) IS NULL OR s.series_id = ANY (:series_ids))
ORDER BY s.series_id;

-- name: read_plant_spans
-- Plants: the first and last local day, since 1970, of a published energy, or of a reading or day's bucket that tells one.
WITH told AS (
    SELECT
        p.plant_id, min((least(r.first, b.first) AT TIME ZONE p.timezone)::date) AS first_day,
        max((greatest(r.last, b.last) AT TIME ZONE p.timezone)::date) AS last_day
    FROM fleet.series AS s
    LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
    JOIN fleet.plant AS p ON p.plant_id = coalesce(s.plant_id, d.plant_id)
    CROSS JOIN LATERAL (
        SELECT min(measured_at) AS first, max(measured_at) AS last FROM mart.reading AS x WHERE x.series_id = s.series_id
    ) AS r
    CROSS JOIN LATERAL (
        SELECT min(starts_at) AS first, max(starts_at) AS last FROM mart.rollup AS x WHERE x.series_id = s.series_id AND x.grain = 'day'
    ) AS b
    WHERE s.quantity = ANY (:quantities)
    GROUP BY p.plant_id
), published AS (
    SELECT plant_id, min(local_date) AS first_day, max(local_date) AS last_day FROM mart.energy_day GROUP BY plant_id
)
SELECT
    p.plant_id AS id, least(w.first_day, e.first_day) - date '1970-01-01' AS first_day,
    greatest(w.last_day, e.last_day) - date '1970-01-01' AS last_day
FROM fleet.plant AS p
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN told AS w USING (plant_id)
LEFT JOIN published AS e USING (plant_id)
WHERE
    (CAST(:tenant AS text) IS NULL OR t.slug = :tenant) AND (CAST(:plants AS text[]) IS NULL OR p.plant_key = ANY (:plants))
ORDER BY p.plant_id;

-- name: find_told_days
-- Places of the days (since 1970) of series on which, or half a day around which, there is a reading, or that begin a bucket.
SELECT w.place
FROM unnest(CAST(:series_ids AS int[]), CAST(:days AS int[])) WITH ORDINALITY AS w (series_id, day, place)
CROSS JOIN LATERAL (SELECT (date '1970-01-01' + w.day)::timestamp AT TIME ZONE 'UTC' AS noted_at) AS d
WHERE
    EXISTS (
        SELECT 1
        FROM mart.reading AS r
        WHERE
            r.series_id = w.series_id AND r.measured_at >= d.noted_at - interval '14 hours'
            AND r.measured_at < d.noted_at + interval '36 hours'
    )
    OR EXISTS (
        SELECT 1
        FROM mart.rollup AS b
        WHERE
            b.series_id = w.series_id AND b.grain IN ('hour', 'day', 'month') AND b.local_date = date '1970-01-01' + w.day
            AND b.starts_at >= d.noted_at - interval '14 hours' AND b.starts_at < d.noted_at + interval '36 hours'
    )
ORDER BY w.place;
