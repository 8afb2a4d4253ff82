-- Partitions of readings are as wide as is asked for when they are made: one table may have both, and a month that has begun in days stays
-- in days.
DROP FUNCTION ops.ensure_reading_partitions;

-- Asks the catalogue by a query: what looks names up (to_regclass) may remember what it found before it waited for a lock.
CREATE FUNCTION ops.has_reading_partition(like_names text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM pg_class WHERE relnamespace = 'mart'::regnamespace AND relname LIKE like_names AND relispartition AND relkind = 'r'
    )
$$;
COMMENT ON FUNCTION ops.has_reading_partition IS 'is there a partition of mart.reading with such a name';

CREATE FUNCTION ops.make_reading_partition(starts_at timestamptz, width text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := 'reading_' || to_char(starts_at AT TIME ZONE 'UTC', CASE width WHEN 'month' THEN 'YYYY_MM' ELSE 'YYYY_MM_DD' END);
    ends_at timestamptz := (starts_at AT TIME ZONE 'UTC' + CAST('1 ' || width AS interval)) AT TIME ZONE 'UTC';
BEGIN
    EXECUTE format('CREATE TABLE mart.%I PARTITION OF mart.reading FOR VALUES FROM (%L) TO (%L)', name, starts_at, ends_at);
    EXECUTE format('ALTER TABLE mart.%I ENABLE ROW LEVEL SECURITY', name);
END $$;
COMMENT ON FUNCTION ops.make_reading_partition IS 'one partition of mart.reading, a UTC month or day wide';

CREATE FUNCTION ops.ensure_reading_partitions(days date[], width text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted   date;
    of_month text;
    of_day   text;
BEGIN
    IF width NOT IN ('month', 'day') THEN
        RAISE EXCEPTION 'partitions are a month or a day wide, not %', width;
    END IF;
    FOREACH wanted IN ARRAY days LOOP
        of_month := to_char(wanted, '"reading"\_YYYY\_MM');
        of_day := of_month || to_char(wanted, '\_DD');
        CONTINUE WHEN ops.has_reading_partition(of_month) OR ops.has_reading_partition(of_day);
        -- Whoever made one meanwhile has committed it before this goes on.
        PERFORM pg_advisory_xact_lock(hashtext('ops.ensure_reading_partitions'));
        CONTINUE WHEN ops.has_reading_partition(of_month) OR ops.has_reading_partition(of_day);
        IF width = 'month' AND NOT ops.has_reading_partition(of_month || '\_%') THEN
            PERFORM ops.make_reading_partition(date_trunc('month', wanted::timestamp) AT TIME ZONE 'UTC', 'month');
        ELSE
            PERFORM ops.make_reading_partition(wanted::timestamp AT TIME ZONE 'UTC', 'day');
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION ops.ensure_reading_partitions IS
    'partitions of mart.reading that have these UTC days, new ones a month or a day wide; run it in a short transaction of its own';
REVOKE EXECUTE ON FUNCTION ops.has_reading_partition, ops.make_reading_partition, ops.ensure_reading_partitions FROM PUBLIC;
