-- name: lock
-- One task counts calls of an account at a time: between reading the window and counting the call nobody else may count.
SELECT pg_advisory_xact_lock(hashtext('heliograph.vendor_calls'), :integration_id);

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
    integration_id = :integration_id AND (:rule = '*' OR interface = :rule) AND called_at > :since
    AND (CAST(:subject AS text) IS NULL OR subject = :subject)
ORDER BY called_at DESC
OFFSET :calls - 1
LIMIT 1;

-- name: count_call
-- Counted before the call is made: a task that dies has spent it, whether the vendor saw it or not.
INSERT INTO ops.vendor_call (integration_id, interface, subject, called_at) VALUES (:integration_id, :interface, :subject, :now);

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
