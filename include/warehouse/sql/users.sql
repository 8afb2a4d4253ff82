-- name: add_user
-- A new active user of the tenant with this slug; no row where there is no such tenant.
INSERT INTO fleet.app_user (tenant_id, email, role, password_hash, password_changed_at)
SELECT t.tenant_id, :email, :role, :password_hash, :now
FROM fleet.tenant AS t
WHERE t.slug = :tenant
RETURNING user_id

-- name: set_password
-- A new password; tokens issued before it are void.
UPDATE fleet.app_user
SET password_hash = :password_hash, password_changed_at = :now, token_generation = token_generation + 1
WHERE email = :email

-- name: set_active
-- Opens or shuts an account; tokens issued before are void, also when it is opened again.
UPDATE fleet.app_user
SET is_active = :is_active, token_generation = token_generation + CASE WHEN is_active = :is_active THEN 0 ELSE 1 END
WHERE email = :email

-- name: list_users
-- Users of one tenant, or of all when none is named.
SELECT u.user_id, t.slug, u.email, u.role, u.is_active
FROM fleet.app_user AS u
JOIN fleet.tenant AS t USING (tenant_id)
WHERE CAST(:tenant AS text) IS NULL OR t.slug = :tenant
ORDER BY u.email
