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
-- The most urgent request, of these one that failed least, beside those that are answered and not landed yet; none once a person switched
-- or changed the account: whoever pulls has old credentials, or should not pull.
SELECT pull_id, purpose, request, attempts, reason, starts_on, ends_on FROM ops.pull
WHERE integration_id = :integration_id AND state = 'waiting' AND due_at <= :now AND pull_id <> ALL (:beside)
    AND (SELECT i.state IN ('active', 'needs attention') AND i.state_set_at = :since FROM fleet.integration AS i WHERE i.integration_id = :integration_id)
ORDER BY priority, attempts, pull_id
LIMIT 1;

-- name: end_requests
-- Requests end, answered or refused; one that ended meanwhile stays as it is. One whose span was widened since it was read waits on,
-- as if it had never been made: nobody spoke about the rest.
UPDATE ops.pull AS p
SET
    state = CASE WHEN w.is_wider THEN 'waiting' ELSE :state END,
    reason = CASE WHEN NOT w.is_wider THEN CAST(:reason AS text) END,
    ended_at = CASE WHEN NOT w.is_wider THEN CAST(:now AS timestamptz) END,
    attempts = CASE WHEN w.is_wider THEN 0 ELSE p.attempts END,
    due_at = CASE WHEN w.is_wider THEN CAST(:now AS timestamptz) ELSE p.due_at END
FROM (
    SELECT pull_id, coalesce(CAST(request -> 'span' ->> 1 AS timestamptz) > e.until, false) AS is_wider
    FROM unnest(CAST(:pull_ids AS bigint []), CAST(:untils AS timestamptz [])) AS e (pull_id, until)
    JOIN ops.pull USING (pull_id)
) AS w
WHERE p.pull_id = w.pull_id AND p.state = 'waiting';

-- name: forget_earlier_refusals
-- A snapshot of a device that the vendor does not know is refused every five minutes: one row says it.
DELETE FROM ops.pull AS earlier USING ops.pull AS newest
WHERE
    newest.pull_id = :pull_id AND earlier.integration_id = newest.integration_id AND earlier.request_key = newest.request_key
    AND earlier.state = 'refused' AND earlier.pull_id < newest.pull_id;

-- name: postpone_request
-- One request failed: it is made again later, and the attempt counts.
UPDATE ops.pull SET attempts = attempts + 1, due_at = :until, reason = :reason WHERE pull_id = :pull_id;

-- name: postpone_refused_request
-- The vendor refused one request for a limit: those attempts in a row count that were refused alike, no time-outs before.
UPDATE ops.pull SET attempts = CASE WHEN :is_again THEN attempts ELSE 0 END + 1, due_at = :until, reason = :reason WHERE pull_id = :pull_id;

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
-- One that failed itself keeps its own reason.
UPDATE ops.pull SET due_at = greatest(due_at, :until), reason = CASE WHEN attempts > 0 THEN reason ELSE :reason END
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

-- name: read_incomplete_plants
-- Plants whose power covers too little of a local day, or nothing. One of which nothing is known before that day did not report yet.
WITH power AS (
    SELECT p.plant_key, s.series_id
    FROM fleet.plant AS p
    JOIN fleet.series AS s USING (plant_id)
    WHERE p.integration_id = :integration_id AND p.timezone = :timezone AND p.retired_at IS NULL AND s.quantity = 'ac_power_kw'
)
SELECT w.plant_key
FROM power AS w
LEFT JOIN mart.rollup AS r ON r.series_id = w.series_id AND r.grain = 'day' AND r.local_date = :day
WHERE EXISTS (
    SELECT 1 FROM mart.rollup AS b WHERE b.series_id = w.series_id AND b.grain = 'day' AND b.local_date < :day AND b.reading_count > 0
)
GROUP BY w.plant_key
HAVING coalesce(max(r.covered_s / nullif(r.expected_s, 0)), 0) < :complete_ratio
ORDER BY w.plant_key;

-- name: count_waiting
-- How many requests of a purpose wait, by interface.
SELECT interface, count(*) AS waiting FROM ops.pull
WHERE integration_id = :integration_id AND purpose = :purpose AND state = 'waiting'
GROUP BY interface;

-- name: cancel_backfill
-- A person does not want these days any more; a request that touches other days as well goes with them.
DELETE FROM ops.pull
WHERE
    integration_id = :integration_id AND purpose = 'backfill' AND state = 'waiting'
    AND starts_on <= :last_day AND ends_on >= :first_day;

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

-- name: is_turn_of_others
-- Does a request of another purpose wait for this interface that was never made, since the last one was of this purpose? A limit of one
-- call at a time would else never let it in.
SELECT
    EXISTS (
        SELECT 1 FROM ops.pull
        WHERE
            integration_id = :integration_id AND interface = :interface AND state = 'waiting' AND attempts = 0 AND purpose <> :purpose
    )
    AND coalesce((
        SELECT purpose = :purpose FROM ops.pull
        WHERE integration_id = :integration_id AND interface = :interface AND ended_at IS NOT NULL
        ORDER BY ended_at DESC
        LIMIT 1
    ), false);

-- name: forget_old
-- What was requested long ago, and of each state what ended before the newest so many; a waiting request is never forgotten.
DELETE FROM ops.pull AS p
USING (
    SELECT
        e.state,
        greatest(CAST(:before AS timestamptz), (
            SELECT k.ended_at FROM ops.pull AS k
            WHERE k.integration_id = :integration_id AND k.state = e.state
            ORDER BY k.ended_at DESC
            OFFSET :most
            LIMIT 1
        )) AS before
    FROM unnest(ARRAY['done', 'refused']) AS e (state)
) AS b
WHERE p.integration_id = :integration_id AND p.state = b.state AND p.ended_at <= b.before;

-- name: forget_moments
-- What was requested every few minutes, and answered: nearly all of the list.
DELETE FROM ops.pull
WHERE integration_id = :integration_id AND purpose IN ('now', 'alarms') AND state = 'done' AND ended_at < :before;

-- name: read_refused_members
-- Plants and devices that the vendor refuses, by interface, and when they may be asked again.
SELECT interface, member_key, again_at FROM ops.refused_member WHERE integration_id = :integration_id;

-- name: count_refused_member
-- One plant or device is refused on an interface; returns how many times in a row.
INSERT INTO ops.refused_member AS m (integration_id, interface, member_key, reason, first_refused_at, last_refused_at, again_at)
VALUES (:integration_id, :interface, :member_key, :reason, :now, :now, :now)
ON CONFLICT (integration_id, interface, member_key)
    DO UPDATE SET reason = EXCLUDED.reason, last_refused_at = EXCLUDED.last_refused_at, times = m.times + 1
RETURNING times;

-- name: leave_member
-- A refused member is left alone until then.
UPDATE ops.refused_member SET again_at = :until
WHERE integration_id = :integration_id AND interface = :interface AND member_key = :member_key;

-- name: forget_refused_members
-- The vendor answers about these members again.
DELETE FROM ops.refused_member AS m
USING unnest(CAST(:interfaces AS text []), CAST(:member_keys AS text [])) AS a (interface, member_key)
WHERE m.integration_id = :integration_id AND m.interface = a.interface AND m.member_key = a.member_key;

-- name: forget_all_refused_members
-- A person acted: everything is asked as if nothing had been refused.
DELETE FROM ops.refused_member WHERE integration_id = :integration_id;
