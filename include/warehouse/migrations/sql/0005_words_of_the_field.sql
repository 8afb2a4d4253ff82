-- Columns named by the field's words, a table of vendors instead of a list in a check, and a priority per request.

CREATE TABLE fleet.vendor (
    vendor text PRIMARY KEY CHECK (vendor ~ '^[a-z][a-z0-9]{0,30}$')
);
COMMENT ON TABLE fleet.vendor IS 'vendor clouds that this installation knows; filled from the code after each migration';
INSERT INTO fleet.vendor SELECT DISTINCT vendor FROM fleet.integration;
ALTER TABLE fleet.integration DROP CONSTRAINT integration_vendor_check;
ALTER TABLE fleet.integration ADD FOREIGN KEY (vendor) REFERENCES fleet.vendor;

ALTER TABLE fleet.plant RENAME COLUMN vendor_said TO vendor_reported;
ALTER TABLE fleet.device RENAME COLUMN vendor_said TO vendor_reported;
COMMENT ON COLUMN fleet.plant.vendor_reported IS 'what the vendor reported last; a field that differs from it was edited by the operator and stays';

ALTER TABLE ops.pull RENAME COLUMN ask TO request;
ALTER TABLE ops.pull RENAME COLUMN ask_key TO request_key;
-- One JSON form of a request, in the work list and before landed answers.
UPDATE ops.pull SET request = (request - 'body') || jsonb_build_object('asked', request -> 'body');
ALTER TABLE ops.pull ADD COLUMN priority smallint;
UPDATE ops.pull SET priority = array_position(ARRAY['fleet', 'now', 'alarms', 'days', 'backfill'], purpose);
ALTER TABLE ops.pull ALTER COLUMN priority SET NOT NULL;
DROP INDEX ops.pull_in_turn;
CREATE INDEX pull_in_turn ON ops.pull (integration_id, priority, pull_id) WHERE state = 'waiting';
COMMENT ON TABLE ops.pull IS 'the work list of the vendor pulls: one row per request; nothing about progress lives elsewhere';
COMMENT ON COLUMN ops.pull.request IS 'interface, body, kind, span, subjects; never a key, token or password';
COMMENT ON COLUMN ops.pull.priority IS 'rank of the purpose at the vendor, 1 first';
COMMENT ON COLUMN ops.pull.starts_on IS 'with ends_on: local days that the request was planned for, both included';

-- A limit may hold per subject: each plant or device has a count of its own.
ALTER TABLE ops.vendor_call ADD COLUMN subject text;
COMMENT ON COLUMN ops.vendor_call.subject IS 'vendor''s key of the only plant or device that the call is about; null for several or none';

ALTER TABLE mart.superseded_reading RENAME COLUMN withdrawn_by TO retracted_by;
COMMENT ON COLUMN mart.superseded_reading.retracted_by IS 'answer that is authoritative for this instant and has no reading there; null: another reading holds';
COMMENT ON TABLE landing.answer IS 'loaded answers of vendors that are authoritative for [starts_at, ends_at) of these series';

ALTER TABLE mart.alarm RENAME COLUMN told_at TO reported_at;
COMMENT ON TABLE mart.alarm IS 'alarms as the vendors report them';
COMMENT ON COLUMN mart.alarm.cleared_at IS 'as reported, or the receipt of the first complete list of open alarms that lacks it';
COMMENT ON COLUMN mart.alarm.document_id IS 'the newest document that reports it, received at reported_at';
