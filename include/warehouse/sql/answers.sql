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

-- name: restore_assertions
-- What an earlier load of this answer retracted: the answer decides anew. The newest of them holds again for now.
-- Else what a fuller reading of the same answer retracted would stay retracted, though today's reading of it retracts nothing.
CREATE TEMPORARY TABLE restored (
    series_id int4 NOT NULL, measured_at timestamptz NOT NULL, document_id int8 NOT NULL, value float8 NOT NULL
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
WHERE r.document_id < n.document_id AND r.measured_at >= :starts_at AND r.measured_at < :ends_at
ON CONFLICT (series_id, measured_at, document_id) DO UPDATE SET value = EXCLUDED.value, retracted_by = NULL;

-- name: write_restored
-- What is restored becomes the reading again, unless a document received later has one.
INSERT INTO mart.reading AS r (series_id, document_id, measured_at, value)
SELECT series_id, document_id, measured_at, value FROM restored ORDER BY series_id, measured_at
ON CONFLICT (series_id, measured_at)
    DO UPDATE SET document_id = EXCLUDED.document_id, value = EXCLUDED.value
    WHERE r.document_id < EXCLUDED.document_id;

-- name: adopt_snapshots
-- Instants of which snapshots alone spoke, and this history says the same: they are a history's from now on.
WITH adopted AS (
    UPDATE mart.reading AS r SET document_id = :document_id
    FROM incoming AS n, landing.document AS d, landing.document AS own
    WHERE
        r.series_id = n.series_id AND r.measured_at = n.measured_at AND r.value = n.value
        AND r.measured_at BETWEEN :first AND :last AND r.document_id < :document_id
        AND d.document_id = r.document_id AND d.is_snapshot
        AND own.document_id = :document_id AND NOT own.is_snapshot
    RETURNING r.series_id, r.measured_at, d.document_id, r.value
)
INSERT INTO mart.superseded_reading (series_id, measured_at, document_id, value)
SELECT series_id, measured_at, document_id, value FROM adopted
ON CONFLICT (series_id, measured_at, document_id) DO UPDATE SET value = EXCLUDED.value, retracted_by = NULL;

-- name: oldest_kept
-- The oldest document whose readings were restored and not retracted once more.
SELECT min(n.document_id)
FROM restored AS n
JOIN mart.superseded_reading AS p USING (series_id, measured_at, document_id)
WHERE p.retracted_by IS NULL;

-- name: find_unconfirmed
-- Instants of earlier documents in the answer's span at which it has no reading, and whether the answer says that they are not so.
-- What snapshots alone said gives way where the answer speaks within one of its own steps (at most half an hour): a gap that it leaves
-- keeps them. What earlier histories said gives way where the answer has at least as many readings as all of them together; else what
-- histories said for the first time since the last one that had more readings than it: vendors cut answers short without saying so, and
-- the one with more may have confirmed whatever was told before it. One about another span counts as one with more.
-- A retraction by a later document counts as not made yet: the order of receipt decides, not the order of loading.
CREATE TEMPORARY TABLE unconfirmed ON COMMIT DROP AS
WITH brought AS MATERIALIZED (
    SELECT series_id, measured_at FROM incoming WHERE measured_at >= :starts_at AND measured_at < :ends_at
), brought_series AS MATERIALIZED (
    SELECT
        series_id, count(*) AS readings,
        least(coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY gap), interval '5 minutes'), interval '30 minutes') AS step
    FROM (SELECT series_id, measured_at - lag(measured_at) OVER (PARTITION BY series_id ORDER BY measured_at) AS gap FROM brought) AS gaps
    GROUP BY series_id
), asserted AS (
    SELECT b.series_id, r.measured_at, r.document_id
    FROM brought_series AS b
    JOIN mart.reading AS r ON r.series_id = b.series_id
    WHERE r.measured_at >= :starts_at AND r.measured_at < :ends_at AND r.document_id < :document_id
    UNION ALL
    SELECT b.series_id, p.measured_at, p.document_id
    FROM brought_series AS b
    JOIN mart.superseded_reading AS p ON p.series_id = b.series_id
    WHERE
        p.measured_at >= :starts_at AND p.measured_at < :ends_at AND p.document_id < :document_id
        AND (p.retracted_by IS NULL OR p.retracted_by > :document_id)
), earlier AS MATERIALIZED (
    SELECT a.series_id, a.measured_at, min(a.document_id) FILTER (WHERE NOT d.is_snapshot) AS history_id
    FROM asserted AS a
    JOIN landing.document AS d ON d.document_id = a.document_id
    GROUP BY a.series_id, a.measured_at
), fuller AS (
    SELECT b.series_id, max(a.document_id) AS document_id
    FROM landing.answer AS a
    CROSS JOIN unnest(a.series_ids, a.reading_counts) AS c (series_id, readings)
    JOIN brought_series AS b ON b.series_id = c.series_id
    WHERE
        int4range(a.tenant_id, a.tenant_id, '[]') && int4range(:tenant_id, :tenant_id, '[]')
        AND tstzrange(a.starts_at, a.ends_at) && tstzrange(:starts_at, :ends_at)
        AND a.feed = :feed AND a.document_id < :document_id
        AND (a.starts_at = :starts_at AND a.ends_at = :ends_at AND c.readings <= b.readings) IS NOT TRUE
    GROUP BY b.series_id
), told AS (
    SELECT
        b.series_id, b.step, b.readings >= count(e.history_id) AS is_fullest,
        coalesce((SELECT f.document_id FROM fuller AS f WHERE f.series_id = b.series_id), 0) AS fuller_id
    FROM brought_series AS b
    JOIN earlier AS e USING (series_id)
    GROUP BY b.series_id, b.step, b.readings
), neighbours AS (
    SELECT
        series_id, measured_at, history_id, is_brought,
        max(measured_at) FILTER (WHERE is_brought) OVER (PARTITION BY series_id ORDER BY measured_at) AS before_at,
        min(measured_at) FILTER (WHERE is_brought)
            OVER (PARTITION BY series_id ORDER BY measured_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS after_at
    FROM (
        SELECT series_id, measured_at, min(history_id) AS history_id, bool_or(is_brought) AS is_brought
        FROM (
            SELECT series_id, measured_at, history_id, false AS is_brought FROM earlier
            UNION ALL SELECT series_id, measured_at, NULL, true FROM brought
        ) AS both_of_them
        GROUP BY series_id, measured_at
    ) AS together
)
SELECT n.series_id, n.measured_at
FROM neighbours AS n
JOIN told AS t USING (series_id)
WHERE
    NOT n.is_brought
    AND CASE
        WHEN t.is_fullest AND n.history_id IS NOT NULL THEN true
        WHEN n.history_id IS NOT NULL
            THEN n.history_id > t.fuller_id AND EXISTS (SELECT 1 FROM landing.answer AS a WHERE a.document_id = n.history_id)
        ELSE (n.measured_at - n.before_at <= t.step OR n.after_at - n.measured_at <= t.step) IS TRUE
    END;

-- name: retract_unconfirmed
-- Earlier readings of the span that the answer says are not so; they stay on record with the answer that retracted them.
WITH gone AS (
    DELETE FROM mart.reading AS r
    USING unconfirmed AS u
    WHERE
        r.series_id = u.series_id AND r.measured_at = u.measured_at AND r.document_id < :document_id
        AND r.measured_at >= :starts_at AND r.measured_at < :ends_at
    RETURNING r.series_id, r.measured_at, r.document_id, r.value
)
INSERT INTO mart.superseded_reading (series_id, measured_at, document_id, value, retracted_by)
SELECT series_id, measured_at, document_id, value, :document_id FROM gone
ON CONFLICT (series_id, measured_at, document_id) DO UPDATE SET value = EXCLUDED.value, retracted_by = EXCLUDED.retracted_by;

-- name: has_unconfirmed
-- Did this transaction find out what the answer says is not so?
SELECT to_regclass('pg_temp.unconfirmed') IS NOT NULL;

-- name: retract_states
-- Earlier states, within the span, of devices about which the answer speaks within half an hour: it has every change. A gap that it
-- leaves keeps what snapshots said.
DELETE FROM mart.state_event AS e
USING fleet.series AS s
WHERE
    s.device_id IN (SELECT r.device_id FROM incoming_state AS n JOIN fleet.series AS r USING (series_id))
    AND s.quantity = 'state' AND e.series_id = s.series_id
    AND e.happened_at >= :starts_at AND e.happened_at < :ends_at AND e.document_id < :document_id
    AND EXISTS (
        SELECT 1
        FROM incoming AS i
        JOIN fleet.series AS r USING (series_id)
        WHERE
            r.device_id = s.device_id
            AND i.measured_at BETWEEN e.happened_at - interval '30 minutes' AND e.happened_at + interval '30 minutes'
    )
    AND NOT EXISTS (SELECT 1 FROM incoming_state AS n WHERE n.series_id = e.series_id AND n.happened_at = e.happened_at);

-- name: retract_assertions
-- The same for what lies beneath other readings, or was retracted by a later answer only.
UPDATE mart.superseded_reading AS p
SET retracted_by = :document_id
FROM unconfirmed AS u
WHERE
    p.series_id = u.series_id AND p.measured_at = u.measured_at AND p.document_id < :document_id
    AND (p.retracted_by IS NULL OR p.retracted_by > :document_id);

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
-- Remember of which series and span the answer is the authority: an earlier document that is loaded late finds it by them. How many
-- readings of each it had tells a later answer whether it has more.
INSERT INTO landing.answer (document_id, tenant_id, feed, starts_at, ends_at, series_ids, reading_counts)
VALUES (:document_id, :tenant_id, :feed, :starts_at, :ends_at, :series_ids, :reading_counts)
ON CONFLICT (document_id) DO UPDATE SET series_ids = EXCLUDED.series_ids, reading_counts = EXCLUDED.reading_counts;

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
