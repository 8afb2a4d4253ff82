-- name: try_lock_account
-- One run pulls an account at a time; released at the end of the transaction.
SELECT pg_try_advisory_xact_lock(hashtext('heliograph.pull'), :integration_id);

-- name: read_plans
-- What was planned last, by purpose and, for closed days, by zone.
SELECT purpose, timezone, planned_at, ends_on AS last_day FROM ops.pull_plan WHERE integration_id = :integration_id;

-- name: note_plan
-- A purpose is planned; of closed days also the last one that was requested.
INSERT INTO ops.pull_plan AS p (integration_id, purpose, timezone, planned_at, ends_on)
VALUES (:integration_id, :purpose, :timezone, :now, :last_day)
ON CONFLICT (integration_id, purpose, timezone) DO UPDATE SET planned_at = EXCLUDED.planned_at, ends_on = EXCLUDED.ends_on;

-- name: add_request
-- The same request waits only once. Planned again later in the day its span reaches further: the answer is then authoritative for more.
INSERT INTO ops.pull AS p (integration_id, purpose, priority, interface, request_key, request, starts_on, ends_on, due_at, planned_at)
VALUES (:integration_id, :purpose, :priority, :interface, :request_key, CAST(:request AS jsonb), :first_day, :last_day, :now, :now)
ON CONFLICT (integration_id, request_key) WHERE state = 'waiting'
    DO UPDATE SET request = EXCLUDED.request WHERE EXCLUDED.request -> 'span' ->> 1 > p.request -> 'span' ->> 1;

-- name: drop_waiting
-- Waiting requests of a purpose; newer ones replace them.
DELETE FROM ops.pull WHERE integration_id = :integration_id AND purpose = :purpose AND state = 'waiting';

-- name: read_next
-- The most urgent request; none once a person switched or changed the account: whoever pulls has old credentials, or should not pull.
SELECT pull_id, purpose, request, attempts, starts_on, ends_on FROM ops.pull
WHERE integration_id = :integration_id AND state = 'waiting' AND due_at <= :now
    AND (SELECT i.state = 'active' AND i.state_set_at = :since FROM fleet.integration AS i WHERE i.integration_id = :integration_id)
ORDER BY priority, pull_id
LIMIT 1;

-- name: end_request
-- A request ends, answered or refused; one that ended meanwhile stays as it is.
UPDATE ops.pull SET state = :state, reason = CAST(:reason AS text), ended_at = :now WHERE pull_id = :pull_id AND state = 'waiting';

-- name: forget_earlier_refusals
-- A snapshot of a device that the vendor does not know is refused every five minutes: one row says it.
DELETE FROM ops.pull AS earlier USING ops.pull AS newest
WHERE
    newest.pull_id = :pull_id AND earlier.integration_id = newest.integration_id AND earlier.request_key = newest.request_key
    AND earlier.state = 'refused' AND earlier.pull_id < newest.pull_id;

-- name: postpone_request
-- One request failed: it is made again later, and the attempt counts.
UPDATE ops.pull SET attempts = attempts + 1, due_at = :until, reason = :reason WHERE pull_id = :pull_id;

-- name: end_hopeless
-- Refuse a request that fails again and again while the vendor answers others. A vendor that answers nothing at all is down: then the
-- request waits on.
UPDATE ops.pull AS p
SET state = 'refused', reason = CAST(:reason AS text), ended_at = :now, attempts = attempts + 1
FROM fleet.integration AS i
WHERE
    p.pull_id = :pull_id AND i.integration_id = p.integration_id
    AND i.last_answer_at > CAST(:now AS timestamptz) - interval '1 hour';

-- name: postpone_interface
-- Nothing of an interface (or of any) before an instant; never earlier than a request was due already. No attempt counts: it was not made.
UPDATE ops.pull SET due_at = greatest(due_at, :until), reason = :reason
WHERE integration_id = :integration_id AND state = 'waiting' AND (:interface = '*' OR interface = :interface OR pull_id = :pull_id);

-- name: take_up_again
-- A person acted: what waits is due, and what was refused is requested again. Of equal requests one is enough, the newest; none where an
-- equal one waits.
UPDATE ops.pull AS p
SET state = 'waiting', due_at = :now, attempts = 0, reason = NULL, ended_at = NULL
WHERE
    p.integration_id = :integration_id
    AND (
        p.state = 'waiting'
        OR p.pull_id IN (
            SELECT DISTINCT ON (r.request_key) r.pull_id FROM ops.pull AS r
            WHERE
                r.integration_id = :integration_id AND r.state = 'refused'
                AND NOT EXISTS (
                    SELECT 1 FROM ops.pull AS w
                    WHERE w.integration_id = r.integration_id AND w.request_key = r.request_key AND w.state = 'waiting'
                )
            ORDER BY r.request_key, r.pull_id DESC
        )
    );

-- name: forget_plans
-- Everything falls due again: lists, snapshot, alarms, and the last closed days.
UPDATE ops.pull_plan SET planned_at = timestamptz '2000-01-01 00:00Z', ends_on = ends_on - 1 WHERE integration_id = :integration_id;

-- name: read_waiting
-- How many requests wait and when the first is due: of all, of one purpose, or of the plans that touch some days.
SELECT count(*) AS waiting, min(due_at) AS next_at FROM ops.pull
WHERE integration_id = :integration_id AND state = 'waiting'
    AND (CAST(:purpose AS text) IS NULL OR purpose = :purpose)
    AND (CAST(:first_day AS date) IS NULL OR (starts_on <= :last_day AND ends_on >= :first_day));

-- name: is_due
-- May a request of this purpose be made now?
SELECT EXISTS (
    SELECT 1 FROM ops.pull WHERE integration_id = :integration_id AND state = 'waiting' AND purpose = :purpose AND due_at <= :now
);

-- name: is_untried
-- Does a request of this purpose wait that was never made?
SELECT EXISTS (
    SELECT 1 FROM ops.pull WHERE integration_id = :integration_id AND state = 'waiting' AND purpose = :purpose AND attempts = 0
);

-- name: forget_old
-- What was requested long ago; a waiting request is never forgotten.
DELETE FROM ops.pull WHERE integration_id = :integration_id AND state <> 'waiting' AND ended_at < :before;

-- name: forget_moments
-- What was requested every few minutes, and answered: nearly all of the list.
DELETE FROM ops.pull
WHERE integration_id = :integration_id AND purpose IN ('now', 'alarms') AND state = 'done' AND ended_at < :before;
