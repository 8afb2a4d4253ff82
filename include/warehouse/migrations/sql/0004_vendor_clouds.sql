-- Vendor clouds: whose accounts are pulled, what is still to be asked, how often was called, and the alarms that they tell.

CREATE TABLE fleet.integration (
    integration_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id      int NOT NULL REFERENCES fleet.tenant,
    vendor         text NOT NULL CHECK (vendor IN ('sungrow', 'deye', 'huawei')),
    name           text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    connection_id  text NOT NULL UNIQUE,
    credentials    bytea,
    account        jsonb NOT NULL DEFAULT '{}',
    state          text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled', 'rejected')),
    reason         text,
    state_set_at    timestamptz NOT NULL,
    next_due_at    timestamptz NOT NULL,
    last_answer_at timestamptz,
    UNIQUE (tenant_id, name),
    CHECK (state <> 'rejected' OR reason IS NOT NULL)
);
CREATE INDEX ON fleet.integration (vendor, next_due_at) WHERE state = 'active';
COMMENT ON TABLE fleet.integration IS 'one account of a tenant in a vendor''s cloud';
COMMENT ON COLUMN fleet.integration.connection_id IS 'Airflow connection of the credentials: <tenant>__<name>';
COMMENT ON COLUMN fleet.integration.credentials IS 'sealed; null where Airflow or the environment keeps them';
COMMENT ON COLUMN fleet.integration.account IS 'the fields of the credentials that are no secret, for planning without them';
COMMENT ON COLUMN fleet.integration.state IS 'rejected: the vendor refused the credentials; nothing is called before a person acts';

ALTER TABLE fleet.plant ADD COLUMN vendor_said jsonb, ADD COLUMN integration_id int REFERENCES fleet.integration;
ALTER TABLE fleet.device ADD COLUMN vendor_said jsonb, ADD COLUMN vendor_type text;
CREATE INDEX ON fleet.plant (integration_id) WHERE integration_id IS NOT NULL;
COMMENT ON COLUMN fleet.plant.vendor_said IS 'what the vendor told last; a field that differs from it was edited by the operator and stays';
COMMENT ON COLUMN fleet.plant.integration_id IS 'account through which the plant is pulled';
COMMENT ON COLUMN fleet.device.vendor_type IS 'the vendor''s own type of device, by which its cloud wants to be asked';

-- A landed answer knows its account; a dropped file has none.
ALTER TABLE landing.document ADD COLUMN integration_id int REFERENCES fleet.integration;

CREATE TABLE ops.pull (
    pull_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    integration_id int NOT NULL REFERENCES fleet.integration ON DELETE CASCADE,
    purpose        text NOT NULL CHECK (purpose IN ('fleet', 'now', 'alarms', 'days', 'backfill')),
    interface      text NOT NULL,
    ask_key        text NOT NULL,
    ask            jsonb NOT NULL,
    starts_on      date,
    ends_on        date,
    state          text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'refused')),
    attempts       int NOT NULL DEFAULT 0,
    due_at     timestamptz NOT NULL,
    reason         text,
    planned_at     timestamptz NOT NULL,
    ended_at       timestamptz
);
CREATE UNIQUE INDEX pull_waiting_once ON ops.pull (integration_id, ask_key) WHERE state = 'waiting';
CREATE INDEX pull_in_turn ON ops.pull (
    integration_id, array_position(ARRAY['fleet', 'now', 'alarms', 'days', 'backfill'], purpose), pull_id
) WHERE state = 'waiting';
CREATE INDEX ON ops.pull (integration_id, purpose, ended_at) WHERE state <> 'waiting';
CREATE INDEX ON ops.pull (integration_id) WHERE state = 'refused';
COMMENT ON TABLE ops.pull IS 'the work list of the vendor pulls: one row per question to ask; nothing about progress lives elsewhere';
COMMENT ON COLUMN ops.pull.ask IS 'interface, body, kind, span, subjects; never a key, token or password';
COMMENT ON COLUMN ops.pull.starts_on IS 'with ends_on: local days of the plan that asked, both included';

CREATE TABLE ops.pull_plan (
    integration_id int NOT NULL REFERENCES fleet.integration ON DELETE CASCADE,
    purpose        text NOT NULL CHECK (purpose IN ('fleet', 'now', 'alarms', 'days')),
    timezone       text NOT NULL DEFAULT '',
    planned_at     timestamptz NOT NULL,
    ends_on        date,
    PRIMARY KEY (integration_id, purpose, timezone)
);
COMMENT ON TABLE ops.pull_plan IS 'when each kind of question was last put on the work list; days: up to which closed local day of a zone';

CREATE TABLE ops.vendor_token (
    integration_id int PRIMARY KEY REFERENCES fleet.integration ON DELETE CASCADE,
    tokens         bytea NOT NULL,
    fingerprint    text NOT NULL,
    expires_at     timestamptz NOT NULL,
    made_at        timestamptz NOT NULL
);
COMMENT ON COLUMN ops.vendor_token.tokens IS 'sealed';
COMMENT ON COLUMN ops.vendor_token.fingerprint IS 'digest of the sealed text: tells one login from the next';

CREATE TABLE ops.vendor_call (
    integration_id int NOT NULL REFERENCES fleet.integration ON DELETE CASCADE,
    interface      text NOT NULL,
    called_at      timestamptz NOT NULL
);
CREATE INDEX ON ops.vendor_call (integration_id, called_at);
COMMENT ON TABLE ops.vendor_call IS 'every call of the last two days, counted before it was made';

CREATE TABLE ops.vendor_block (
    integration_id int NOT NULL REFERENCES fleet.integration ON DELETE CASCADE,
    interface      text NOT NULL,
    ends_at        timestamptz NOT NULL,
    times          int NOT NULL DEFAULT 1,
    reason         text NOT NULL,
    PRIMARY KEY (integration_id, interface)
);
COMMENT ON TABLE ops.vendor_block IS 'interfaces that the vendor refuses for now; times: refusals in a row';

CREATE TABLE landing.answer (
    document_id int PRIMARY KEY REFERENCES landing.document,
    tenant_id   int NOT NULL REFERENCES fleet.tenant,
    feed        text NOT NULL,
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL,
    series_ids  int[] NOT NULL
);
CREATE INDEX ON landing.answer (tenant_id, feed, document_id);
COMMENT ON TABLE landing.answer IS 'loaded answers of vendors that are the whole word about [starts_at, ends_at) of these series';

ALTER TABLE mart.superseded_reading ADD COLUMN withdrawn_by int4;
COMMENT ON COLUMN mart.superseded_reading.withdrawn_by IS 'answer that speaks for this instant and has no reading there; null: another reading holds';

CREATE TABLE mart.alarm (
    alarm_id    int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   int NOT NULL REFERENCES fleet.tenant,
    plant_id    int NOT NULL REFERENCES fleet.plant,
    device_id   int REFERENCES fleet.device,
    alarm_key   text NOT NULL,
    code        text NOT NULL,
    name        text NOT NULL,
    severity    text NOT NULL CHECK (severity IN ('critical', 'major', 'minor', 'notice')),
    raised_at   timestamptz NOT NULL,
    cleared_at  timestamptz,
    is_open     boolean NOT NULL,
    advice      text,
    document_id int NOT NULL REFERENCES landing.document,
    told_at     timestamptz NOT NULL,
    missed_at   timestamptz,
    UNIQUE (plant_id, alarm_key)
);
CREATE INDEX ON mart.alarm (tenant_id, raised_at);
COMMENT ON TABLE mart.alarm IS 'alarms as the vendors tell them';
COMMENT ON COLUMN mart.alarm.cleared_at IS 'as told, or the receipt of the first complete list of open alarms that lacks it';
COMMENT ON COLUMN mart.alarm.document_id IS 'the document received last that spoke of it, at told_at';
COMMENT ON COLUMN mart.alarm.missed_at IS 'receipt of the first later list of open alarms that lacks it';

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['fleet.integration', 'mart.alarm'] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY owner_writes ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', tenant_table);
    END LOOP;
    FOREACH tenant_table IN ARRAY ARRAY[
        'ops.pull', 'ops.pull_plan', 'ops.vendor_token', 'ops.vendor_call', 'ops.vendor_block', 'landing.answer'
    ] LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
    END LOOP;
END $$;
CREATE POLICY api_reads_one_tenant ON mart.alarm FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT NULLIF(current_setting('heliograph.tenant_id', true), '')::int));

CREATE VIEW api.alarm WITH (security_invoker = true) AS
    SELECT alarm_id, plant_id, device_id, alarm_key, code, name, severity, raised_at, cleared_at, is_open, advice, document_id FROM mart.alarm;

-- A day's energy told three ways: the integral of power, the increase of the counters, and what the vendor says of the day.
-- Share and flag compare the widest two that exist. The power of a plant is the sum of its inverters, else its own; its counter is
-- its own, else the sum of its inverters where every one that spoke on that day has a counter.
CREATE VIEW api.energy_check WITH (security_invoker = true) AS
WITH told AS (
    SELECT
        coalesce(s.plant_id, d.plant_id) AS plant_id, s.device_id, r.local_date,
        coalesce(
            max(r.energy_kwh) FILTER (WHERE s.quantity = 'ac_power_kw' AND s.origin = 'derived'),
            max(r.energy_kwh) FILTER (WHERE s.quantity = 'ac_power_kw')
        ) AS integrated_kwh,
        coalesce(
            max(r.energy_kwh) FILTER (WHERE s.quantity = 'energy_today_kwh'), max(r.energy_kwh) FILTER (WHERE s.quantity = 'energy_total_kwh')
        ) AS counted_kwh,
        max(r.sum) FILTER (WHERE s.quantity = 'energy_day_kwh') AS vendor_kwh
    FROM mart.rollup AS r
    JOIN fleet.series AS s USING (series_id)
    LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
    WHERE
        r.grain = 'day' AND s.customer_id IS NULL AND (d.device_id IS NULL OR d.kind = 'inverter')
        AND s.quantity IN ('ac_power_kw', 'energy_today_kwh', 'energy_total_kwh', 'energy_day_kwh')
    GROUP BY coalesce(s.plant_id, d.plant_id), s.device_id, r.local_date
), summed AS (
    SELECT
        plant_id, device_id, local_date, integrated_kwh, vendor_kwh,
        CASE
            WHEN device_id IS NULL AND counted_kwh IS NULL AND count(device_id) OVER plant_day = count(counted_kwh) OVER plant_day
            THEN sum(counted_kwh) OVER plant_day
            ELSE counted_kwh
        END AS counted_kwh
    FROM told
    WINDOW plant_day AS (PARTITION BY plant_id, local_date)
), spread AS (
    SELECT
        summed.*, greatest(integrated_kwh, counted_kwh, vendor_kwh) AS most_kwh, least(integrated_kwh, counted_kwh, vendor_kwh) AS least_kwh,
        num_nonnulls(integrated_kwh, counted_kwh, vendor_kwh) AS ways
    FROM summed
)
SELECT
    plant_id, device_id, local_date, integrated_kwh, counted_kwh, vendor_kwh,
    CASE WHEN ways > 1 AND most_kwh > 0 THEN 100 * (most_kwh - least_kwh) / most_kwh END AS deviation_pct,
    coalesce(ways > 1 AND most_kwh > 0 AND 100 * (most_kwh - least_kwh) / most_kwh > 3, false) AS is_flagged
FROM spread
WHERE ways > 0;
COMMENT ON VIEW api.energy_check IS 'energies of a plant''s or inverter''s local day from power, counters and the vendor''s own figure; flagged above 3 %';

GRANT SELECT ON mart.alarm, api.alarm, api.energy_check TO heliograph_api;
