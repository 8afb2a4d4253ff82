-- What joins readings is bounded by :first and :last, the whole span of a document: PostgreSQL then plans, locks and opens only the partitions
-- that have it, and not each of them.

-- name: ensure_partitions
-- Partitions that have these days since 2000 (UTC); those that are made are so wide.
SELECT ops.ensure_reading_partitions(ARRAY(SELECT date '2000-01-01' + d FROM unnest(CAST(:days AS int[])) AS d), :width);

-- name: create_range
-- Span of each series in the incoming document.
CREATE TEMPORARY TABLE incoming_range (series_id int4 PRIMARY KEY, lo timestamptz NOT NULL, hi timestamptz NOT NULL) ON COMMIT DROP;

-- name: has_overlap
-- Does any series already hold a reading within its incoming span?
SELECT EXISTS (
    SELECT 1
    FROM incoming_range AS i
    WHERE EXISTS (
        SELECT 1 FROM mart.reading AS r
        WHERE r.series_id = i.series_id AND r.measured_at BETWEEN i.lo AND i.hi AND r.measured_at BETWEEN :first AND :last
    )
);

-- name: has_overlap_of_few
-- The same of spans that come as arrays [µs since 2000]: a few of them are not worth a temporary table.
SELECT EXISTS (
    SELECT 1
    FROM unnest(CAST(:series_ids AS int4[]), CAST(:firsts AS int8[]), CAST(:lasts AS int8[])) AS i (series_id, lo, hi)
    WHERE EXISTS (
        SELECT 1
        FROM mart.reading AS r
        WHERE
            r.series_id = i.series_id
            AND r.measured_at BETWEEN timestamptz '2000-01-01Z' + i.lo * interval '1 microsecond'
            AND timestamptz '2000-01-01Z' + i.hi * interval '1 microsecond'
            AND r.measured_at BETWEEN :first AND :last
        OFFSET 0
    )
);

-- name: create_incoming
-- The document's readings, each key once.
CREATE TEMPORARY TABLE incoming (series_id int4 NOT NULL, measured_at timestamptz NOT NULL, value float8 NOT NULL) ON COMMIT DROP;

-- name: lock_tenant
-- One at a time writes readings of a tenant or registers its fleet; whose data change is noted before any do.
SELECT pg_advisory_xact_lock(hashtext('heliograph.load'), :tenant_id), ops.note_change(ARRAY[:tenant_id], true);

-- name: create_difference
-- Incoming readings that are new or differ from what is stored, or that a document received later says as well.
CREATE TEMPORARY TABLE difference (
    series_id int4 NOT NULL, measured_at timestamptz NOT NULL, value float8 NOT NULL, old_document_id int8, old_value float8
) ON COMMIT DROP;

-- name: stored_in_sample
-- Stored readings within the incoming spans of a few series: tells a dense document from a sparse one.
SELECT count(*)
FROM incoming_range AS i
JOIN LATERAL (
    SELECT 1 FROM mart.reading AS r
    WHERE r.series_id = i.series_id AND r.measured_at BETWEEN i.lo AND i.hi AND r.measured_at BETWEEN :first AND :last
) AS stored ON true
WHERE i.series_id = ANY (:series_ids);

-- name: difference_dense
-- One index range scan per series.
INSERT INTO difference
SELECT n.series_id, n.measured_at, n.value, stored.document_id, stored.value
FROM incoming AS n
LEFT JOIN (
    SELECT r.series_id, r.measured_at, r.document_id, r.value
    FROM incoming_range AS i
    JOIN LATERAL (
        SELECT r.series_id, r.measured_at, r.document_id, r.value
        FROM mart.reading AS r
        WHERE r.series_id = i.series_id AND r.measured_at BETWEEN i.lo AND i.hi AND r.measured_at BETWEEN :first AND :last
    ) AS r ON true
) AS stored USING (series_id, measured_at)
WHERE stored.value IS DISTINCT FROM n.value OR stored.document_id > :document_id;

-- name: difference_sparse
-- One index probe per incoming row.
INSERT INTO difference
SELECT n.series_id, n.measured_at, n.value, stored.document_id, stored.value
FROM incoming AS n
LEFT JOIN LATERAL (
    SELECT r.document_id, r.value
    FROM mart.reading AS r
    WHERE r.series_id = n.series_id AND r.measured_at = n.measured_at AND r.measured_at BETWEEN :first AND :last
    OFFSET 0
) AS stored ON true
WHERE stored.value IS DISTINCT FROM n.value OR stored.document_id > :document_id;

-- name: keep_superseded
-- Of two documents that contradict each other the one received last wins; the reading of the other stays on record. So does what a later
-- document says as well: it holds on should that one say it no longer.
INSERT INTO mart.superseded_reading (series_id, measured_at, document_id, value)
SELECT
    d.series_id,
    d.measured_at,
    least(d.old_document_id, :document_id),
    CASE WHEN d.old_document_id < :document_id THEN d.old_value ELSE d.value END
FROM difference AS d
WHERE d.old_document_id <> :document_id
ON CONFLICT (series_id, measured_at, document_id) DO UPDATE SET value = EXCLUDED.value, retracted_by = NULL;

-- name: update_changed
-- Readings of documents received earlier give way; one of a later document stays as it is.
UPDATE mart.reading AS r
SET value = d.value, document_id = :document_id
FROM difference AS d
WHERE
    d.old_document_id <= :document_id AND r.series_id = d.series_id AND r.measured_at = d.measured_at
    AND r.measured_at BETWEEN :first AND :last;

-- name: insert_new
-- Ordered by the key: an index filled in order costs half.
INSERT INTO mart.reading (series_id, document_id, measured_at, value)
SELECT d.series_id, :document_id, d.measured_at, d.value
FROM difference AS d
WHERE d.old_document_id IS NULL
ORDER BY d.series_id, d.measured_at;

-- name: mark_dirty_difference
-- Local days of what was written. The day is that of the zone that the series has now, as the roll-up takes it.
INSERT INTO ops.dirty_day (series_id, local_day)
SELECT DISTINCT d.series_id, (d.measured_at AT TIME ZONE mart.series_timezone(s))::date
FROM difference AS d
JOIN fleet.series AS s USING (series_id)
WHERE d.old_document_id IS NULL OR d.old_document_id <= :document_id;

-- name: forget_assertions
-- What an earlier load of this document asserted beneath other documents, and what the document no longer contains.
DELETE FROM mart.superseded_reading AS p
USING fleet.series AS s
WHERE
    s.tenant_id = :tenant_id
    AND p.series_id = s.series_id
    AND p.measured_at BETWEEN :first AND :last
    AND p.document_id = :document_id
    AND NOT EXISTS (SELECT 1 FROM incoming AS n WHERE n.series_id = p.series_id AND n.measured_at = p.measured_at);

-- name: retract
-- Readings that an earlier load of this document brought and that today's reading of it does not contain.
CREATE TEMPORARY TABLE retracted (series_id int4 NOT NULL, measured_at timestamptz NOT NULL) ON COMMIT DROP;
WITH gone AS (
    DELETE FROM mart.reading AS r
    USING fleet.series AS s
    WHERE
        s.tenant_id = :tenant_id
        AND r.series_id = s.series_id
        AND r.measured_at BETWEEN :first AND :last
        AND r.document_id = :document_id
        AND NOT EXISTS (SELECT 1 FROM incoming AS n WHERE n.series_id = r.series_id AND n.measured_at = r.measured_at)
    RETURNING r.series_id, r.measured_at
)
INSERT INTO retracted SELECT series_id, measured_at FROM gone;

-- name: reinstate
-- What the newest other document asserted of the retracted instants holds again. Returns the oldest document on which one of them rests now.
WITH heir AS (
    SELECT DISTINCT ON (p.series_id, p.measured_at) p.series_id, p.measured_at, p.document_id, p.value
    FROM mart.superseded_reading AS p
    JOIN retracted AS w USING (series_id, measured_at)
    WHERE p.document_id <> :document_id AND p.retracted_by IS NULL
    ORDER BY p.series_id, p.measured_at, p.document_id DESC
), reinstated AS (
    INSERT INTO mart.reading (series_id, document_id, measured_at, value)
    SELECT series_id, document_id, measured_at, value FROM heir ORDER BY series_id, measured_at
)
SELECT min(document_id) FROM heir;

-- name: mark_dirty_retracted
-- Local days that lost a reading; one that was reinstated counts too, its value may differ.
INSERT INTO ops.dirty_day (series_id, local_day)
SELECT DISTINCT w.series_id, (w.measured_at AT TIME ZONE mart.series_timezone(s))::date
FROM retracted AS w
JOIN fleet.series AS s USING (series_id);

-- name: create_incoming_state
-- The document's text states, each key once.
CREATE TEMPORARY TABLE incoming_state (series_id int4 NOT NULL, happened_at timestamptz NOT NULL, state text NOT NULL) ON COMMIT DROP;

-- name: upsert_states
-- Newest document wins; returns how many were new and how many changed.
WITH written AS (
    INSERT INTO mart.state_event AS e (series_id, document_id, happened_at, state)
    SELECT series_id, :document_id, happened_at, state FROM incoming_state ORDER BY series_id, happened_at
    ON CONFLICT (series_id, happened_at)
        DO UPDATE SET state = EXCLUDED.state, document_id = EXCLUDED.document_id
        WHERE e.document_id <= EXCLUDED.document_id AND e.state <> EXCLUDED.state
    RETURNING (xmax = 0) AS is_new
)
SELECT count(*) FILTER (WHERE is_new) AS inserted, count(*) FILTER (WHERE NOT is_new) AS updated FROM written;
