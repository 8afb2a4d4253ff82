-- Readings every five minutes and the roll-ups that belong to them.
INSERT INTO mart.reading (series_id, document_id, measured_at, value)
    SELECT s.series_id, 1, d.day + i * interval '5 minutes', greatest(0, 40 * sin((i / 12.0 - 6) / 12 * pi()))
    FROM fleet.series AS s,
        (
            SELECT (CAST(:first AS date) + n)::timestamp AT TIME ZONE 'America/Sao_Paulo' AS day FROM generate_series(0, :days - 1) AS n
        ) AS d,
        generate_series(0, 287) AS i
    WHERE s.origin = 'measured' ORDER BY s.series_id, 3;
INSERT INTO mart.rollup (
    series_id, grain, starts_at, ends_at, local_date, reading_count, sum, mean, min, max, first, last, stddev, median, p95, p99,
    active_minutes, covered_s, expected_s, energy_kwh, computed_at
)
    SELECT s.series_id, g.grain, g.at, g.at + g.length, (g.at AT TIME ZONE 'America/Sao_Paulo')::date, 12, 500.4, v, v / 2, v * 1.1, v,
        v, 1.9, v, v, v, 12, 3600, 3600, v, now()
    FROM fleet.series AS s, (
        SELECT 'hour' AS grain, interval '1 hour' AS length, (CAST(:first AS date)::timestamp AT TIME ZONE 'America/Sao_Paulo') + n * interval '1 hour' AS at
        FROM generate_series(0, :days * 24 - 1) AS n
        UNION ALL
        SELECT 'day', interval '1 day', (CAST(:first AS date)::timestamp AT TIME ZONE 'America/Sao_Paulo') + n * interval '1 day'
        FROM generate_series(0, :days - 1) AS n
    ) AS g, LATERAL (SELECT 41.7 + s.series_id % 10 / 7.0 AS v) AS x ORDER BY s.series_id, g.grain, g.at;
