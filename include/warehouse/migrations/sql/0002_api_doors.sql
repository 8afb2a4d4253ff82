-- Row level security below, views above. The API role sees one tenant, set per transaction with
-- set_config('heliograph.tenant_id', ..., true); without it every table is empty. It has no USAGE on the inner schemas,
-- so that only the views of schema api can be named.

DO $$
DECLARE
    tenant_table text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'heliograph_api') THEN
        RAISE EXCEPTION 'role heliograph_api does not exist'
            USING HINT = 'CREATE ROLE heliograph_api LOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT PASSWORD ''...''';
    END IF;
    FOREACH tenant_table IN ARRAY ARRAY[
        'fleet.tenant', 'fleet.plant', 'fleet.device', 'fleet.customer', 'fleet.series', 'fleet.target', 'fleet.tariff',
        'landing.document', 'landing.load', 'landing.quarantine', 'mart.report', 'ops.outbox'
    ] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY owner_writes ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', tenant_table);
        EXECUTE format(
            'CREATE POLICY api_reads_one_tenant ON %s FOR SELECT TO heliograph_api '
            'USING (tenant_id = (SELECT NULLIF(current_setting(''heliograph.tenant_id'', true), '''')::int))', tenant_table
        );
    END LOOP;
    -- Rows of these belong to a tenant through their series. COPY refuses tables under FORCEd security, and the owner is the only
    -- one who fills them.
    FOREACH tenant_table IN ARRAY ARRAY['mart.reading', 'mart.state_event', 'mart.rollup', 'mart.superseded_reading'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format(
            'CREATE POLICY api_reads_one_tenant ON %s FOR SELECT TO heliograph_api '
            'USING (series_id IN (SELECT s.series_id FROM fleet.series AS s))', tenant_table
        );
    END LOOP;
END $$;
ALTER TABLE mart.rollup_hour  ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.rollup_day   ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.rollup_week  ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.rollup_month ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.rollup_year  ENABLE ROW LEVEL SECURITY;

ALTER TABLE fleet.app_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE fleet.app_user FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_writes ON fleet.app_user TO CURRENT_USER USING (true) WITH CHECK (true);
-- Before a tenant is known the API sees the one row whose e-mail is being tried; afterwards, users of the tenant.
CREATE POLICY api_reads_one_login ON fleet.app_user FOR SELECT TO heliograph_api USING (
    email = NULLIF(current_setting('heliograph.login_email', true), '')
    OR tenant_id = (SELECT NULLIF(current_setting('heliograph.tenant_id', true), '')::int)
);

CREATE VIEW api.login WITH (security_invoker = true) AS
    SELECT user_id, tenant_id, email, role, password_hash, password_changed_at, is_active FROM fleet.app_user;

CREATE VIEW api.tenant WITH (security_invoker = true) AS
    SELECT tenant_id, slug, name, timezone, language FROM fleet.tenant;

CREATE VIEW api.plant WITH (security_invoker = true) AS
    SELECT plant_id, source, plant_key, name, timezone, city, latitude, longitude, capacity_kwp, capacity_kw, commissioned_on
    FROM fleet.plant;

CREATE VIEW api.device WITH (security_invoker = true) AS
    SELECT device_id, source, device_key, plant_id, parent_device_id, kind, name, model, capacity_kw FROM fleet.device;

CREATE VIEW api.customer WITH (security_invoker = true) AS
    SELECT customer_id, document, name FROM fleet.customer;

CREATE VIEW api.series WITH (security_invoker = true) AS
    SELECT series_id, plant_id, device_id, customer_id, quantity, kind, origin, mart.series_timezone(s) AS timezone
    FROM fleet.series AS s;

CREATE VIEW api.reading WITH (security_invoker = true) AS
    SELECT series_id, measured_at, value, document_id FROM mart.reading;

CREATE VIEW api.state_event WITH (security_invoker = true) AS
    SELECT series_id, happened_at, state, document_id FROM mart.state_event;

CREATE VIEW api.rollup WITH (security_invoker = true) AS
    SELECT
        series_id, grain, starts_at, ends_at, local_date, reading_count, sum, mean, min, max, first, last, stddev,
        median, p95, p99, active_minutes, covered_s, expected_s, energy_kwh, computed_at
    FROM mart.rollup;

CREATE VIEW api.target WITH (security_invoker = true) AS
    SELECT plant_id, month, target_kwh FROM fleet.target;

CREATE VIEW api.tariff WITH (security_invoker = true) AS
    SELECT plant_id, valid_from, price_per_kwh, currency FROM fleet.tariff;

CREATE VIEW api.consumption WITH (security_invoker = true) AS
    SELECT c.customer_id, c.document, c.name, r.local_date AS month, r.energy_kwh AS consumption_kwh, r.computed_at
    FROM fleet.customer AS c
    JOIN fleet.series AS s ON s.customer_id = c.customer_id AND s.quantity = 'consumption_kwh'
    JOIN mart.rollup AS r ON r.series_id = s.series_id AND r.grain = 'month';

CREATE VIEW api.document WITH (security_invoker = true) AS
    SELECT
        d.document_id, d.feed, d.original_name, d.sha256, d.size_bytes, d.stored_bytes, d.state, d.reason, d.received_at,
        d.delivery_count, d.last_received_at, l.loaded_at, l.run_id, l.code_version, l.parsed_rows, l.inserted_rows, l.updated_rows,
        l.unchanged_rows, l.duplicate_rows, l.quarantined_rows, l.missing_values, l.quarantine_reasons, l.quality_suite,
        l.first_measured_at, l.last_measured_at
    FROM landing.document AS d
    LEFT JOIN LATERAL (
        SELECT * FROM landing.load AS l WHERE l.document_id = d.document_id ORDER BY l.load_id DESC LIMIT 1
    ) AS l ON true;

CREATE VIEW api.quarantine WITH (security_invoker = true) AS
    SELECT q.document_id, q.row_number, q.quantity, q.subject, q.broken_rules, q.payload, d.feed, d.original_name, d.received_at
    FROM landing.quarantine AS q JOIN landing.document AS d USING (document_id);

CREATE VIEW api.report WITH (security_invoker = true) AS
    SELECT
        report_id, plant_id, kind, starts_on, ends_on, language, revision, fingerprint, figures, uri, pdf_sha256, size_bytes, issued_at
    FROM mart.report;

GRANT USAGE ON SCHEMA api TO heliograph_api;
GRANT SELECT ON ALL TABLES IN SCHEMA api TO heliograph_api;
GRANT SELECT ON
    fleet.tenant, fleet.app_user, fleet.plant, fleet.device, fleet.customer, fleet.series, fleet.target, fleet.tariff,
    landing.document, landing.load, landing.quarantine,
    mart.reading, mart.state_event, mart.rollup, mart.report
TO heliograph_api;
REVOKE EXECUTE ON FUNCTION ops.ensure_reading_partitions FROM PUBLIC;

-- What the role may do is limited once more in the role itself, where the owner of the database may set it.
DO $$
BEGIN
    ALTER ROLE heliograph_api SET default_transaction_read_only = on;
    ALTER ROLE heliograph_api SET statement_timeout = '15s';
    ALTER ROLE heliograph_api SET idle_in_transaction_session_timeout = '30s';
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'heliograph_api keeps its role settings; the API sets them per session';
END $$;
