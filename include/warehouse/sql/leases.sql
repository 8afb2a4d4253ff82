-- name: read_holder
-- Who holds a thing; whoever is taking it at this moment is not waited for.
SELECT holder, ends_at < statement_timestamp() AS has_ended FROM ops.lease WHERE thing = :thing FOR UPDATE SKIP LOCKED;

-- name: take_first
-- A thing that nobody holds.
INSERT INTO ops.lease (thing, holder, ends_at) VALUES (:thing, :holder, statement_timestamp() + make_interval(secs => :seconds))
ON CONFLICT (thing) DO NOTHING;

-- name: take_over
-- A thing whose row this transaction has locked.
UPDATE ops.lease SET holder = :holder, ends_at = statement_timestamp() + make_interval(secs => :seconds) WHERE thing = :thing;

-- name: renew
-- Longer, unless somebody has taken it over.
UPDATE ops.lease SET ends_at = statement_timestamp() + make_interval(secs => :seconds) WHERE thing = :thing AND holder = :holder;

-- name: give_back
-- At the end.
DELETE FROM ops.lease WHERE thing = :thing AND holder = :holder;
