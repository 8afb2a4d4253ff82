-- name: set_approval_kinds
-- Which reports of a tenant wait for a person.
UPDATE fleet.tenant SET approval_kinds = CAST(:kinds AS text[]) WHERE tenant_id = :tenant_id;

-- name: read_approval_kinds
-- Which reports of each tenant wait for a person.
SELECT slug AS tenant, approval_kinds AS kinds FROM fleet.tenant ORDER BY slug;

-- name: await_approval
-- A report waits where its tenant says so; one that was rejected waits anew where somebody asks for it again.
INSERT INTO ops.approval AS a (report_id, tenant_id, held_at)
SELECT r.report_id, r.tenant_id, :now
FROM mart.report AS r
JOIN fleet.tenant AS t USING (tenant_id)
WHERE
    r.report_id = :report_id AND r.about <> 'quality'
    AND (:is_in_place OR r.kind = ANY (t.approval_kinds) OR (r.revision > 1 AND 'restated' = ANY (t.approval_kinds)))
ON CONFLICT (report_id) DO UPDATE SET
    state = 'waiting', held_at = :now, asked_at = NULL, asked_in = NULL, decided_at = NULL, decided_by = NULL, reason = NULL
WHERE a.state = 'rejected' AND :is_asked_again;

-- name: read_without_mail
-- Those of the recipients who have no mail of this report.
SELECT w.recipient FROM unnest(CAST(:recipients AS text[])) WITH ORDINALITY AS w (recipient, place)
WHERE NOT EXISTS (SELECT FROM ops.outbox AS o WHERE o.report_id = :report_id AND o.recipient = w.recipient)
ORDER BY w.place;

-- name: lock_approval
-- The state of a report's approval, which nobody can change until the transaction ends.
SELECT state FROM ops.approval WHERE report_id = :report_id FOR SHARE;

-- name: supersede
-- Earlier revisions of a report need no decision any more.
UPDATE ops.approval AS a SET state = 'superseded'
FROM mart.report_revision AS r
WHERE r.report_id = :report_id AND r.same_revision < r.revision AND a.report_id = r.same_id AND a.state = 'waiting';

-- name: take_held_mails
-- Mails that were held of earlier revisions leave the outbox; who was to get them gets the new one.
DELETE FROM ops.outbox AS o
USING mart.report_revision AS r
WHERE r.report_id = :report_id AND r.same_revision < r.revision AND o.report_id = r.same_id AND o.state = 'held'
RETURNING o.recipient;

-- name: claim_questions
-- A run asks about what waits and nobody asks about, or asked in vain; not about what nobody wants any more, of which no mail is held.
-- While reports of a tenant still come it is not asked yet, so that a morning of many reports is one question.
UPDATE ops.approval AS a SET asked_at = :now, asked_in = :run_id
WHERE
    a.state = 'waiting' AND (a.asked_at IS NULL OR a.asked_at <= :asked_before)
    AND EXISTS (SELECT FROM ops.outbox AS o WHERE o.report_id = a.report_id AND o.state = 'held')
    AND a.tenant_id NOT IN (SELECT n.tenant_id FROM ops.approval AS n WHERE n.state = 'waiting' AND n.held_at > :settled_before);

-- name: read_asked_tenants
-- Tenants with reports about which a run asks.
SELECT DISTINCT t.slug FROM ops.approval AS a JOIN fleet.tenant AS t USING (tenant_id)
WHERE a.state = 'waiting' AND a.asked_in = :run_id
ORDER BY t.slug;

-- name: note_asked
-- A person sees the question from now on.
UPDATE ops.approval AS a SET asked_at = :now
FROM fleet.tenant AS t
WHERE t.tenant_id = a.tenant_id AND t.slug = :tenant AND a.state = 'waiting' AND a.asked_in = :run_id;

-- name: read_waiting
-- grain: report of a tenant that waits (asked_in null: whoever asks) and that somebody is to get, with how many there are; later revisions
-- first: they correct what was sent.
WITH waiting AS (
    SELECT a.report_id, a.held_at, a.asked_at, count(*) OVER () AS reports, r.revision > 1 AS is_later, r.starts_on, p.plant_key
    FROM ops.approval AS a
    JOIN fleet.tenant AS t USING (tenant_id)
    JOIN mart.report AS r USING (report_id)
    LEFT JOIN fleet.plant AS p USING (plant_id)
    WHERE
        a.state = 'waiting' AND t.slug = :tenant AND (CAST(:asked_in AS text) IS NULL OR a.asked_in = :asked_in)
        AND EXISTS (SELECT FROM ops.outbox AS o WHERE o.report_id = a.report_id AND o.state = 'held')
    ORDER BY is_later DESC, r.starts_on, p.plant_key NULLS FIRST, a.report_id
    LIMIT :most
)
SELECT
    r.report_id, r.about, r.customer_group, r.kind, r.starts_on, r.ends_on, r.language, r.revision, r.figures, w.held_at, w.asked_at,
    p.plant_key, p.name AS plant_name, w.reports,
    (SELECT count(*) FROM ops.outbox AS o WHERE o.report_id = r.report_id AND o.state = 'held') AS mails,
    (
        SELECT before.figures
        FROM mart.report_revision AS v
        JOIN mart.report AS before ON before.report_id = v.same_id
        WHERE v.report_id = r.report_id AND v.same_revision = v.revision - 1
    ) AS figures_before
FROM waiting AS w
JOIN mart.report AS r USING (report_id)
LEFT JOIN fleet.plant AS p USING (plant_id)
ORDER BY w.is_later DESC, w.starts_on, w.plant_key NULLS FIRST, w.report_id;

-- name: decide
-- A person decided about reports of a tenant: all that a run asks about, or some by id, or all that wait. What was rejected can be decided
-- about again, by its id.
UPDATE ops.approval AS a SET state = :state, decided_at = :now, decided_by = :by, reason = :reason
FROM fleet.tenant AS t
WHERE
    t.tenant_id = a.tenant_id AND t.slug = :tenant
    AND (a.state = 'waiting' OR (a.state = 'rejected' AND a.report_id = ANY (CAST(:report_ids AS int[]))))
    AND (CAST(:asked_in AS text) IS NULL OR a.asked_in = :asked_in)
    AND (CAST(:report_ids AS int[]) IS NULL OR a.report_id = ANY (CAST(:report_ids AS int[])))
RETURNING a.report_id;

-- name: release_mails
-- The mails of reports leave, as written now, to those whose calendar still has such reports.
UPDATE ops.outbox AS o SET state = 'pending', created_at = :now
FROM mart.report AS r
JOIN fleet.tenant AS t USING (tenant_id)
WHERE
    r.report_id = o.report_id AND o.report_id = ANY (CAST(:report_ids AS int[])) AND o.state = 'held'
    AND EXISTS (
        SELECT FROM fleet.subscription AS s
        WHERE
            s.tenant_id = r.tenant_id AND s.email = o.recipient AND s.stopped_at IS NULL AND s.about = r.about AND s.kind = r.kind
            AND coalesce(s.language, t.language) = r.language AND s.customer_group IS NOT DISTINCT FROM r.customer_group
            AND (s.plant_ids IS NULL OR r.plant_id = ANY (s.plant_ids))
    );

-- name: drop_held_mails
-- What nobody wants any longer leaves the outbox.
DELETE FROM ops.outbox WHERE report_id = ANY (CAST(:report_ids AS int[])) AND state = 'held';

-- name: read_approval_states
-- Approvals of reports by id, of one tenant.
SELECT a.report_id, a.state, a.decided_by
FROM ops.approval AS a
JOIN fleet.tenant AS t USING (tenant_id)
WHERE t.slug = :tenant AND a.report_id = ANY (CAST(:report_ids AS int[]));

-- name: read_file
-- Where the PDF of a report rests that waits for approval, or waited.
SELECT r.uri, r.pdf_sha256 FROM mart.report AS r JOIN ops.approval AS a USING (report_id) WHERE r.report_id = :report_id;
