-- What is asked of the roll-ups again when a day of a plant changes: one mark per subject, since each is worked off by a task of its own.
CREATE TABLE ops.unanswered_day (
    subject           text NOT NULL CHECK (subject ~ '^[a-z_]+$'),
    plant_id          int4 NOT NULL,
    local_day         date NOT NULL,
    unanswered_day_id bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (subject, plant_id, local_day, unanswered_day_id)
);
COMMENT ON TABLE ops.unanswered_day IS 'the work list of analyses: days on which the energy of a plant or inverter changed; append-only, emptied by the task of its subject';
ALTER TABLE ops.unanswered_day ENABLE ROW LEVEL SECURITY;
INSERT INTO ops.unanswered_day (subject, plant_id, local_day)
SELECT DISTINCT 'inverters', plant_id, local_date FROM mart.energy_day;

CREATE TABLE mart.inverter_day (
    tenant_id    int NOT NULL REFERENCES fleet.tenant,
    plant_id     int NOT NULL REFERENCES fleet.plant,
    device_id    int NOT NULL REFERENCES fleet.device,
    local_date   date NOT NULL,
    verdict      text NOT NULL CHECK (verdict IN ('normal', 'slightly low', 'low', 'very low', 'zero', 'not compared')),
    method       text CHECK (method IN ('rating', 'model', 'past', 'alike', 'clear sky')),
    reason       text,
    compared_kwh float8,
    expected_kwh float8,
    lost_kwh     float8,
    zero_s       float8 NOT NULL,
    stale_s      float8 NOT NULL,
    night_s      float8 NOT NULL,
    computed_at  timestamptz NOT NULL,
    PRIMARY KEY (device_id, local_date),
    CHECK ((verdict = 'not compared') = (reason IS NOT NULL))
);
CREATE INDEX ON mart.inverter_day (plant_id, local_date);
COMMENT ON TABLE mart.inverter_day IS 'an inverter beside its peers on a local day, and what its own power says of it';
COMMENT ON COLUMN mart.inverter_day.method IS 'from what the expected energy follows: docs/kpis.md';
COMMENT ON COLUMN mart.inverter_day.reason IS 'why there is no comparison';
COMMENT ON COLUMN mart.inverter_day.compared_kwh IS 'what it made in the hours that all compared inverters measured';
COMMENT ON COLUMN mart.inverter_day.expected_kwh IS 'what its peers say that it should have made in them';
COMMENT ON COLUMN mart.inverter_day.lost_kwh IS 'expected less compared energy where the verdict is low or worse, else 0; null where nothing is expected';
COMMENT ON COLUMN mart.inverter_day.zero_s IS 'hours without power while its peers had some [s]';
COMMENT ON COLUMN mart.inverter_day.stale_s IS 'hours in which its power stood still above 1 % of its highest [s]';
COMMENT ON COLUMN mart.inverter_day.night_s IS 'hours of power while the sun was more than 6 degrees below the horizon [s]';
ALTER TABLE mart.inverter_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_reads_one_tenant ON mart.inverter_day FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
GRANT SELECT ON mart.inverter_day TO heliograph_api;

CREATE VIEW api.inverter_day WITH (security_invoker = true) AS
    SELECT
        plant_id, device_id, local_date, verdict, method, reason, compared_kwh, expected_kwh,
        CASE WHEN expected_kwh > 0 THEN compared_kwh / expected_kwh END AS peer_share,
        lost_kwh, zero_s, stale_s, night_s, computed_at
    FROM mart.inverter_day;
COMMENT ON VIEW api.inverter_day IS 'an inverter beside its peers on a local day: share, verdict, loss, and why there is no comparison';
GRANT SELECT ON api.inverter_day TO heliograph_api;

-- Alarms of our own stand beside the vendors': one table, one state machine.
ALTER TABLE mart.alarm ALTER COLUMN document_id DROP NOT NULL;
ALTER TABLE mart.alarm
    ADD COLUMN origin text NOT NULL DEFAULT 'vendor' CHECK (origin IN ('vendor', 'heliograph')),
    ADD COLUMN lost_kwh float8,
    ADD COLUMN is_withdrawn boolean NOT NULL DEFAULT false,
    ADD COLUMN acknowledged_at timestamptz,
    ADD COLUMN acknowledged_by text,
    ADD COLUMN note text,
    ADD CHECK ((origin = 'vendor') = (document_id IS NOT NULL)),
    ADD CHECK ((acknowledged_at IS NULL) = (acknowledged_by IS NULL));
CREATE INDEX ON mart.alarm (plant_id, device_id) WHERE origin = 'heliograph';
COMMENT ON TABLE mart.alarm IS 'alarms as the vendors tell them, and those that follow from the readings';
COMMENT ON COLUMN mart.alarm.origin IS 'heliograph: found in the readings; its code is the kind of the alarm';
COMMENT ON COLUMN mart.alarm.lost_kwh IS 'energy that is estimated to be lost since it was raised; null where nothing tells';
COMMENT ON COLUMN mart.alarm.is_withdrawn IS 'later readings showed that nothing was wrong';
COMMENT ON COLUMN mart.alarm.document_id IS 'of a vendor''s alarm: the document received last that spoke of it, at reported_at';
COMMENT ON COLUMN mart.alarm.acknowledged_by IS 'who has seen it, as typed into the form, at acknowledged_at; with a note';
DROP VIEW api.alarm;
CREATE VIEW api.alarm WITH (security_invoker = true) AS
    SELECT
        alarm_id, plant_id, device_id, alarm_key, origin, code, name, severity,
        CASE WHEN NOT is_open THEN 'closed' WHEN acknowledged_at IS NULL THEN 'open' ELSE 'acknowledged' END AS state,
        raised_at, cleared_at, is_open, is_withdrawn, lost_kwh, advice, acknowledged_at, acknowledged_by, note, document_id
    FROM mart.alarm;
COMMENT ON VIEW api.alarm IS 'alarms of plants and devices: the vendors'' and our own';
GRANT SELECT ON api.alarm TO heliograph_api;
