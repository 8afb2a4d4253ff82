-- A tenant of four plants at noon of 21 November 2026 in Sao Paulo: one well, one with a dead inverter, one silent, one new.
INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('sample', 'Sample', 'America/Sao_Paulo');
INSERT INTO fleet.app_user (tenant_id, email, role, password_hash, password_changed_at)
    SELECT tenant_id, role || '@sample.example', role, :password_hash, '2026-01-01' FROM fleet.tenant, unnest(ARRAY['admin', 'client']) AS role;
INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone, city, capacity_kwp)
    SELECT tenant_id, key, p.name, 'America/Sao_Paulo', city, 360
    FROM fleet.tenant, (VALUES
        ('sol', 'Usina do Sol', 'Campinas'), ('serra', 'Usina da Serra', 'Petrópolis'),
        ('mar', 'Usina do Mar <b>', 'Niterói'), ('nova', 'Usina Nova', NULL)
    ) AS p (key, name, city);
INSERT INTO fleet.device (tenant_id, plant_id, device_key, kind, name, capacity_kw)
    SELECT tenant_id, plant_id, plant_key || i, 'inverter', 'INV-0' || i, 50
    FROM fleet.plant, generate_series(1, 6) AS i WHERE plant_key <> 'nova' ORDER BY plant_id, i;
INSERT INTO fleet.device (tenant_id, plant_id, device_key, kind, name)
    SELECT tenant_id, plant_id, 'sensor', 'sensor', 'Termômetro' FROM fleet.plant WHERE plant_key = 'sol';
INSERT INTO fleet.series (tenant_id, device_id, quantity, kind)
    SELECT tenant_id, device_id, CASE kind WHEN 'sensor' THEN 'temperature_c' ELSE 'ac_power_kw' END,
        CASE kind WHEN 'sensor' THEN 'gauge' ELSE 'power' END
    FROM fleet.device ORDER BY device_id;
INSERT INTO fleet.series (tenant_id, plant_id, quantity, kind, origin)
    SELECT tenant_id, plant_id, 'ac_power_kw', 'power', 'derived' FROM fleet.plant;
INSERT INTO fleet.tariff (plant_id, valid_from, tenant_id, price_per_kwh, currency)
    SELECT plant_id, '2026-01-01', tenant_id, 0.8, 'BRL' FROM fleet.plant;
INSERT INTO fleet.target (plant_id, month, tenant_id, target_kwh)
    SELECT plant_id, month::date, tenant_id, 48000
    FROM fleet.plant, generate_series('2026-01-01'::date, '2026-12-01', interval '1 month') AS month WHERE plant_key <> 'nova';
INSERT INTO fleet.target_revision (plant_id, month, revision, tenant_id, target_kwh, origin)
    SELECT plant_id, month, 1, tenant_id, target_kwh, 'unknown' FROM fleet.target;
INSERT INTO landing.document (tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, state, reason, received_at, last_received_at)
    SELECT tenant_id, feed, document.name, repeat(digit, 64), document.name, 125000, 30000, state, reason, '2026-11-21 14:55Z', '2026-11-21 14:55Z'
    FROM fleet.tenant, (VALUES
        ('telemetry_batches', 'batch.json.gz', 'a', 'loaded', NULL), ('registry', 'plants.csv', 'b', 'refused', 'no header')
    ) AS document (feed, name, digit, state, reason);
INSERT INTO landing.load (document_id, tenant_id, loaded_at, run_id, code_version, parsed_rows, inserted_rows, updated_rows, unchanged_rows,
    duplicate_rows, quarantined_rows, missing_values, quarantine_reasons, first_measured_at, last_measured_at, plant_ids)
    SELECT document_id, tenant_id, received_at, 'scheduled__2026-11-21T14:45:00+00:00', '1', 3460, 3457, 0, 0, 0, 3, 0,
        '{"subject_known": 2, "value_readable": 1}', '2026-11-20 03:00Z', '2026-11-21 14:55Z', ARRAY[1, 2, 3]
    FROM landing.document WHERE state = 'loaded';
INSERT INTO landing.quarantine (document_id, row_number, quantity, tenant_id, subject, broken_rules, payload)
    SELECT document_id, n, 'ac_power_kw', tenant_id, 'INV-99', ARRAY['subject_known'], '{"note": "<script>alert(1)</script>"}'
    FROM landing.document, generate_series(1, 2) AS n WHERE state = 'loaded'
    UNION ALL
    SELECT document_id, 3, 'ac_power_kw', tenant_id, 'serra3', ARRAY['value_readable'], '{"measured_at": "2026-11-21T12:00:00+00:00", "raw": "n/a"}'::jsonb
    FROM landing.document WHERE state = 'loaded';
SELECT ops.ensure_reading_partitions('{2026-11-17}', 'month');
INSERT INTO mart.reading (series_id, document_id, measured_at, value)
    SELECT s.series_id, 1, at, CASE
        WHEN d.kind = 'sensor' THEN 22 + 6 * sin((extract(epoch FROM at)::float8 / 3600 - 9) / 12 * pi())
        WHEN p.plant_key = 'serra' AND d.name = 'INV-03' THEN 0
        ELSE greatest(0, (38 + right(d.name, 1)::int) * sin((extract(hour FROM local) + extract(minute FROM local) / 60 - 6) / 12 * pi()))
    END
    FROM fleet.series AS s JOIN fleet.device AS d USING (device_id) JOIN fleet.plant AS p ON p.plant_id = d.plant_id,
        generate_series('2026-11-18 03:00Z'::timestamptz, '2026-11-21 14:55Z', interval '5 minutes') AS at,
        LATERAL (SELECT at AT TIME ZONE 'America/Sao_Paulo' AS local) AS clock
    WHERE p.plant_key <> 'mar' OR at < '2026-11-18 20:00Z';
INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, sum, mean, min, max, first, last, covered_s, expected_s,
    energy_kwh, computed_at)
    SELECT coalesce(plant.series_id, own.series_id), 'hour', hour, hour + interval '1 hour', (hour AT TIME ZONE 'America/Sao_Paulo')::date,
        count(*), sum(value), sum(value) / 12, min(value), max(value), min(value), max(value), 3600, 3600,
        CASE WHEN plant.series_id IS NULL THEN NULL ELSE sum(value) / 12 END, '2026-11-21 15:00Z'
    FROM mart.reading JOIN fleet.series AS own USING (series_id) JOIN fleet.device AS d USING (device_id)
        LEFT JOIN fleet.series AS plant ON plant.plant_id = d.plant_id AND d.kind = 'inverter',
        LATERAL (SELECT date_trunc('hour', measured_at) AS hour) AS at
    GROUP BY 1, hour, plant.series_id;
INSERT INTO mart.energy_day (tenant_id, plant_id, local_date, starts_at, ends_at, energy_kwh, energy_source, recovered_kwh, integrated_kwh,
    counted_kwh, covered_s, expected_s, completeness, computed_at)
    SELECT tenant_id, plant_id, day, day::timestamp AT TIME ZONE timezone, (day + 1)::timestamp AT TIME ZONE timezone,
        kwh, 'power', 0, kwh, CASE WHEN n = 9 THEN kwh * 1.08 ELSE kwh END, 40000, 43200, CASE WHEN n = 4 THEN 0.62 ELSE 0.97 END,
        '2026-11-21 15:00Z'
    FROM fleet.plant, generate_series(0, 34) AS n, LATERAL (SELECT '2026-10-18'::date + n AS day) AS on_day,
        LATERAL (SELECT CASE WHEN day = '2026-11-21' THEN 812.5
            ELSE (1500 + 260 * sin(n * 1.7)) * CASE WHEN plant_key = 'serra' AND day >= '2026-11-19' THEN 0.83 ELSE 1 END END AS kwh) AS made
    WHERE plant_key IN ('sol', 'serra') OR plant_key = 'mar' AND day <= '2026-11-18';
INSERT INTO mart.inverter_day (tenant_id, plant_id, device_id, local_date, verdict, method, reason, compared_kwh, expected_kwh, lost_kwh, zero_s,
    stale_s, night_s, computed_at)
    SELECT d.tenant_id, d.plant_id, d.device_id, day, verdict, CASE WHEN verdict = 'not compared' THEN NULL ELSE 'rating' END,
        CASE WHEN verdict = 'not compared' THEN 'too little energy' END, 250 * share, CASE WHEN verdict <> 'not compared' THEN 250 END,
        CASE WHEN verdict = 'not compared' THEN NULL WHEN share < 0.9 THEN 250 * (1 - share) ELSE 0 END,
        CASE verdict WHEN 'zero' THEN 40000 ELSE 0 END, 0, 0, '2026-11-21 15:00Z'
    FROM fleet.device AS d JOIN fleet.plant AS p USING (plant_id), generate_series(0, 34) AS n,
        LATERAL (SELECT '2026-10-18'::date + n AS day) AS on_day,
        LATERAL (SELECT CASE
            WHEN n = 12 THEN 'not compared' WHEN plant_key = 'serra' AND d.name = 'INV-03' AND day >= '2026-11-19' THEN 'zero'
            WHEN plant_key = 'serra' AND d.name = 'INV-05' AND n = 20 THEN 'low' ELSE 'normal' END AS verdict) AS judged,
        LATERAL (SELECT CASE verdict WHEN 'zero' THEN 0 WHEN 'low' THEN 0.85 ELSE 0.98 + 0.005 * right(d.name, 1)::int END AS share) AS made
    WHERE d.kind = 'inverter' AND (plant_key <> 'mar' OR day <= '2026-11-18');
INSERT INTO mart.alarm (tenant_id, plant_id, device_id, alarm_key, origin, code, name, severity, raised_at, is_open, lost_kwh, reported_at)
    SELECT d.tenant_id, d.plant_id, d.device_id, 'zero', 'heliograph', 'zero', 'No power', 'major', '2026-11-19 03:00Z', true, 500, '2026-11-21 15:00Z'
    FROM fleet.device AS d WHERE device_key = 'serra3';
INSERT INTO mart.alarm (tenant_id, plant_id, device_id, alarm_key, code, name, severity, raised_at, is_open, document_id, reported_at)
    SELECT d.tenant_id, d.plant_id, d.device_id, 'fan', '2032', 'Fan <i>fault</i>', 'minor', '2026-11-20 13:30Z', true, 1, '2026-11-21 15:00Z'
    FROM fleet.device AS d WHERE device_key = 'serra5';
INSERT INTO mart.report (tenant_id, plant_id, kind, starts_on, ends_on, language, revision, fingerprint, figures, uri, pdf_sha256, size_bytes,
    issued_at, run_id)
    SELECT tenant_id, plant_id, 'month', '2026-10-01', '2026-10-31', language, 1, language, '{}', :report, :report_sha256, 2009, '2026-11-01 09:00Z', 'run'
    FROM fleet.plant, unnest(ARRAY['en', 'pt-BR']) AS language WHERE plant_key = 'serra';
INSERT INTO mart.forecast
    SELECT p.plant_id, '2026-11-21', p.tenant_id, '2026-11-21 09:00Z', 56, NULL, h.at, h.low, h.middle, h.high, h.d10, h.d50, h.d90, '2026-11-21 09:00Z'
    FROM fleet.plant AS p, (
        SELECT array_agg('2026-11-22 03:00Z'::timestamptz + n * interval '1 hour' ORDER BY n) AS at,
            array_agg(10.0::float8 ORDER BY n) AS low, array_agg(20.0::float8 ORDER BY n) AS middle, array_agg(30.0::float8 ORDER BY n) AS high,
            (array_agg(900.0 + n::float8 * 10 ORDER BY n))[1:7] AS d10, (array_agg(1400.0 + n::float8 * 10 ORDER BY n))[1:7] AS d50,
            (array_agg(1700.0 + n::float8 * 10 ORDER BY n))[1:7] AS d90
        FROM generate_series(0, 167) AS n
    ) AS h
    WHERE plant_key = 'serra';
INSERT INTO fleet.customer (tenant_id, document, name)
    SELECT tenant_id, document, c.name FROM fleet.tenant, (VALUES ('11222333000181', 'Padaria Pão'), ('52998224725', 'Casa Lima')) AS c (document, name);
INSERT INTO fleet.consumption_point (tenant_id, customer_id) SELECT tenant_id, customer_id FROM fleet.customer;
INSERT INTO fleet.series (tenant_id, customer_id, point_id, quantity, kind)
    SELECT tenant_id, customer_id, point_id, 'consumption_kwh', 'amount' FROM fleet.consumption_point;
INSERT INTO mart.rollup (series_id, grain, starts_at, ends_at, local_date, reading_count, covered_s, expected_s, energy_kwh, computed_at)
    SELECT series_id, 'month', month::timestamp AT TIME ZONE 'America/Sao_Paulo', (month + interval '1 month')::timestamp AT TIME ZONE 'America/Sao_Paulo',
        month::date, 1, 0, 0, CASE WHEN customer_id = 1 AND month = '2026-10-01' THEN 2400 ELSE 800 + 40 * extract(month FROM month) END, '2026-11-21 15:00Z'
    FROM fleet.series, generate_series('2026-01-01'::date, '2026-10-01', interval '1 month') AS month WHERE quantity = 'consumption_kwh';
INSERT INTO mart.consumption_check (customer_id, month, tenant_id, consumption_kwh, method, expected_kwh, lower_kwh, upper_kwh, score, verdict, reason,
    checked_at)
    SELECT customer_id, month::date, tenant_id, CASE WHEN customer_id = 1 AND month = '2026-10-01' THEN 2400 ELSE 800 + 40 * extract(month FROM month) END,
        'short', 1000, 700, 1400, CASE WHEN customer_id = 1 AND month = '2026-10-01' THEN 3.5 ELSE 0.2 END,
        CASE WHEN customer_id = 1 AND month = '2026-10-01' THEN 'high' ELSE 'usual' END,
        CASE WHEN customer_id = 1 AND month = '2026-10-01' THEN '{"en": "far above the last months", "pt-BR": "muito acima dos últimos meses"}'::jsonb END,
        '2026-11-21 15:00Z'
    FROM fleet.customer, generate_series('2026-05-01'::date, '2026-10-01', interval '1 month') AS month;
