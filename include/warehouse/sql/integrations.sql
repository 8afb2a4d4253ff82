-- name: add_vendors
-- The vendors that the code knows; those of accounts that are left stay.
INSERT INTO fleet.vendor (vendor) SELECT unnest(CAST(:vendors AS text[])) ON CONFLICT DO NOTHING;

-- name: upsert_integration
-- Adding an account again gives it new credentials and another chance.
INSERT INTO fleet.integration AS i (tenant_id, vendor, name, connection_id, credentials, account, state_set_at, next_due_at)
VALUES (:tenant_id, :vendor, :name, :connection_id, :credentials, CAST(:account AS jsonb), :now, :now)
ON CONFLICT (tenant_id, name) DO UPDATE SET
    credentials = EXCLUDED.credentials, account = EXCLUDED.account, state = 'active', reason = NULL, state_set_at = :now, next_due_at = :now,
    troubled_at = NULL, refused_at = NULL, refused_log_ins = 0, quiet_visits = 0
WHERE i.vendor = EXCLUDED.vendor
RETURNING integration_id;

-- name: read_integration
-- One account, by its id, by tenant and name, or by its Airflow connection.
SELECT i.integration_id, i.tenant_id, t.slug AS tenant, t.timezone, i.vendor, i.name, i.connection_id, i.credentials, i.account, i.state,
    i.state_set_at
FROM fleet.integration AS i
JOIN fleet.tenant AS t USING (tenant_id)
WHERE
    (CAST(:integration_id AS int) IS NULL OR i.integration_id = :integration_id)
    AND (CAST(:tenant AS text) IS NULL OR (t.slug = :tenant AND i.name = :name))
    AND (CAST(:connection_id AS text) IS NULL OR i.connection_id = :connection_id);

-- name: read_integration_ids
-- Accounts that are not disabled, of one tenant or vendor or of all.
SELECT i.integration_id
FROM fleet.integration AS i
JOIN fleet.tenant AS t USING (tenant_id)
WHERE
    i.state <> 'disabled'
    AND (CAST(:tenant AS text) IS NULL OR t.slug = :tenant)
    AND (CAST(:vendor AS text) IS NULL OR i.vendor = :vendor)
ORDER BY t.slug, i.name;

-- name: remember_account
-- Fields of the credentials that are no secret, for planning without the credentials.
UPDATE fleet.integration SET account = CAST(:account AS jsonb)
WHERE integration_id = :integration_id AND account IS DISTINCT FROM CAST(:account AS jsonb);

-- name: set_due
-- When the account is worth looking at again.
UPDATE fleet.integration SET next_due_at = :next_due_at WHERE integration_id = :integration_id;

-- name: take_due
-- Whoever is handed out goes to the end of the line, so that accounts whose pull cannot even begin do not stand in the others' way.
-- One that is locked is about to log in: a run pulls it already.
WITH due AS (
    SELECT integration_id, next_due_at
    FROM fleet.integration
    WHERE vendor = :vendor AND state IN ('active', 'needs attention') AND next_due_at <= :now
    ORDER BY next_due_at, integration_id
    LIMIT :most
    FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
    UPDATE fleet.integration AS i SET next_due_at = :again
    FROM due
    WHERE i.integration_id = due.integration_id
    RETURNING i.integration_id, i.tenant_id, i.name, i.connection_id, due.next_due_at
)
SELECT taken.integration_id, t.slug || '/' || taken.name AS label, taken.connection_id
FROM taken
JOIN fleet.tenant AS t USING (tenant_id)
ORDER BY taken.next_due_at, taken.integration_id;

-- name: read_fleet_plants
-- Plants that are pulled through an account; not those that its vendor lists no longer.
SELECT plant_key, timezone FROM fleet.plant WHERE integration_id = :integration_id AND retired_at IS NULL ORDER BY plant_key;

-- name: read_fleet_devices
-- Their devices, as far as the vendor named their type: it decides which requests can be made.
SELECT d.device_key, p.plant_key, d.vendor_type
FROM fleet.device AS d
JOIN fleet.plant AS p USING (plant_id)
WHERE p.integration_id = :integration_id AND d.vendor_type IS NOT NULL AND d.retired_at IS NULL AND p.retired_at IS NULL
ORDER BY d.device_key;

-- name: release_plants
-- The account that lists them takes them with its next list.
UPDATE fleet.plant AS p SET integration_id = NULL
FROM fleet.integration AS i
JOIN fleet.integration AS o USING (tenant_id, vendor)
WHERE
    i.integration_id = :integration_id AND o.integration_id <> i.integration_id AND o.state IN ('active', 'needs attention')
    AND p.integration_id = i.integration_id AND p.plant_key <> ALL (:listed);

-- name: list_integrations
-- The accounts as the operator sees them, with what waits, what is blocked or left out, and the calls of the last day.
SELECT
    i.integration_id, t.slug AS tenant, i.name, i.vendor, i.connection_id, i.credentials IS NOT NULL AS keeps_credentials, i.state, i.reason, i.state_set_at AS state_since,
    (SELECT count(*) FROM fleet.plant AS p WHERE p.integration_id = i.integration_id) AS plants,
    (
        SELECT count(*) FROM fleet.device AS d JOIN fleet.plant AS p USING (plant_id)
        WHERE p.integration_id = i.integration_id AND d.kind = 'inverter'
    ) AS devices,
    (SELECT count(*) FROM ops.pull AS w WHERE w.integration_id = i.integration_id AND w.state = 'waiting') AS waiting,
    (SELECT count(*) FROM ops.pull AS w WHERE w.integration_id = i.integration_id AND w.state = 'refused') AS refused,
    i.next_due_at, i.last_answer_at, i.figures_at, i.troubled_at, i.last_reason, i.last_reason_at,
    (
        SELECT coalesce(jsonb_agg(jsonb_build_object('interface', b.interface, 'until', b.ends_at, 'reason', b.reason) ORDER BY b.interface), '[]')
        FROM ops.vendor_block AS b
        WHERE b.integration_id = i.integration_id AND b.ends_at > :now
    ) AS blocked,
    (SELECT count(DISTINCT m.member_key) FROM ops.refused_member AS m WHERE m.integration_id = i.integration_id) AS left_out,
    (
        SELECT
            jsonb_build_object(
                'interface', m.interface, 'member', m.member_key, 'since', m.first_refused_at, 'until', m.again_at, 'reason', m.reason
            )
        FROM ops.refused_member AS m
        WHERE m.integration_id = i.integration_id
        ORDER BY m.last_refused_at DESC, m.interface, m.member_key
        LIMIT 1
    ) AS last_left_out,
    (
        SELECT count(*) FROM ops.vendor_call AS c
        WHERE c.integration_id = i.integration_id AND c.called_at > CAST(:now AS timestamptz) - interval '1 day' AND c.called_at <= :now
    ) AS calls_today
FROM fleet.integration AS i
JOIN fleet.tenant AS t USING (tenant_id)
WHERE CAST(:tenant AS text) IS NULL OR t.slug = :tenant
ORDER BY t.slug, i.name;

-- name: lock_account
-- One at a time logs in, plans, or switches the account. Not FOR UPDATE: counting the login's calls refers to this row from another transaction.
SELECT 1 FROM fleet.integration WHERE integration_id = :integration_id FOR NO KEY UPDATE;

-- name: read_tokens
-- Tokens of the last login, ended or not: a renewal needs the last ones.
SELECT tokens, fingerprint, expires_at FROM ops.vendor_token WHERE integration_id = :integration_id;

-- name: keep_tokens
-- Tokens of a new login replace the old ones.
INSERT INTO ops.vendor_token AS k (integration_id, tokens, fingerprint, expires_at, made_at)
VALUES (:integration_id, :tokens, :fingerprint, :expires_at, :now)
ON CONFLICT (integration_id) DO UPDATE SET
    tokens = EXCLUDED.tokens, fingerprint = EXCLUDED.fingerprint, expires_at = EXCLUDED.expires_at, made_at = EXCLUDED.made_at;

-- name: end_tokens
-- The vendor ended these tokens; those that another task has renewed meanwhile stay.
UPDATE ops.vendor_token SET expires_at = made_at WHERE integration_id = :integration_id AND fingerprint = :fingerprint;

-- name: forget_tokens
-- New credentials: tokens of the old ones may be another account's.
DELETE FROM ops.vendor_token WHERE integration_id = :integration_id;
