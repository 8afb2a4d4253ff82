-- A tenant with plants of inverters: their series, published energies and targets, room for their readings.
INSERT INTO fleet.tenant (slug, name, timezone) VALUES ('bench', 'Bench', 'America/Sao_Paulo');
INSERT INTO fleet.app_user (tenant_id, email, role, password_hash, password_changed_at)
    SELECT tenant_id, 'u@x.example', 'client', '', now() FROM fleet.tenant;
INSERT INTO fleet.plant (tenant_id, plant_key, name, timezone, capacity_kwp)
    SELECT t.tenant_id, 'p' || i, 'Plant ' || i, 'America/Sao_Paulo', 1000
    FROM fleet.tenant AS t, generate_series(1, :plants) AS i;
INSERT INTO fleet.device (tenant_id, plant_id, device_key, kind, name, capacity_kw)
    SELECT tenant_id, plant_id, plant_key || ' ' || i, 'inverter', 'Inverter ' || i, 50
    FROM fleet.plant, generate_series(1, :per_plant) AS i;
INSERT INTO fleet.series (tenant_id, device_id, quantity, kind)
    SELECT tenant_id, device_id, 'ac_power_kw', 'power' FROM fleet.device ORDER BY device_id;
INSERT INTO fleet.series (tenant_id, plant_id, quantity, kind, origin)
    SELECT tenant_id, plant_id, 'ac_power_kw', 'power', 'derived' FROM fleet.plant;
INSERT INTO landing.document (
    tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, state, received_at, last_received_at
)
    SELECT tenant_id, 'telemetry_batches', 'x', repeat('a', 64), 'x', 1, 1, 'loaded', now(), now() FROM fleet.tenant;
SELECT ops.ensure_reading_partitions(ARRAY(SELECT CAST(:first AS date) + n FROM generate_series(0, :days) AS n), 'month');
INSERT INTO mart.energy_day (
    tenant_id, plant_id, device_id, local_date, starts_at, ends_at, energy_kwh, energy_source, recovered_kwh, integrated_kwh, covered_s,
    expected_s, completeness, computed_at
)
    SELECT p.tenant_id, p.plant_id, NULL, CAST(:first AS date) + n, d.at, d.at + interval '1 day', 5000, 'power', 0, 5000, 39600, 43200, 0.96, now()
    FROM fleet.plant AS p, generate_series(0, :days - 1) AS n,
        LATERAL (SELECT (CAST(:first AS date) + n)::timestamp AT TIME ZONE 'America/Sao_Paulo' AS at) AS d;
INSERT INTO fleet.target (plant_id, month, tenant_id, target_kwh)
    SELECT plant_id, m::date, tenant_id, 150000 FROM fleet.plant, generate_series('2026-01-01'::date, '2026-12-01', interval '1 month') AS m;
