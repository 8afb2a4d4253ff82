-- A source is a vendor account, or a feed of dropped files: what it told of each device and local day, and what was to be expected.
CREATE TABLE ops.source_day (
    tenant_id      int NOT NULL REFERENCES fleet.tenant,
    integration_id int REFERENCES fleet.integration ON DELETE CASCADE,
    feed           text,
    plant_id       int REFERENCES fleet.plant ON DELETE CASCADE,
    device_id      int REFERENCES fleet.device ON DELETE CASCADE,
    local_day      date NOT NULL,
    reading_count  bigint NOT NULL,
    told_at        timestamptz NOT NULL,
    CHECK (num_nonnulls(integration_id, feed) = 1),
    CHECK (num_nonnulls(plant_id, device_id) = 1),
    UNIQUE NULLS NOT DISTINCT (tenant_id, local_day, integration_id, feed, plant_id, device_id)
);
COMMENT ON TABLE ops.source_day IS 'readings of a device, or of a plant itself, that a source told of a local day of the last nine weeks';
COMMENT ON COLUMN ops.source_day.told_at IS 'when four fifths of them had been received';
ALTER TABLE ops.source_day ENABLE ROW LEVEL SECURITY;

CREATE TABLE ops.source_volume (
    tenant_id         int NOT NULL REFERENCES fleet.tenant,
    integration_id    int REFERENCES fleet.integration ON DELETE CASCADE,
    feed              text,
    local_day         date NOT NULL,
    expected_readings bigint NOT NULL,
    received_readings bigint NOT NULL,
    is_short          boolean NOT NULL,
    CHECK (num_nonnulls(integration_id, feed) = 1),
    UNIQUE NULLS NOT DISTINCT (tenant_id, integration_id, feed, local_day)
);
COMMENT ON TABLE ops.source_volume IS 'readings that a source told of a local day, and how many were to be expected; only days that can be judged';
ALTER TABLE ops.source_volume ENABLE ROW LEVEL SECURITY;

CREATE TABLE ops.source_count (
    tenant_id  int PRIMARY KEY REFERENCES fleet.tenant,
    counted_at timestamptz NOT NULL
);
COMMENT ON TABLE ops.source_count IS 'up to which load the days of a tenant''s sources are counted';
ALTER TABLE ops.source_count ENABLE ROW LEVEL SECURITY;
