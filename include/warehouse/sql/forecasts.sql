-- name: find_due_plants
-- Plants whose forecast of the local day on which it is :now there is due, from :due_at on, and not told yet.
SELECT p.plant_id
FROM fleet.plant AS p
CROSS JOIN LATERAL (SELECT CAST(:now AS timestamptz) AT TIME ZONE p.timezone AS local_time) AS l
WHERE
    l.local_time::time >= CAST(:due_at AS time)
    AND NOT EXISTS (SELECT 1 FROM mart.forecast AS f WHERE f.plant_id = p.plant_id AND f.issued_on = l.local_time::date)
ORDER BY p.plant_id;

-- name: insert_forecast
-- What was told stays: a second forecast of the same day is left out.
INSERT INTO mart.forecast (
    plant_id, issued_on, tenant_id, issued_at, days_known, reason, starts_at, p10_kwh, p50_kwh, p90_kwh, day_p10_kwh, day_p50_kwh,
    day_p90_kwh, computed_at, day_by_weather, day_weather_skill, weather_reason
)
VALUES (
    :plant_id, :issued_on, :tenant_id, :issued_at, :days_known, :reason, CAST(:starts_at AS timestamptz[]), CAST(:p10_kwh AS float8[]),
    CAST(:p50_kwh AS float8[]), CAST(:p90_kwh AS float8[]), CAST(:day_p10_kwh AS float8[]), CAST(:day_p50_kwh AS float8[]),
    CAST(:day_p90_kwh AS float8[]), :computed_at,
    CAST(:day_by_weather AS boolean[]), CAST(:day_weather_skill AS float8[]), :weather_reason
)
ON CONFLICT (plant_id, issued_on) DO NOTHING;

-- name: read_forecast
-- The forecast that a plant was told on a day, or the newest one, as JSON with its hours and days; real energies beside them.
SELECT set_config('TimeZone', :timezone, true);
WITH told AS (
    SELECT * FROM api.forecast
    WHERE plant_id = :plant_id AND (CAST(:issued_on AS date) IS NULL OR issued_on = :issued_on)
    ORDER BY issued_on DESC LIMIT 1
)
SELECT json_build_object(
    'issued_on', t.issued_on, 'issued_at', t.issued_at, 'days_known', t.days_known, 'reason', t.reason,
    'weather_reason', t.weather_reason,
    'days', coalesce((
        SELECT json_agg(json_build_object(
            'local_date', t.issued_on + n::int, 'p10_kwh', p10, 'p50_kwh', p50, 'p90_kwh', p90,
            'energy_kwh', CASE WHEN d.completeness >= :min_completeness THEN d.energy_kwh END,
            'by_weather', coalesce(t.day_by_weather[n], false), 'weather_skill', t.day_weather_skill[n]
        ) ORDER BY n)
        FROM unnest(t.day_p10_kwh, t.day_p50_kwh, t.day_p90_kwh) WITH ORDINALITY AS u (p10, p50, p90, n)
        LEFT JOIN api.plant_day AS d ON d.plant_id = t.plant_id AND d.local_date = t.issued_on + n::int
    ), '[]'),
    'hours', coalesce((
        SELECT json_agg(json_build_object('starts_at', at, 'p10_kwh', p10, 'p50_kwh', p50, 'p90_kwh', p90) ORDER BY at)
        FROM unnest(t.starts_at, t.p10_kwh, t.p50_kwh, t.p90_kwh) AS u (at, p10, p50, p90)
    ), '[]')
)::text AS data
FROM told AS t
