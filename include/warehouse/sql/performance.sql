-- name: read_performance
-- grain: (plant, window of local days) · reads the api views, so it holds for both roles
-- A day counts when its energy is known to at least :min_completeness and its month has a target; energy and target are summed over the
-- same days.
WITH asked AS (
    SELECT a.plant_id, a.name, a.first_day, a.last_day, a.place
    FROM unnest(
        CAST(:plant_ids AS int[]), CAST(:names AS text[]), CAST(:first_days AS date[]), CAST(:last_days AS date[])
    ) WITH ORDINALITY AS a (plant_id, name, first_day, last_day, place)
    JOIN api.plant AS p ON p.plant_id = a.plant_id
), reach AS MATERIALIZED (
    SELECT plant_id, min(first_day) AS first_day, max(last_day) AS last_day FROM asked GROUP BY plant_id
), made AS MATERIALIZED (
    -- Under row security a condition goes to the index only where nothing is computed in it: so the days come before the calendar.
    SELECT d.*
    FROM reach AS r
    CROSS JOIN LATERAL (
        SELECT plant_id, local_date, energy_kwh, energy_source, recovered_kwh, completeness
        FROM api.plant_day
        WHERE plant_id = r.plant_id AND local_date >= r.first_day AND local_date <= r.last_day
    ) AS d
), day AS (
    SELECT
        r.plant_id, d::date AS local_date, made.energy_kwh, made.energy_source, made.recovered_kwh,
        made.completeness >= :min_completeness AS is_complete, t.target_per_day_kwh AS target_kwh
    FROM reach AS r
    CROSS JOIN LATERAL generate_series(CAST(r.first_day AS timestamp), CAST(r.last_day AS timestamp), interval '1 day') AS d
    LEFT JOIN made ON made.plant_id = r.plant_id AND made.local_date = d::date
    LEFT JOIN api.target AS t ON t.plant_id = r.plant_id AND t.month = date_trunc('month', d)::date
), counted AS (
    SELECT *, coalesce(is_complete, false) AND target_kwh IS NOT NULL AS is_counted FROM day
), newest AS (
    SELECT DISTINCT ON (plant_id, month) plant_id, month, revision, target_kwh, origin, told_at
    FROM api.target_revision
    WHERE plant_id = ANY (CAST(:plant_ids AS int[]))
    ORDER BY plant_id, month, revision DESC
)
SELECT
    a.plant_id, a.name AS window, a.last_day - a.first_day + 1 AS window_days, a.first_day, a.last_day,
    sum(c.energy_kwh) FILTER (WHERE c.is_counted) AS energy_kwh,
    sum(c.target_kwh) FILTER (WHERE c.is_counted) AS target_kwh,
    sum(c.energy_kwh) FILTER (WHERE c.is_counted) / nullif(sum(c.target_kwh) FILTER (WHERE c.is_counted), 0) AS performance_index,
    sum(c.energy_kwh) AS measured_kwh,
    sum(c.recovered_kwh) AS recovered_kwh,
    coalesce(array_agg(DISTINCT c.energy_source ORDER BY c.energy_source) FILTER (WHERE c.energy_source IS NOT NULL), '{}') AS energy_sources,
    count(*) FILTER (WHERE c.is_counted) AS days_counted,
    count(*) AS days_expected,
    count(*) FILTER (WHERE c.target_kwh IS NULL) AS days_without_target,
    CASE
        WHEN bool_or(c.is_counted) THEN NULL
        WHEN bool_and(c.target_kwh IS NULL) THEN 'target'
        ELSE 'energy'
    END AS missing,
    (
        SELECT
            coalesce(
                json_agg(
                    json_build_object(
                        'month', to_char(n.month, 'YYYY-MM'), 'target_kwh', n.target_kwh, 'revision', n.revision, 'origin', n.origin,
                        'told_at', n.told_at
                    )
                    ORDER BY n.month
                ),
                '[]'
            )
        FROM newest AS n
        WHERE
            n.plant_id = a.plant_id AND n.target_kwh IS NOT NULL AND n.month <= a.last_day
            AND n.month >= date_trunc('month', CAST(a.first_day AS timestamp))::date
    ) AS targets
FROM asked AS a
JOIN counted AS c ON c.plant_id = a.plant_id AND c.local_date BETWEEN a.first_day AND a.last_day
GROUP BY a.place, a.plant_id, a.name, a.first_day, a.last_day
ORDER BY a.place;

-- name: read_performance_indices
-- grain: (plant, window of local days), in the order asked. The performance_index of read_performance alone, for a whole fleet at once.
WITH asked AS MATERIALIZED (
    SELECT a.*, date_trunc('month', CAST(a.first_day AS timestamp))::date AS first_month
    FROM unnest(CAST(:plant_ids AS int[]), CAST(:first_days AS date[]), CAST(:last_days AS date[]))
        WITH ORDINALITY AS a (plant_id, first_day, last_day, place)
)
SELECT i.performance_index
FROM asked AS a
CROSS JOIN LATERAL (
    SELECT sum(d.energy_kwh) / nullif(sum(t.target_per_day_kwh), 0) AS performance_index
    FROM api.plant_day AS d
    JOIN api.target AS t ON t.month = date_trunc('month', CAST(d.local_date AS timestamp))::date
    WHERE
        d.plant_id = a.plant_id AND d.local_date >= a.first_day AND d.local_date <= a.last_day AND d.completeness >= :min_completeness
        AND t.plant_id = a.plant_id AND t.month >= a.first_month AND t.month <= a.last_day
) AS i
ORDER BY a.place;
