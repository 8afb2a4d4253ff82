-- An account's state is true and visible: an account of which nothing comes but refusals needs attention, and is asked rarely.

ALTER TABLE fleet.integration DROP CONSTRAINT integration_state_check;
ALTER TABLE fleet.integration ADD CONSTRAINT integration_state_check
    CHECK (state IN ('active', 'needs attention', 'disabled', 'rejected'));
ALTER TABLE fleet.integration ADD CONSTRAINT integration_attention_check CHECK (state <> 'needs attention' OR reason IS NOT NULL);
ALTER TABLE fleet.integration
    ADD COLUMN figures_at timestamptz,
    ADD COLUMN troubled_at timestamptz,
    ADD COLUMN refused_at timestamptz,
    ADD COLUMN last_reason text,
    ADD COLUMN last_reason_at timestamptz,
    ADD COLUMN refused_log_ins int NOT NULL DEFAULT 0,
    ADD COLUMN quiet_visits int NOT NULL DEFAULT 0;
COMMENT ON COLUMN fleet.integration.state IS
    'needs attention: nothing but refusals or empty answers, asked rarely; rejected: the vendor refused the credentials, nothing is called before a person acts';
COMMENT ON COLUMN fleet.integration.figures_at IS 'when an answer last had anything to tell of plants or devices';
COMMENT ON COLUMN fleet.integration.troubled_at IS 'first request since then that brought nothing, for whatever reason';
COMMENT ON COLUMN fleet.integration.refused_at IS 'first one since then that the vendor refused, or answered with nothing';
COMMENT ON COLUMN fleet.integration.last_reason IS 'why a request brought nothing, the last time';
COMMENT ON COLUMN fleet.integration.refused_log_ins IS 'log-ins in a row that were refused without a reason that is known';
COMMENT ON COLUMN fleet.integration.quiet_visits IS 'how often an account that needs attention was asked since, in vain';

DROP INDEX fleet.integration_vendor_next_due_at_idx;
CREATE INDEX integration_in_turn ON fleet.integration (vendor, next_due_at) WHERE state IN ('active', 'needs attention');

-- A refused member never silences its group: it is left out of the requests about it until it is tried again.
CREATE TABLE ops.refused_member (
    integration_id int NOT NULL REFERENCES fleet.integration ON DELETE CASCADE,
    interface      text NOT NULL,
    member_key     text NOT NULL,
    reason         text NOT NULL,
    times          int NOT NULL DEFAULT 1,
    first_refused_at timestamptz NOT NULL,
    last_refused_at  timestamptz NOT NULL,
    again_at       timestamptz NOT NULL,
    PRIMARY KEY (integration_id, interface, member_key)
);
ALTER TABLE ops.refused_member ENABLE ROW LEVEL SECURITY;
COMMENT ON TABLE ops.refused_member IS 'plants and devices that the vendor refuses on an interface, asked alone and ever more rarely';

-- What several whole lists lack is kept and no longer asked.
ALTER TABLE fleet.plant
    ADD COLUMN missed_lists int NOT NULL DEFAULT 0, ADD COLUMN missed_at timestamptz, ADD COLUMN retired_at timestamptz;
ALTER TABLE fleet.device
    ADD COLUMN missed_lists int NOT NULL DEFAULT 0, ADD COLUMN missed_at timestamptz, ADD COLUMN retired_at timestamptz;
COMMENT ON COLUMN fleet.plant.missed_lists IS 'whole lists of its account in a row that lack it, at least half a day apart; the last was at missed_at';
COMMENT ON COLUMN fleet.plant.retired_at IS 'since when it is no longer asked, for its vendor lists it no longer';
COMMENT ON COLUMN fleet.device.missed_lists IS 'whole lists of its account in a row that lack it, at least half a day apart; the last was at missed_at';
COMMENT ON COLUMN fleet.device.retired_at IS 'since when it is no longer asked, for its vendor lists it no longer';

-- Histories judge snapshots: documents know which of the two they are. Those that are here already are known by their interface.
ALTER TABLE landing.document ADD COLUMN is_snapshot boolean NOT NULL DEFAULT false;
UPDATE landing.document SET is_snapshot = true
WHERE
    integration_id IS NOT NULL
    AND substring(original_name FROM '^[^/]+/(.*)$') IN (
        'getStationRealKpi', 'getDevRealKpi', 'station/latest', 'device/latest', 'getDeviceRealTimeData',
        'platform/getDeviceRealTimeData', 'platform/getPowerStationRealTimeData'
    );
COMMENT ON COLUMN landing.document.is_snapshot IS 'a vendor''s answer about what was then, which a history judges around each instant';
