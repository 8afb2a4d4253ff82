-- Readings of the last day.
INSERT INTO mart.reading (series_id, document_id, measured_at, value)
    SELECT s.series_id, 1, CAST(:today AS timestamp) AT TIME ZONE 'America/Sao_Paulo' + i * interval '5 minutes', 40
    FROM fleet.series AS s, generate_series(0, 143) AS i
    WHERE s.origin = 'measured' ORDER BY s.series_id, 3;
