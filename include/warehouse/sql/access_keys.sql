-- name: add_key
-- A new key of the user with this e-mail; no row where there is no such user, or the same key is there already.
INSERT INTO access.access_key (user_id, name, digest, beginning, scopes, created_at, expires_at)
SELECT u.user_id, :name, :digest, :beginning, CAST(:scopes AS text[]), :now, :expires_at
FROM fleet.app_user AS u
WHERE u.email = :email AND u.is_active
ON CONFLICT (digest) DO NOTHING
RETURNING key_id

-- name: find_user
-- Whether there is an active user of this e-mail.
SELECT is_active FROM fleet.app_user WHERE email = :email

-- name: list_keys
-- Keys of all users, or of one tenant's or one user's, by user and name; those that are good before those that were revoked.
SELECT
    k.key_id, t.slug AS tenant, u.email, k.name, k.beginning, k.scopes, k.created_at, k.expires_at, k.revoked_at, n.last_used_at
FROM access.access_key AS k
JOIN fleet.app_user AS u USING (user_id)
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN access.key_use AS n USING (key_id)
WHERE (CAST(:tenant AS text) IS NULL OR t.slug = :tenant) AND (CAST(:email AS text) IS NULL OR u.email = :email)
ORDER BY u.email, k.revoked_at NULLS FIRST, k.name

-- name: revoke_keys_of_user
-- Revokes all keys of a user.
UPDATE access.access_key AS k SET revoked_at = :now
FROM fleet.app_user AS u
WHERE k.user_id = u.user_id AND u.email = :email AND k.revoked_at IS NULL

-- name: revoke_key
-- Revokes a key that is good; its number.
UPDATE access.access_key AS k SET revoked_at = :now
FROM fleet.app_user AS u
WHERE k.user_id = u.user_id AND u.email = :email AND k.name = :name AND k.revoked_at IS NULL
RETURNING k.key_id
