-- Accounts in vendors' clouds as their tenant may read them: every column by name, so none that is a secret, now or later.
CREATE POLICY api_reads_one_tenant ON fleet.integration FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
CREATE POLICY api_reads_one_tenant ON ops.pull FOR SELECT TO heliograph_api
    USING (integration_id IN (SELECT i.integration_id FROM fleet.integration AS i));
CREATE POLICY api_reads_one_tenant ON ops.vendor_block FOR SELECT TO heliograph_api
    USING (integration_id IN (SELECT i.integration_id FROM fleet.integration AS i));
GRANT SELECT (
    integration_id, tenant_id, vendor, name, state, reason, state_set_at, next_due_at, last_answer_at, figures_at, troubled_at, last_reason,
    last_reason_at
) ON fleet.integration TO heliograph_api;
GRANT SELECT (integration_id, purpose, state, due_at) ON ops.pull TO heliograph_api;
GRANT SELECT (integration_id, interface, ends_at, reason) ON ops.vendor_block TO heliograph_api;
GRANT SELECT (plant_id, integration_id) ON fleet.plant TO heliograph_api;

CREATE VIEW api.account WITH (security_invoker = true) AS
    SELECT
        i.integration_id AS account_id, i.vendor, i.name, i.state, i.reason, i.state_set_at AS state_since,
        (SELECT count(*) FROM fleet.plant AS p WHERE p.integration_id = i.integration_id) AS plants,
        (SELECT count(*) FROM ops.pull AS w WHERE w.integration_id = i.integration_id AND w.state = 'waiting') AS waiting,
        (SELECT count(*) FROM ops.pull AS w WHERE w.integration_id = i.integration_id AND w.state = 'refused') AS refused,
        i.next_due_at, i.last_answer_at, i.figures_at, i.troubled_at, i.last_reason, i.last_reason_at
    FROM fleet.integration AS i;
COMMENT ON VIEW api.account IS 'accounts in vendors'' clouds: their state, what waits and when they are asked next; no credentials';
CREATE VIEW api.account_block WITH (security_invoker = true) AS
    SELECT integration_id AS account_id, interface, ends_at, reason FROM ops.vendor_block;
COMMENT ON VIEW api.account_block IS 'interfaces that a vendor refuses an account for now';
GRANT SELECT ON api.account, api.account_block TO heliograph_api;

-- The tables have no tenant of their own: without this, what one account waits for would be a change of every tenant.
CREATE FUNCTION ops.note_change_by_integration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ops.note_change(
        (SELECT array_agg(DISTINCT i.tenant_id) FROM changed AS c JOIN fleet.integration AS i USING (integration_id))
    );
    RETURN NULL;
END $$;
SELECT ops.note_changes_with('ops.pull', 'ops.note_change_by_integration');
SELECT ops.note_changes_with('ops.vendor_block', 'ops.note_change_by_integration');
SELECT ops.note_changes_of_tables();

-- A plant that is silent at night is not late. The body is bound when it is made: its caller need not reach the other room.
CREATE FUNCTION api.daylight(day date, latitude float8, longitude float8) RETURNS tstzrange
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN mart.daylight(day, latitude, longitude);
COMMENT ON FUNCTION api.daylight IS 'when the sun is more than 5 degrees high on a local day; empty in polar night';
GRANT EXECUTE ON FUNCTION api.daylight TO heliograph_api;

CREATE VIEW api.alarm_loss WITH (security_invoker = true) AS
    SELECT
        a.alarm_id,
        CASE
            WHEN a.lost_kwh IS NULL OR d.currencies <> 1 OR NOT d.are_priced THEN NULL WHEN a.lost_kwh = 0 THEN 0
            ELSE a.lost_kwh * d.mean_price
        END AS lost_value,
        CASE WHEN a.lost_kwh IS NOT NULL AND d.currencies = 1 AND d.are_priced THEN d.currency END AS currency,
        CASE
            WHEN a.lost_kwh IS NULL THEN NULL WHEN d.currencies > 1 THEN 'several currencies'
            WHEN d.currencies = 0 OR NOT d.are_priced THEN 'no tariff'
        END AS lost_value_missing
    FROM api.alarm AS a
    JOIN api.plant AS p ON p.plant_id = a.plant_id
    CROSS JOIN LATERAL (
        SELECT
            count(DISTINCT t.currency) AS currencies, min(t.currency) AS currency, bool_and(t.currency IS NOT NULL) AS are_priced,
            sum(i.missing_kwh * t.price_per_kwh::float8) / nullif(sum(i.missing_kwh), 0) AS mean_price
        FROM (
            SELECT local_date, greatest(expected_kwh - compared_kwh, 0) AS missing_kwh
            FROM api.inverter_day
            WHERE
                plant_id = a.plant_id AND device_id = a.device_id AND expected_kwh IS NOT NULL
                AND local_date >= (a.raised_at AT TIME ZONE p.timezone)::date
                AND (a.is_open OR local_date < (a.cleared_at AT TIME ZONE p.timezone)::date)
        ) AS i
        LEFT JOIN LATERAL (
            SELECT price_per_kwh, currency FROM api.tariff
            WHERE plant_id = a.plant_id AND valid_from <= i.local_date ORDER BY valid_from DESC LIMIT 1
        ) AS t ON true
        WHERE i.missing_kwh > 0
    ) AS d;
COMMENT ON VIEW api.alarm_loss IS 'what the energy lost in an alarm is worth at the tariffs of the days on which it was, or why that is unknown';
GRANT SELECT ON api.alarm_loss TO heliograph_api;
