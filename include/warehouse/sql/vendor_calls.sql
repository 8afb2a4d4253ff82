-- name: lock
-- One task counts calls of a caller at a time: between reading the window and counting the call nobody else may count.
SELECT pg_advisory_xact_lock(hashtext('heliograph.vendor_calls'), hashtext(:caller));

-- name: read_block
-- Until when the vendor refuses the interface, or all of them; the longer block counts.
SELECT interface, ends_at, reason FROM ops.vendor_block
WHERE integration_id = :integration_id AND interface IN (:interface, '*') AND ends_at > :now
ORDER BY ends_at DESC
LIMIT 1;

-- name: read_blocking_call
-- The call that must leave the window before another one fits into it; none where there is room. The window is full when the n-th
-- newest call lies within it, n being the limit: that one leaves first.
SELECT called_at FROM ops.vendor_call
WHERE
    caller = :caller AND (:rule = '*' OR interface = :rule) AND called_at > :since
    AND (CAST(:subject AS text) IS NULL OR subject = :subject)
ORDER BY called_at DESC
OFFSET :calls - 1
LIMIT 1;

-- name: read_blocking_call_of_all
-- The same of all interfaces together, whose window may hold a day's tens of thousands: the n-th newest is found by its number.
SELECT called_at FROM ops.vendor_call
WHERE
    caller = :caller AND called_at > :since
    AND call_number = (SELECT max(call_number) FROM ops.vendor_call WHERE caller = :caller) - :calls + 1;

-- name: count_call
-- Counted before the call is made: a task that dies has spent it, whether the vendor saw it or not.
INSERT INTO ops.vendor_call (integration_id, caller, interface, subject, called_at, call_number)
SELECT :integration_id, :caller, :interface, :subject, :now, coalesce(max(call_number), 0) + 1 FROM ops.vendor_call WHERE caller = :caller;

-- name: count_call_of_day
-- The same call among those of its UTC day.
INSERT INTO ops.vendor_call_day AS d (integration_id, called_on, interface, caller, calls, allowed)
VALUES (:integration_id, (CAST(:now AS timestamptz) AT TIME ZONE 'UTC')::date, :rule, :caller, 1, :allowed)
ON CONFLICT (integration_id, called_on, interface) DO UPDATE SET calls = d.calls + 1, caller = EXCLUDED.caller, allowed = EXCLUDED.allowed;

-- name: forget_call_days
-- Days that no report of a year tells any more.
DELETE FROM ops.vendor_call_day WHERE integration_id = :integration_id AND called_on < (CAST(:before AS timestamptz) AT TIME ZONE 'UTC')::date;

-- name: adopt_calls
-- Calls that were counted before callers were.
UPDATE ops.vendor_call SET caller = :caller WHERE integration_id = :integration_id AND caller = '';

-- name: number_calls
-- All of a caller anew, the oldest first.
UPDATE ops.vendor_call AS c SET call_number = n.call_number
FROM (SELECT ctid AS place, row_number() OVER (ORDER BY called_at) AS call_number FROM ops.vendor_call WHERE caller = :caller) AS n
WHERE c.ctid = n.place AND c.caller = :caller;

-- name: forget_calls
-- Calls that lie outside of the longest window of any rate limit.
DELETE FROM ops.vendor_call WHERE integration_id = :integration_id AND called_at < :before;

-- name: block
-- The vendor refuses an interface. A refusal within a day after the last one was over counts on: each in a row blocks longer.
INSERT INTO ops.vendor_block AS b (integration_id, interface, ends_at, reason)
VALUES (:integration_id, :interface, :until, :reason)
ON CONFLICT (integration_id, interface) DO UPDATE SET
    ends_at = EXCLUDED.ends_at, reason = EXCLUDED.reason,
    times = CASE WHEN b.ends_at > CAST(:now AS timestamptz) - interval '1 day' THEN b.times + 1 ELSE 1 END;

-- name: read_block_times
-- How often in a row the vendor refused an interface, never a day apart.
SELECT times FROM ops.vendor_block WHERE integration_id = :integration_id AND interface = :interface AND ends_at > CAST(:now AS timestamptz) - interval '1 day';

-- name: unblock
-- Whom one interface answers is let in: what was refused to the account as a whole is over, too.
DELETE FROM ops.vendor_block WHERE integration_id = :integration_id AND (CAST(:interface AS text) IS NULL OR interface IN (:interface, '*'));
