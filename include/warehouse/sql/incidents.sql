-- name: read_open
-- What is wrong now, the worst first; `ended` of the last day where asked for.
SELECT
    i.incident_id, i.kind, i.subject, t.slug AS tenant, i.severity, i.summary, i.action, i.began_at, i.opened_at, i.absent_at, i.told_at
FROM ops.incident AS i
LEFT JOIN fleet.tenant AS t USING (tenant_id)
WHERE i.ended_at IS NULL
ORDER BY array_position(ARRAY['critical', 'major', 'minor'], i.severity), i.began_at, i.incident_id;

-- name: open_incidents
-- What was found: a new incident, or what is known of one that is open.
INSERT INTO ops.incident AS i (kind, subject, tenant_id, severity, summary, action, began_at, opened_at)
SELECT f.kind, f.subject, f.tenant_id, f.severity, f.summary, f.action, f.began_at, :now
FROM jsonb_to_recordset(CAST(:found AS jsonb)) AS f (
    kind text, subject text, tenant_id int, severity text, summary text, action text, began_at timestamptz
)
ON CONFLICT (kind, subject) WHERE ended_at IS NULL DO UPDATE SET
    severity = EXCLUDED.severity, summary = EXCLUDED.summary, action = EXCLUDED.action,
    began_at = least(i.began_at, EXCLUDED.began_at), absent_at = NULL;

-- name: keep_explained
-- What another finding explains by now: it stays open, and is not told anew when that one ends.
UPDATE ops.incident AS i
SET absent_at = NULL
FROM jsonb_to_recordset(CAST(:explained AS jsonb)) AS f (kind text, subject text)
WHERE i.kind = f.kind AND i.subject = f.subject AND i.ended_at IS NULL;

-- name: miss_absent
-- What was not found is absent from now on; a time to come is one that a wrong clock wrote.
UPDATE ops.incident AS i
SET absent_at = :now
WHERE
    i.ended_at IS NULL AND (i.absent_at IS NULL OR i.absent_at > :now)
    AND NOT EXISTS (
        SELECT 1 FROM jsonb_to_recordset(CAST(:present AS jsonb)) AS f (kind text, subject text) WHERE f.kind = i.kind AND f.subject = i.subject
    );

-- name: end_absent
-- What stayed away for long enough has ended when it was missed first.
UPDATE ops.incident SET ended_at = absent_at WHERE ended_at IS NULL AND absent_at <= :absent_since;

-- name: read_untold
-- What is to be told at once: open ones of these severities, and ended ones that were told.
SELECT incident_id, kind, severity, summary, action, began_at, ended_at, ended_at IS NOT NULL AS has_ended
FROM ops.incident
WHERE
    (ended_at IS NULL AND absent_at IS NULL AND told_at IS NULL AND severity = ANY (:severities))
    OR (ended_at IS NOT NULL AND told_at IS NOT NULL AND end_told_at IS NULL AND severity = ANY (:severities))
ORDER BY array_position(ARRAY['critical', 'major', 'minor'], severity), began_at, incident_id;

-- name: read_digest
-- What the digest tells: everything that is open, and what ended since the last one.
SELECT incident_id, kind, severity, summary, action, began_at, ended_at, ended_at IS NOT NULL AS has_ended
FROM ops.incident
WHERE (ended_at IS NULL AND absent_at IS NULL) OR (ended_at > CAST(:since AS timestamptz) AND (end_told_at IS NULL OR end_told_at > :since))
ORDER BY array_position(ARRAY['critical', 'major', 'minor'], severity), began_at, incident_id;

-- name: mark_told
-- These are told, those among them that ended with their end.
UPDATE ops.incident
SET told_at = coalesce(told_at, :now), end_told_at = CASE WHEN ended_at IS NOT NULL THEN coalesce(end_told_at, :now) END
WHERE incident_id = ANY (:incident_ids);

-- name: insert_notice
-- A notice to the operator as it is now.
INSERT INTO ops.notice (kind, content, written_at) VALUES (:kind, CAST(:content AS jsonb), :now) RETURNING notice_id;

-- name: insert_notice_mail
-- It waits in the outbox, once per recipient.
INSERT INTO ops.outbox (notice_id, recipient, message_id, created_at) VALUES (:notice_id, :recipient, :message_id, :now)
ON CONFLICT (notice_id, recipient) DO NOTHING;
