-- name: limit_own_sessions
-- Limits of every session that the owner begins from now on, psql included.
SELECT ops.limit_own_sessions(:lock_s, :statement_s, :idle_transaction_s);

-- name: count_other_limits
-- How many of the limits this session began without.
SELECT count(*)
FROM (VALUES
    ('lock_timeout', CAST(:lock_s AS float8)), ('statement_timeout', CAST(:statement_s AS float8)),
    ('idle_in_transaction_session_timeout', CAST(:idle_transaction_s AS float8))
) AS l (name, seconds)
JOIN pg_settings AS s ON s.name = l.name AND s.setting <> round(1000 * l.seconds)::bigint::text;

-- name: end_idle_sessions
-- Of this role and database, each waited for, so that a pooler has noticed before it lends one again; at last this one.
SELECT CASE WHEN ended.pid = pg_backend_pid() THEN pg_terminate_backend(ended.pid) ELSE pg_terminate_backend(ended.pid, 5000) END
FROM (
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND (state = 'idle' OR pid = pg_backend_pid())
    ORDER BY pid = pg_backend_pid()
) AS ended;

-- name: read_process
-- The process of this session.
SELECT pg_backend_pid();

-- name: lift_limits
-- This transaction may take as long as it needs; it still waits for no lock for ever.
SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true);

-- name: lift_all_limits
-- This transaction waits and works for as long as it needs.
SELECT
    set_config('lock_timeout', '0', true), set_config('statement_timeout', '0', true),
    set_config('idle_in_transaction_session_timeout', '0', true);

-- name: read_lock_holder
-- Who most likely stands in the way: the strongest table lock that another session holds here, else the oldest transaction with locks.
SELECT
    a.pid, coalesce(nullif(a.application_name, ''), a.backend_type) AS application, coalesce(host(a.client_addr), 'this machine') AS address,
    a.state, a.xact_start AS began_at, left(a.query, 120) AS statement, held.table_name
FROM pg_stat_activity AS a
JOIN LATERAL (
    SELECT
        max(CASE WHEN l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' THEN l.relation::regclass::text END) AS table_name,
        max(
            CASE
                WHEN l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' THEN 3
                WHEN l.locktype = 'relation' AND l.mode IN ('ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock') THEN 2
                WHEN l.locktype IN ('advisory', 'transactionid') THEN 1
            END
        ) AS strength
    FROM pg_locks AS l
    WHERE l.pid = a.pid AND l.granted
) AS held ON held.strength IS NOT NULL
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.xact_start IS NOT NULL
ORDER BY held.strength DESC, a.xact_start
LIMIT 1;

-- name: read_clock
-- What time PostgreSQL has, to compare the clock of this process with.
SELECT statement_timestamp();
