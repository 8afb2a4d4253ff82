-- name: read_role
-- What the connected role could do beyond reading. One row.
SELECT
    r.rolname AS role,
    r.rolsuper AS is_superuser,
    r.rolbypassrls AS bypasses_rls,
    EXISTS (
        SELECT FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('fleet', 'landing', 'mart', 'ops', 'api') AND pg_has_role(r.oid, c.relowner, 'MEMBER')
    ) AS owns_tables,
    EXISTS (
        SELECT FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('fleet', 'landing', 'mart', 'ops', 'api')
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

-- name: admit_user
-- Holds the transaction to one tenant, then checks that the user may still come in. One row, or none.
SELECT role, snapshot FROM api.admit_user(:tenant_id, :user_id, :generation, :proof)

-- name: begin_log_in
-- Counts an attempt and tells how long it has to wait, else what its password is compared with. One row.
SELECT wait_s, user_id, tenant_id, password_hash, token_generation, is_active FROM api.begin_log_in(:attempt, :proof)

-- name: end_log_in
-- The attempt was right.
SELECT api.end_log_in(:attempt, :proof)

-- name: read_revision
-- The revision of the schema.
SELECT revision FROM api.migration
