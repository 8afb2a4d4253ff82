-- name: read_role
-- What the connected role could do beyond reading. One row.
SELECT
    r.rolname AS role,
    r.rolsuper AS is_superuser,
    r.rolbypassrls AS bypasses_rls,
    EXISTS (
        SELECT FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('fleet', 'landing', 'mart', 'ops', 'api', 'access') AND pg_has_role(r.oid, c.relowner, 'MEMBER')
    ) AS owns_tables,
    EXISTS (
        SELECT FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('fleet', 'landing', 'mart', 'ops', 'api', 'access')
            AND c.relkind IN ('r', 'p', 'v', 'm')
            AND has_table_privilege(r.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    ) AS writes_tables
FROM pg_roles AS r
WHERE r.rolname = current_user

-- name: save_key
-- The one key that is believed.
INSERT INTO ops.api_key (inner_pad, outer_pad) VALUES (:inner_pad, :outer_pad)
ON CONFLICT (is_only) DO UPDATE SET inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad

-- name: check_key
-- Fails where the warehouse does not believe this key.
SELECT api.check_key(:proof)

-- name: begin_reading
-- Begins a transaction that sees one moment.
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: begin_writing
-- Begins one that counts log-ins; there is nothing else that it may write.
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;

-- name: set_up
-- Sets its limits and whatever else another user of the session may have set, and gives what its proofs name. One row; sent together
-- with the beginning, in one round trip.
SELECT
    set_config('statement_timeout', :statement_timeout, true),
    set_config('idle_in_transaction_session_timeout', :idle_timeout, true),
    set_config('TimeZone', 'UTC', true),
    set_config('search_path', 'pg_catalog, pg_temp', true),
    set_config('DateStyle', 'ISO', true),
    set_config('IntervalStyle', 'postgres', true),
    set_config('extra_float_digits', '1', true),
    pg_backend_pid() || ' ' || (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint AS challenge

-- name: end
-- Ends the transaction.
COMMIT

-- name: undo
-- Ends a transaction that was left open.
ROLLBACK

-- name: admit_user
-- Holds the transaction to one tenant, then checks that the user may still come in. One row, or none.
SELECT role, revision FROM api.admit_user(:tenant_id, :user_id, :generation, :proof, :key_id)

-- name: read_admission
-- Whether a user may still come in, and the revision of the tenant's data. One row, or none; opens no tenant. Psycopg's own placeholders: tenant, user,
-- generation, proof, key.
SELECT role, revision FROM api.read_admission(%s, %s, %s, %s, %s)

-- name: begin_log_in
-- Counts an attempt and tells how long it has to wait, else what its password is compared with. One row.
SELECT wait_s, user_id, tenant_id, password_hash, token_generation, is_active FROM api.begin_log_in(:attempt, :proof)

-- name: end_log_in
-- The attempt was right.
SELECT api.end_log_in(:attempt, :proof)

-- name: find_key
-- Whose key this is. One row, or none.
SELECT key_id, user_id, tenant_id, scopes, expires_at FROM api.find_key(:digest, :proof)

-- name: note_key_use
-- A key was used.
SELECT api.note_key_use(:key_id, :used_at, :proof)

-- name: begin_session
-- A log-in succeeded.
SELECT api.begin_session(:user_id, :generation, :now, :ends_at, :proof)

-- name: go_on
-- Uses a refresh token. One row, or none where it is not good.
SELECT user_id, tenant_id, generation, ends_at FROM api.go_on(CAST(:session_id AS uuid), :turn, :now, :proof)

-- name: end_session
-- A log-out.
SELECT api.end_session(CAST(:session_id AS uuid), :proof)

-- name: read_revision
-- The revision of the schema.
SELECT revision FROM api.migration
