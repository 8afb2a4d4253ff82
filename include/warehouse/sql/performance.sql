-- name: read_performance
-- grain: (plant, window of so many local days that ends on :as_of) · reads the api views, so it holds for both roles
-- A day counts when its energy is known to at least :min_completeness and its month has a target; energy and target are summed over the
-- same days.
WITH made AS (
    SELECT plant_id, local_date, energy_kwh, energy_source, recovered_kwh, completeness >= :min_completeness AS is_complete
    FROM api.plant_day
    WHERE plant_id = ANY (:plant_ids)
        AND local_date > CAST(:as_of AS date) - CAST(:longest_days AS int) AND local_date <= CAST(:as_of AS date)
), day AS (
    SELECT p.plant_id, w.days AS window_days, d::date AS local_date
    FROM api.plant AS p
    CROSS JOIN unnest(CAST(:window_days AS int[])) AS w (days)
    CROSS JOIN LATERAL generate_series(
        CAST(:as_of AS date) - (w.days - 1), CAST(:as_of AS date), interval '1 day'
    ) AS d
    WHERE p.plant_id = ANY (:plant_ids)
), measured AS (
    SELECT
        day.plant_id, day.window_days, day.local_date, made.energy_kwh, made.energy_source, made.recovered_kwh, made.is_complete,
        t.target_per_day_kwh AS target_kwh
    FROM day
    LEFT JOIN made ON made.plant_id = day.plant_id AND made.local_date = day.local_date
    LEFT JOIN api.target AS t ON t.plant_id = day.plant_id AND t.month = date_trunc('month', day.local_date)::date
), counted AS (
    SELECT *, coalesce(is_complete, false) AND target_kwh IS NOT NULL AS is_counted FROM measured
)
SELECT
    plant_id, window_days, min(local_date) AS first_day, max(local_date) AS last_day,
    sum(energy_kwh) FILTER (WHERE is_counted) AS energy_kwh,
    sum(target_kwh) FILTER (WHERE is_counted) AS target_kwh,
    sum(energy_kwh) FILTER (WHERE is_counted) / nullif(sum(target_kwh) FILTER (WHERE is_counted), 0) AS performance_index,
    sum(energy_kwh) AS measured_kwh,
    sum(recovered_kwh) AS recovered_kwh,
    coalesce(array_agg(DISTINCT energy_source ORDER BY energy_source) FILTER (WHERE energy_source IS NOT NULL), '{}') AS energy_sources,
    count(*) FILTER (WHERE is_counted) AS days_counted,
    window_days AS days_expected,
    count(*) FILTER (WHERE target_kwh IS NULL) AS days_without_target
FROM counted
GROUP BY plant_id, window_days
ORDER BY plant_id, window_days;
