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

-- name: admit_user
-- Holds the transaction to one tenant, then checks that the user may still come in. One row, or none.
SELECT set_config('heliograph.tenant_id', :tenant, true);
SELECT l.role, pg_current_snapshot()::text AS snapshot
FROM api.login AS l
WHERE l.user_id = :user_id AND l.tenant_id = :tenant_id AND l.is_active AND l.password_changed_at <= :issued_at

-- name: find_login
-- The user with this e-mail. One row, or none.
SELECT set_config('heliograph.login_email', :email, true);
SELECT l.user_id, l.tenant_id, l.password_hash, l.password_changed_at, l.is_active
FROM api.login AS l
WHERE l.email = :email

-- name: read_revision
-- The revision of the schema.
SELECT revision FROM api.migration
