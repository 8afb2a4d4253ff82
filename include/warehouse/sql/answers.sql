-- name: read_answer
-- Series of which this document was the authority when it was loaded before.
SELECT series_ids FROM landing.answer WHERE document_id = :document_id;

-- name: has_assertion
-- Did any document assert something of the incoming spans that does not hold now?
SELECT EXISTS (
    SELECT 1
    FROM incoming_range AS i
    WHERE EXISTS (
        SELECT 1 FROM mart.superseded_reading AS p WHERE p.series_id = i.series_id AND p.measured_at BETWEEN i.lo AND i.hi
    )
);

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

-- name: restore_assertions
-- What an earlier load of this answer retracted: the answer decides anew. The newest of them holds again for now.
-- Else what a fuller reading of the same answer retracted would stay retracted, though today's reading of it retracts nothing.
CREATE TEMPORARY TABLE restored (
    series_id int4 NOT NULL, measured_at timestamptz NOT NULL, document_id int4 NOT NULL, value float8 NOT NULL
) ON COMMIT DROP;
WITH asserted AS (
    UPDATE mart.superseded_reading AS p SET retracted_by = NULL
    WHERE
        p.series_id = ANY (:series_ids) AND p.measured_at >= :starts_at AND p.measured_at < :ends_at
        AND p.retracted_by = :document_id
    RETURNING p.series_id, p.measured_at, p.document_id, p.value
)
INSERT INTO restored
SELECT DISTINCT ON (series_id, measured_at) series_id, measured_at, document_id, value
FROM asserted
ORDER BY series_id, measured_at, document_id DESC;

-- name: keep_restored_over
-- Readings that give way to what is restored.
INSERT INTO mart.superseded_reading (series_id, measured_at, document_id, value)
SELECT r.series_id, r.measured_at, r.document_id, r.value
FROM mart.reading AS r
JOIN restored AS n USING (series_id, measured_at)
WHERE r.document_id < n.document_id
ON CONFLICT (series_id, measured_at, document_id) DO UPDATE SET value = EXCLUDED.value, retracted_by = NULL;

-- name: write_restored
-- What is restored becomes the reading again, unless a document received later has one.
INSERT INTO mart.reading AS r (series_id, document_id, measured_at, value)
SELECT series_id, document_id, measured_at, value FROM restored ORDER BY series_id, measured_at
ON CONFLICT (series_id, measured_at)
    DO UPDATE SET document_id = EXCLUDED.document_id, value = EXCLUDED.value
    WHERE r.document_id < EXCLUDED.document_id;

-- name: keep_confirmed
-- What a later document holds already is this one's assertion, too: should the later one be retracted, it still holds.
INSERT INTO mart.superseded_reading (series_id, measured_at, document_id, value)
SELECT n.series_id, n.measured_at, :document_id, n.value
FROM incoming AS n
JOIN mart.reading AS r ON r.series_id = n.series_id AND r.measured_at = n.measured_at
WHERE r.document_id > :document_id AND r.value = n.value
ON CONFLICT (series_id, measured_at, document_id) DO UPDATE SET value = EXCLUDED.value, retracted_by = NULL;

-- name: find_authoritative
-- Series of which the answer brings at least as many readings in its span as all earlier documents together that still held when it
-- was received. A poorer answer retracts nothing: vendors cut answers short without saying so, and a gap must not erase what is known.
-- A retraction by a later document counts as not made yet: the order of receipt decides, not the order of loading.
CREATE TEMPORARY TABLE authoritative (series_id int4 PRIMARY KEY) ON COMMIT DROP;
WITH brought AS MATERIALIZED (
    SELECT series_id, count(*) AS readings
    FROM incoming
    WHERE measured_at >= :starts_at AND measured_at < :ends_at
    GROUP BY series_id
), earlier AS (
    SELECT b.series_id, r.measured_at
    FROM brought AS b
    JOIN mart.reading AS r ON r.series_id = b.series_id
    WHERE r.measured_at >= :starts_at AND r.measured_at < :ends_at AND r.document_id < :document_id
    UNION
    SELECT b.series_id, p.measured_at
    FROM brought AS b
    JOIN mart.superseded_reading AS p ON p.series_id = b.series_id
    WHERE
        p.measured_at >= :starts_at AND p.measured_at < :ends_at AND p.document_id < :document_id
        AND (p.retracted_by IS NULL OR p.retracted_by > :document_id)
)
INSERT INTO authoritative
SELECT b.series_id
FROM brought AS b
JOIN (SELECT series_id, count(*) AS readings FROM earlier GROUP BY series_id) AS e USING (series_id)
WHERE b.readings >= e.readings;

-- name: retract_unconfirmed
-- Earlier readings of the span that the answer does not have; they stay on record with the answer that retracted them.
CREATE TEMPORARY TABLE unconfirmed (series_id int4 NOT NULL, measured_at timestamptz NOT NULL) ON COMMIT DROP;
WITH gone AS (
    DELETE FROM mart.reading AS r
    USING authoritative AS o
    WHERE
        r.series_id = o.series_id AND r.measured_at >= :starts_at AND r.measured_at < :ends_at AND r.document_id < :document_id
        AND NOT EXISTS (SELECT 1 FROM incoming AS n WHERE n.series_id = r.series_id AND n.measured_at = r.measured_at)
    RETURNING r.series_id, r.measured_at, r.document_id, r.value
), kept AS (
    INSERT INTO mart.superseded_reading (series_id, measured_at, document_id, value, retracted_by)
    SELECT series_id, measured_at, document_id, value, :document_id FROM gone
    ON CONFLICT (series_id, measured_at, document_id)
        DO UPDATE SET value = EXCLUDED.value, retracted_by = EXCLUDED.retracted_by
)
INSERT INTO unconfirmed SELECT series_id, measured_at FROM gone;

-- name: has_authoritative
-- Did this transaction find out which series the answer is the authority of?
SELECT to_regclass('pg_temp.authoritative') IS NOT NULL;

-- name: retract_states
-- Earlier states, within the span, of devices of which the answer has as much as all before it: the answer has every change.
DELETE FROM mart.state_event AS e
USING fleet.series AS s
WHERE
    s.device_id IN (SELECT r.device_id FROM authoritative AS o JOIN fleet.series AS r ON r.series_id = o.series_id)
    AND s.quantity = 'state' AND e.series_id = s.series_id
    AND e.happened_at >= :starts_at AND e.happened_at < :ends_at AND e.document_id < :document_id
    AND NOT EXISTS (SELECT 1 FROM incoming_state AS n WHERE n.series_id = e.series_id AND n.happened_at = e.happened_at);

-- name: retract_assertions
-- The same for what lies beneath other readings, or was retracted by a later answer only.
UPDATE mart.superseded_reading AS p
SET retracted_by = :document_id
FROM authoritative AS o
WHERE
    p.series_id = o.series_id AND p.measured_at >= :starts_at AND p.measured_at < :ends_at AND p.document_id < :document_id
    AND (p.retracted_by IS NULL OR p.retracted_by > :document_id)
    AND NOT EXISTS (SELECT 1 FROM incoming AS n WHERE n.series_id = p.series_id AND n.measured_at = p.measured_at);

-- name: mark_dirty_restored
-- Local days on which a restored reading may change an aggregate.
INSERT INTO ops.dirty_day (series_id, local_day)
SELECT DISTINCT c.series_id, (c.measured_at AT TIME ZONE mart.series_timezone(s))::date
FROM restored AS c
JOIN fleet.series AS s USING (series_id);

-- name: mark_dirty_unconfirmed
-- Local days that lost a reading.
INSERT INTO ops.dirty_day (series_id, local_day)
SELECT DISTINCT c.series_id, (c.measured_at AT TIME ZONE mart.series_timezone(s))::date
FROM unconfirmed AS c
JOIN fleet.series AS s USING (series_id);

-- name: write_answer
-- Remember of which series and span the answer is the authority: an earlier document that is loaded late finds it by them.
INSERT INTO landing.answer (document_id, tenant_id, feed, starts_at, ends_at, series_ids)
VALUES (:document_id, :tenant_id, :feed, :starts_at, :ends_at, :series_ids)
ON CONFLICT (document_id) DO UPDATE SET series_ids = EXCLUDED.series_ids;

-- name: reopen_newer_answers
-- Answers received later that were loaded before this document and are the authority of some of the same: they decide again.
UPDATE landing.document AS d
SET state = 'landed'
FROM landing.answer AS a
WHERE
    a.document_id = d.document_id
    AND a.tenant_id = :tenant_id
    AND a.feed = :feed
    AND a.document_id > :document_id
    AND a.starts_at <= :last
    AND a.ends_at > :first
    AND a.series_ids && CAST(:series_ids AS int[])
    AND d.state = 'loaded';

-- name: reopen_newer_readings
-- Documents received later that assert what was retracted: it rests on them alone now.
UPDATE landing.document AS d
SET state = 'landed'
FROM landing.load AS l
WHERE
    l.document_id = d.document_id
    AND d.tenant_id = :tenant_id
    AND d.feed = :feed
    AND d.document_id > :document_id
    AND d.state = 'loaded'
    AND l.first_measured_at <= :last
    AND l.last_measured_at >= :first;
