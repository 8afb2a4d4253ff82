-- Schemas are rooms: landing (manifest, quarantine), fleet (who and what), mart (measured and computed), ops (work lists), api (views).
CREATE SCHEMA landing;
CREATE SCHEMA fleet;
CREATE SCHEMA mart;
CREATE SCHEMA ops;
CREATE SCHEMA api;

-- ---------------------------------------------------------------------------------------------------------------- fleet
CREATE TABLE fleet.tenant (
    tenant_id           int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug                text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    name                text NOT NULL,
    timezone            text NOT NULL,
    language            text NOT NULL DEFAULT 'pt-BR' CHECK (language IN ('pt-BR', 'en')),
    unknown_devices     text NOT NULL DEFAULT 'quarantine' CHECK (unknown_devices IN ('quarantine', 'register')),
    register_under      text,
    report_recipients   text[] NOT NULL DEFAULT '{}',
    CHECK (unknown_devices = 'quarantine' OR register_under IS NOT NULL)
);
COMMENT ON COLUMN fleet.tenant.timezone IS 'IANA zone; naive times in the tenant''s drops are local to it';
COMMENT ON COLUMN fleet.tenant.register_under IS 'plant_key under which unknown devices are registered';

CREATE TABLE fleet.app_user (
    user_id             int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id           int NOT NULL REFERENCES fleet.tenant,
    email               text NOT NULL UNIQUE CHECK (email = lower(email)),
    role                text NOT NULL CHECK (role IN ('client', 'admin')),
    password_hash       text NOT NULL,
    password_changed_at timestamptz NOT NULL,
    is_active           boolean NOT NULL DEFAULT true
);
COMMENT ON COLUMN fleet.app_user.password_hash IS 'argon2id';
COMMENT ON COLUMN fleet.app_user.password_changed_at IS 'tokens issued before this are void';

CREATE TABLE fleet.plant (
    plant_id        int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id       int NOT NULL REFERENCES fleet.tenant,
    source          text NOT NULL DEFAULT 'drops',
    plant_key       text NOT NULL,
    name            text NOT NULL,
    timezone        text NOT NULL,
    city            text,
    latitude        float8 CHECK (latitude BETWEEN -90 AND 90),
    longitude       float8 CHECK (longitude BETWEEN -180 AND 180),
    capacity_kwp    float8 CHECK (capacity_kwp > 0),
    capacity_kw     float8 CHECK (capacity_kw > 0),
    commissioned_on date,
    UNIQUE (tenant_id, source, plant_key)
);
COMMENT ON COLUMN fleet.plant.source IS 'who named plant_key: drops, or a vendor';
COMMENT ON COLUMN fleet.plant.timezone IS 'IANA zone; a day of this plant is a day of this zone';
COMMENT ON COLUMN fleet.plant.capacity_kwp IS 'DC nameplate at STC [kWp]';
COMMENT ON COLUMN fleet.plant.capacity_kw IS 'AC nameplate [kW]';

CREATE TABLE fleet.device (
    device_id        int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id        int NOT NULL REFERENCES fleet.tenant,
    source           text NOT NULL DEFAULT 'drops',
    device_key       text NOT NULL,
    plant_id         int REFERENCES fleet.plant,
    parent_device_id int REFERENCES fleet.device,
    kind             text NOT NULL CHECK (kind IN ('inverter', 'meter', 'logger', 'battery', 'sensor', 'equipment')),
    name             text NOT NULL,
    model            text,
    capacity_kw      float8 CHECK (capacity_kw > 0),
    UNIQUE (tenant_id, source, device_key)
);
CREATE INDEX ON fleet.device (plant_id);
COMMENT ON COLUMN fleet.device.capacity_kw IS 'AC nameplate [kW]';

CREATE TABLE fleet.customer (
    customer_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   int NOT NULL REFERENCES fleet.tenant,
    document    text NOT NULL,
    name        text NOT NULL,
    UNIQUE (tenant_id, document)
);
COMMENT ON COLUMN fleet.customer.document IS 'the tenant''s own key of the metered consumer, such as a tax number';

CREATE TABLE fleet.series (
    series_id   int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   int NOT NULL REFERENCES fleet.tenant,
    plant_id    int REFERENCES fleet.plant,
    device_id   int REFERENCES fleet.device,
    customer_id int REFERENCES fleet.customer,
    quantity    text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('power', 'gauge', 'counter', 'amount', 'state')),
    origin      text NOT NULL DEFAULT 'measured' CHECK (origin IN ('measured', 'derived')),
    CHECK (num_nonnulls(plant_id, device_id, customer_id) = 1),
    UNIQUE NULLS NOT DISTINCT (plant_id, device_id, customer_id, quantity, origin)
);
CREATE INDEX ON fleet.series (tenant_id);
CREATE INDEX ON fleet.series (device_id) WHERE device_id IS NOT NULL;
COMMENT ON TABLE fleet.series IS 'one quantity of exactly one plant, device or customer: the key of everything measured';
COMMENT ON COLUMN fleet.series.quantity IS 'a name of the quantity table, unit included';
COMMENT ON COLUMN fleet.series.origin IS 'derived: computed from other series, as a plant from its inverters';

CREATE TABLE fleet.target (
    plant_id   int NOT NULL REFERENCES fleet.plant,
    month      date NOT NULL CHECK (extract(day FROM month) = 1),
    tenant_id  int NOT NULL REFERENCES fleet.tenant,
    target_kwh float8 NOT NULL CHECK (target_kwh >= 0),
    PRIMARY KEY (plant_id, month)
);

CREATE TABLE fleet.tariff (
    plant_id      int NOT NULL REFERENCES fleet.plant,
    valid_from    date NOT NULL,
    tenant_id     int NOT NULL REFERENCES fleet.tenant,
    price_per_kwh numeric(12, 6) NOT NULL CHECK (price_per_kwh >= 0),
    currency      text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    PRIMARY KEY (plant_id, valid_from)
);

-- -------------------------------------------------------------------------------------------------------------- landing
CREATE TABLE landing.document (
    document_id      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id        int NOT NULL REFERENCES fleet.tenant,
    feed             text NOT NULL,
    original_name    text NOT NULL,
    sha256           text NOT NULL CHECK (length(sha256) = 64),
    uri              text NOT NULL,
    size_bytes       bigint NOT NULL,
    stored_bytes     bigint NOT NULL,
    state            text NOT NULL DEFAULT 'landed' CHECK (state IN ('landed', 'loaded', 'refused')),
    reason           text,
    received_at      timestamptz NOT NULL,
    delivery_count   int NOT NULL DEFAULT 1,
    last_received_at timestamptz NOT NULL,
    UNIQUE (tenant_id, feed, sha256),
    CHECK ((state = 'refused') = (reason IS NOT NULL))
);
CREATE INDEX ON landing.document (feed, document_id) WHERE state = 'landed';
COMMENT ON TABLE landing.document IS 'the manifest: one row per distinct delivery; document_id rises in the order of receipt';
COMMENT ON COLUMN landing.document.sha256 IS 'of the bytes as delivered';
COMMENT ON COLUMN landing.document.size_bytes IS 'as delivered [B]';
COMMENT ON COLUMN landing.document.stored_bytes IS 'at rest, packed [B]';
COMMENT ON COLUMN landing.document.state IS 'landed -> loaded | refused; a replay puts it back to landed';

CREATE TABLE landing.load (
    load_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id      int NOT NULL REFERENCES landing.document,
    tenant_id        int NOT NULL REFERENCES fleet.tenant,
    loaded_at        timestamptz NOT NULL,
    run_id           text NOT NULL,
    code_version     text NOT NULL,
    parsed_rows      int NOT NULL,
    inserted_rows    int NOT NULL,
    updated_rows     int NOT NULL,
    unchanged_rows   int NOT NULL,
    duplicate_rows   int NOT NULL,
    quarantined_rows int NOT NULL,
    missing_values   int NOT NULL,
    quarantine_reasons jsonb NOT NULL DEFAULT '{}',
    quality_suite    text,
    first_measured_at timestamptz,
    last_measured_at timestamptz,
    CONSTRAINT conservation
        CHECK (parsed_rows = inserted_rows + updated_rows + unchanged_rows + duplicate_rows + quarantined_rows)
);
CREATE INDEX ON landing.load (document_id, load_id);
COMMENT ON TABLE landing.load IS 'one row per committed load of a document; the newest one speaks for the document';
COMMENT ON COLUMN landing.load.missing_values IS 'values that said "no reading"; not part of parsed_rows';

CREATE TABLE landing.quarantine (
    document_id  int NOT NULL REFERENCES landing.document,
    row_number   int NOT NULL,
    quantity     text NOT NULL,
    tenant_id    int NOT NULL REFERENCES fleet.tenant,
    subject      text,
    broken_rules text[] NOT NULL CHECK (cardinality(broken_rules) > 0),
    payload      jsonb NOT NULL,
    PRIMARY KEY (document_id, row_number, quantity)
);
CREATE INDEX ON landing.quarantine (tenant_id, subject);
COMMENT ON COLUMN landing.quarantine.row_number IS 'record number in the document, 1-based';

-- ----------------------------------------------------------------------------------------------------------------- mart
CREATE TABLE mart.reading (
    series_id   int4 NOT NULL,
    document_id int4 NOT NULL,
    measured_at timestamptz NOT NULL,
    value       float8 NOT NULL,
    PRIMARY KEY (series_id, measured_at)
) PARTITION BY RANGE (measured_at);
COMMENT ON COLUMN mart.reading.value IS 'in the unit of the series'' quantity';

CREATE TABLE mart.superseded_reading (
    series_id   int4 NOT NULL,
    measured_at timestamptz NOT NULL,
    document_id int4 NOT NULL,
    value       float8 NOT NULL,
    PRIMARY KEY (series_id, measured_at, document_id)
);
COMMENT ON TABLE mart.superseded_reading IS 'what an earlier document said of an instant that a later document contradicts';

CREATE TABLE mart.state_event (
    series_id   int4 NOT NULL,
    document_id int4 NOT NULL,
    happened_at timestamptz NOT NULL,
    state       text NOT NULL,
    PRIMARY KEY (series_id, happened_at)
);

CREATE TABLE mart.rollup (
    series_id      int4 NOT NULL,
    grain          text NOT NULL,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    local_date     date NOT NULL,
    reading_count  bigint NOT NULL,
    sum            float8,
    mean           float8,
    min            float8,
    max            float8,
    first          float8,
    last           float8,
    stddev         float8,
    median         float8,
    p95            float8,
    p99            float8,
    active_minutes int,
    covered_s      float8 NOT NULL,
    expected_s     float8 NOT NULL,
    energy_kwh     float8,
    computed_at    timestamptz NOT NULL,
    PRIMARY KEY (series_id, grain, starts_at)
) PARTITION BY LIST (grain);
CREATE TABLE mart.rollup_hour  PARTITION OF mart.rollup FOR VALUES IN ('hour');
CREATE TABLE mart.rollup_day   PARTITION OF mart.rollup FOR VALUES IN ('day');
CREATE TABLE mart.rollup_week  PARTITION OF mart.rollup FOR VALUES IN ('week');
CREATE TABLE mart.rollup_month PARTITION OF mart.rollup FOR VALUES IN ('month');
CREATE TABLE mart.rollup_year  PARTITION OF mart.rollup FOR VALUES IN ('year');
COMMENT ON TABLE mart.rollup IS 'aggregates per series and local hour, day, ISO week, month, year; labelled by the start of the interval';
COMMENT ON COLUMN mart.rollup.local_date IS 'local date on which the bucket starts';
COMMENT ON COLUMN mart.rollup.stddev IS 'sample standard deviation';
COMMENT ON COLUMN mart.rollup.median IS 'with p95, p99 and active_minutes: hour and day only, by linear interpolation from the readings';
COMMENT ON COLUMN mart.rollup.active_minutes IS 'distinct minutes with a reading';
COMMENT ON COLUMN mart.rollup.covered_s IS 'measured time [s]: gaps longer than max(3 x median step, 30 min) do not count';
COMMENT ON COLUMN mart.rollup.expected_s IS 'time in which readings are expected [s]: daylight for solar power of a plant with a place, else the whole bucket';
COMMENT ON COLUMN mart.rollup.energy_kwh IS 'integral of a power, increase of a counter, or sum of an amount; null where nothing was measured';

CREATE TABLE mart.report (
    report_id    int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id    int NOT NULL REFERENCES fleet.tenant,
    plant_id     int NOT NULL REFERENCES fleet.plant,
    kind         text NOT NULL CHECK (kind IN ('day', 'month')),
    starts_on    date NOT NULL,
    ends_on      date NOT NULL,
    language     text NOT NULL CHECK (language IN ('pt-BR', 'en')),
    revision     int NOT NULL CHECK (revision > 0),
    fingerprint  text NOT NULL,
    figures      jsonb NOT NULL,
    uri          text NOT NULL,
    pdf_sha256   text NOT NULL,
    size_bytes   int NOT NULL,
    issued_at    timestamptz NOT NULL,
    run_id       text NOT NULL,
    UNIQUE (tenant_id, plant_id, kind, starts_on, language, revision)
);
COMMENT ON COLUMN mart.report.ends_on IS 'last local day, inclusive';
COMMENT ON COLUMN mart.report.fingerprint IS 'sha256 of the figures: the same figures are the same revision';

-- ------------------------------------------------------------------------------------------------------------------ ops
CREATE TABLE ops.dirty_day (
    series_id    int4 NOT NULL,
    local_day    date NOT NULL,
    dirty_day_id bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (series_id, local_day, dirty_day_id)
);
CREATE INDEX ON ops.dirty_day (dirty_day_id);
COMMENT ON TABLE ops.dirty_day IS 'the work list of the roll-up: days of a series that changed; append-only, emptied by the roll-up';

CREATE TABLE ops.outbox (
    mail_id    int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  int NOT NULL REFERENCES fleet.tenant,
    report_id  int NOT NULL REFERENCES mart.report,
    recipient  text NOT NULL,
    message_id text NOT NULL UNIQUE,
    state      text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
    attempts   int NOT NULL DEFAULT 0,
    last_error text,
    created_at timestamptz NOT NULL,
    sent_at    timestamptz,
    UNIQUE (report_id, recipient)
);
CREATE INDEX ON ops.outbox (mail_id) WHERE state = 'pending';
COMMENT ON COLUMN ops.outbox.message_id IS 'fixed when the report is registered, so that a repeated sending can be recognised';

-- ------------------------------------------------------------------------------------------------------------ functions
CREATE FUNCTION ops.ensure_reading_partitions(first timestamptz, last timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    month_start timestamptz := date_trunc('month', first, 'UTC');
    partition   text;
BEGIN
    WHILE month_start <= last LOOP
        partition := 'reading_' || to_char(month_start AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass('mart.' || partition) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext('ops.ensure_reading_partitions'));
            EXECUTE format(
                'CREATE TABLE IF NOT EXISTS mart.%I PARTITION OF mart.reading FOR VALUES FROM (%L) TO (%L)',
                partition, month_start, month_start + interval '1 month'
            );
            EXECUTE format('ALTER TABLE mart.%I ENABLE ROW LEVEL SECURITY', partition);
        END IF;
        month_start := month_start + interval '1 month';
    END LOOP;
END $$;
COMMENT ON FUNCTION ops.ensure_reading_partitions IS 'monthly partitions of mart.reading for [first, last]; run it in a short transaction of its own';

CREATE FUNCTION mart.series_timezone(series fleet.series) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT p.timezone FROM fleet.plant p WHERE p.plant_id = series.plant_id),
        (SELECT p.timezone FROM fleet.device d JOIN fleet.plant p USING (plant_id) WHERE d.device_id = series.device_id),
        (SELECT t.timezone FROM fleet.tenant t WHERE t.tenant_id = series.tenant_id)
    )
$$;

CREATE FUNCTION mart.daylight(day date, latitude float8, longitude float8) RETURNS tstzrange LANGUAGE plpgsql IMMUTABLE STRICT AS $$
-- Sun centre above 5 degrees, by the sunrise equation with NOAA's fits of declination and equation of time (about two minutes).
-- day is the local calendar day at the given longitude. Empty in polar night, the whole solar day in midnight sun.
DECLARE
    g           float8 := 2 * pi() / 365.25 * (date_part('doy', day) - 0.5);
    declination float8 := 0.006918 - 0.399912 * cos(g) + 0.070257 * sin(g) - 0.006758 * cos(2 * g) + 0.000907 * sin(2 * g)
        - 0.002697 * cos(3 * g) + 0.00148 * sin(3 * g);
    time_min    float8 := 229.18 * (0.000075 + 0.001868 * cos(g) - 0.032077 * sin(g) - 0.014615 * cos(2 * g) - 0.040849 * sin(2 * g));
    noon        timestamptz := (day::timestamp AT TIME ZONE 'UTC') + make_interval(secs => 60 * (720 - 4 * longitude - time_min));
    cos_half    float8 := (sind(5) - sind(latitude) * sin(declination)) / greatest(cosd(latitude) * cos(declination), 1e-9);
    half        interval := make_interval(secs => 240 * acosd(least(greatest(cos_half, -1), 1)));
BEGIN
    RETURN CASE WHEN cos_half >= 1 THEN 'empty'::tstzrange ELSE tstzrange(noon - half, noon + half) END;
END $$;
