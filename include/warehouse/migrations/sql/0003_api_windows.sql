-- A security_invoker view runs its functions as the caller, who has no USAGE on fleet: the zone is found by joins instead.
CREATE OR REPLACE VIEW api.series WITH (security_invoker = true) AS
    SELECT
        s.series_id, s.plant_id, s.device_id, s.customer_id, s.quantity, s.kind, s.origin,
        coalesce(p.timezone, home.timezone, t.timezone) AS timezone,
        coalesce(s.plant_id, d.plant_id) AS home_plant_id
    FROM fleet.series AS s
    JOIN fleet.tenant AS t ON t.tenant_id = s.tenant_id
    LEFT JOIN fleet.plant AS p ON p.plant_id = s.plant_id
    LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
    LEFT JOIN fleet.plant AS home ON home.plant_id = d.plant_id;
COMMENT ON COLUMN api.series.home_plant_id IS 'the plant itself, or the plant of the device';

-- The owner fills it and is not held by security that is enabled but not forced.
ALTER TABLE ops.dirty_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_reads_one_tenant ON ops.dirty_day FOR SELECT TO heliograph_api
    USING (series_id IN (SELECT s.series_id FROM fleet.series AS s));
CREATE VIEW api.dirty_day WITH (security_invoker = true) AS
    SELECT series_id, local_day FROM ops.dirty_day;

CREATE VIEW api.outbox WITH (security_invoker = true) AS
    SELECT mail_id, report_id, state, attempts, created_at, sent_at FROM ops.outbox;

CREATE VIEW api.migration WITH (security_invoker = true) AS
    SELECT version_num AS revision FROM heliograph_migration;

GRANT SELECT ON ops.dirty_day TO heliograph_api;
GRANT SELECT (mail_id, tenant_id, report_id, state, attempts, created_at, sent_at) ON ops.outbox TO heliograph_api;
GRANT SELECT ON heliograph_migration TO heliograph_api;
GRANT SELECT ON api.dirty_day, api.outbox, api.migration TO heliograph_api;
