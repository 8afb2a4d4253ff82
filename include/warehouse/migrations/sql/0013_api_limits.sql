-- The password of the API's role opens nothing by itself: tenant and log-in are told to functions together with a proof, made with
-- a key that only the API and this table know.
CREATE TABLE ops.api_key (
    is_only   boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    inner_pad bytea NOT NULL CHECK (length(inner_pad) = 64),
    outer_pad bytea NOT NULL CHECK (length(outer_pad) = 64)
);
COMMENT ON TABLE ops.api_key IS 'the key of the API, as the two pads of HMAC-SHA256 (RFC 2104); helio migrate writes it';

CREATE FUNCTION ops.is_proven(claim text, proof text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    message bytea := convert_to(pg_backend_pid() || ' ' || claim, 'UTF8');
    expected text;
BEGIN
    SELECT encode(sha256(outer_pad || sha256(inner_pad || message)), 'hex') INTO expected FROM ops.api_key;
    RETURN coalesce(expected = proof, false);
END $$;
COMMENT ON FUNCTION ops.is_proven IS 'whether proof was made with the API''s key for this claim and this session';
REVOKE EXECUTE ON FUNCTION ops.is_proven FROM PUBLIC;

CREATE FUNCTION ops.require_proof(claim text, proof text) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT ops.is_proven(claim, proof) THEN
        RAISE EXCEPTION 'this was not asked with the key of the API' USING ERRCODE = 'invalid_authorization_specification';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION ops.require_proof FROM PUBLIC;

CREATE FUNCTION api.check_key(proof text) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM ops.require_proof('start', proof);
END $$;
COMMENT ON FUNCTION api.check_key IS 'raises unless the caller holds the API''s key';

-- ---------------------------------------------------------------------------------------------------------------- tenants
CREATE FUNCTION api.proven_tenant() RETURNS int
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tenant text := nullif(current_setting('heliograph.tenant_id', true), '');
BEGIN
    IF tenant IS NULL OR NOT ops.is_proven('tenant ' || tenant, current_setting('heliograph.tenant_proof', true)) THEN
        RETURN NULL;
    END IF;
    RETURN tenant::int;
END $$;
COMMENT ON FUNCTION api.proven_tenant IS 'the tenant of this transaction; null where none was set, or without a proof of the API';

-- Every policy that believed the setting asks for its proof instead.
DO $$
DECLARE
    policy record;
BEGIN
    FOR policy IN
        SELECT schemaname, tablename, policyname
        FROM pg_policies
        WHERE 'heliograph_api' = ANY (roles) AND qual LIKE '%heliograph.tenant_id%' AND tablename <> 'app_user'
    LOOP
        EXECUTE format(
            'ALTER POLICY %I ON %I.%I USING (tenant_id = (SELECT api.proven_tenant()))',
            policy.policyname, policy.schemaname, policy.tablename
        );
    END LOOP;
END $$;

-- ------------------------------------------------------------------------------------------------------------------ users
-- The API reads users through functions only.
DROP POLICY api_reads_one_login ON fleet.app_user;
DROP VIEW api.login;
REVOKE ALL ON fleet.app_user FROM heliograph_api;

ALTER TABLE fleet.app_user ADD COLUMN token_generation int NOT NULL DEFAULT 1;
COMMENT ON COLUMN fleet.app_user.token_generation IS 'tokens of another generation are void; a new password, and opening or shutting, begin the next';
COMMENT ON COLUMN fleet.app_user.password_changed_at IS NULL;

CREATE FUNCTION api.admit_user(tenant int, app_user int, generation int, proof text) RETURNS TABLE (role text, snapshot text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM ops.require_proof('tenant ' || tenant, proof);
    PERFORM set_config('heliograph.tenant_id', tenant::text, true), set_config('heliograph.tenant_proof', proof, true);
    RETURN QUERY
        SELECT u.role, pg_current_snapshot()::text
        FROM fleet.app_user AS u
        WHERE u.user_id = app_user AND u.tenant_id = tenant AND u.token_generation = generation AND u.is_active;
END $$;
COMMENT ON FUNCTION api.admit_user IS 'holds the transaction to a tenant; no row where the user may not come in';

-- ---------------------------------------------------------------------------------------------------------------- log-ins
CREATE TABLE ops.log_in_limit (
    key          bytea PRIMARY KEY,
    failures     real NOT NULL DEFAULT 0,
    attempts     real NOT NULL DEFAULT 0,
    counted_at   timestamptz NOT NULL,
    next_at      timestamptz NOT NULL,
    known_end_at timestamptz,
    forget_at    timestamptz NOT NULL
);
CREATE INDEX ON ops.log_in_limit (forget_at);
COMMENT ON TABLE ops.log_in_limit IS 'log-ins of a user, an address, and a user at an address, of all processes of the API';
COMMENT ON COLUMN ops.log_in_limit.key IS 'digest: neither addresses nor what was typed as a name rest here';
COMMENT ON COLUMN ops.log_in_limit.failures IS 'failed attempts and those that run; one is forgotten after a time of its limit';
COMMENT ON COLUMN ops.log_in_limit.attempts IS 'attempts, right and wrong; one is forgotten after a time of its limit';
COMMENT ON COLUMN ops.log_in_limit.next_at IS 'no attempt before';
COMMENT ON COLUMN ops.log_in_limit.known_end_at IS 'of a user at an address: until then it waits for its own failures only, not for those of others';

CREATE FUNCTION ops.log_in_limits(attempt jsonb) RETURNS TABLE (
    key bytea, kind text, free_failures float8, forget_failure_s float8, longest_wait_s float8,
    free_attempts float8, forget_attempt_s float8
) LANGUAGE sql STABLE AS $$
    SELECT decode(l.key, 'hex'), l.kind, l.free_failures, l.forget_failure_s, l.longest_wait_s, l.free_attempts, l.forget_attempt_s
    FROM jsonb_to_recordset(attempt -> 'limits') AS l (
        key text, kind text, free_failures float8, forget_failure_s float8, longest_wait_s float8, free_attempts float8,
        forget_attempt_s float8
    )
$$;
REVOKE EXECUTE ON FUNCTION ops.log_in_limits FROM PUBLIC;

CREATE FUNCTION ops.log_in_free_at(attempt jsonb) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    -- A user who is known at the address waits for the own failures there only.
    SELECT coalesce(max(c.next_at) FILTER (WHERE l.kind = 'user at address' OR NOT k.is_known), '-infinity')
    FROM ops.log_in_limits(attempt) AS l
    JOIN ops.log_in_limit AS c USING (key)
    CROSS JOIN (
        SELECT coalesce(bool_or(p.known_end_at > (attempt ->> 'now')::timestamptz), false) AS is_known
        FROM ops.log_in_limits(attempt) AS l JOIN ops.log_in_limit AS p USING (key)
        WHERE l.kind = 'user at address'
    ) AS k
$$;
REVOKE EXECUTE ON FUNCTION ops.log_in_free_at FROM PUBLIC;

CREATE FUNCTION ops.hold_log_in_limits(attempt jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- In the order of keys, so that no two wait for each other.
    INSERT INTO ops.log_in_limit (key, counted_at, next_at, forget_at)
    SELECT l.key, n.at, n.at, n.at + interval '1 day'
    FROM ops.log_in_limits(attempt) AS l CROSS JOIN (SELECT (attempt ->> 'now')::timestamptz AS at) AS n
    ORDER BY l.key
    ON CONFLICT DO NOTHING;
    PERFORM FROM ops.log_in_limit AS c WHERE c.key IN (SELECT l.key FROM ops.log_in_limits(attempt) AS l) ORDER BY c.key FOR UPDATE;
END $$;
REVOKE EXECUTE ON FUNCTION ops.hold_log_in_limits FROM PUBLIC;

CREATE FUNCTION ops.failure_wait(failures float8, free_failures float8, longest_wait_s float8) RETURNS interval
LANGUAGE sql IMMUTABLE AS $$
    -- The first failure above what is free costs a second, each further one twice as much.
    SELECT CASE
        WHEN failures < free_failures THEN interval '0'
        ELSE make_interval(secs => least(longest_wait_s, power(2::float8, least(failures - free_failures, 60))))
    END
$$;
REVOKE EXECUTE ON FUNCTION ops.failure_wait FROM PUBLIC;

CREATE FUNCTION api.begin_log_in(attempt text, proof text) RETURNS TABLE (
    wait_s float8, user_id int, tenant_id int, password_hash text, token_generation int, is_active boolean
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    asked   jsonb := attempt;
    now     timestamptz := asked ->> 'now';
    free_at timestamptz;
BEGIN
    PERFORM ops.require_proof('log-in ' || attempt, proof);
    free_at := ops.log_in_free_at(asked);
    IF free_at <= now THEN
        PERFORM ops.hold_log_in_limits(asked);
        free_at := ops.log_in_free_at(asked);
    END IF;
    IF free_at > now THEN
        RETURN QUERY SELECT extract(epoch FROM free_at - now)::float8, NULL::int, NULL::int, NULL::text, NULL::int, NULL::boolean;
        RETURN;
    END IF;
    UPDATE ops.log_in_limit AS c
    SET
        failures = n.failures,
        attempts = n.attempts,
        counted_at = now,
        next_at = now + greatest(
            ops.failure_wait(n.failures, n.free_failures, n.longest_wait_s),
            CASE WHEN n.attempts > n.free_attempts THEN make_interval(secs => n.forget_attempt_s) ELSE interval '0' END
        ),
        forget_at = greatest(c.known_end_at, now + interval '1 day')
    FROM (
        SELECT
            l.key, l.free_failures, l.longest_wait_s, l.free_attempts, l.forget_attempt_s,
            greatest(0, p.failures - extract(epoch FROM now - p.counted_at) / l.forget_failure_s) + 1 AS failures,
            greatest(0, p.attempts - extract(epoch FROM now - p.counted_at) / l.forget_attempt_s) + 1 AS attempts
        FROM ops.log_in_limits(asked) AS l JOIN ops.log_in_limit AS p USING (key)
    ) AS n
    WHERE c.key = n.key;
    -- As many go as may have come: the table does not grow with what strangers type.
    DELETE FROM ops.log_in_limit WHERE key IN (
        SELECT c.key FROM ops.log_in_limit AS c WHERE c.forget_at < now ORDER BY c.forget_at LIMIT 6 FOR UPDATE SKIP LOCKED
    );
    RETURN QUERY
        SELECT 0::float8, u.user_id, u.tenant_id, u.password_hash, u.token_generation, u.is_active
        FROM (SELECT) AS always LEFT JOIN fleet.app_user AS u ON u.email = asked ->> 'email';
END $$;
COMMENT ON FUNCTION api.begin_log_in IS 'counts an attempt as failed and gives what its password is compared with, or tells how long [s] to wait';

CREATE FUNCTION api.end_log_in(attempt text, proof text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked jsonb := attempt;
BEGIN
    PERFORM ops.require_proof('log-in ' || attempt, proof);
    PERFORM ops.hold_log_in_limits(asked);
    -- User and address only take their own attempt back: who guesses others' passwords may have a good one of their own.
    UPDATE ops.log_in_limit AS c
    SET
        failures = n.failures,
        next_at = c.counted_at + greatest(
            ops.failure_wait(n.failures, n.free_failures, n.longest_wait_s),
            CASE WHEN c.attempts > n.free_attempts THEN make_interval(secs => n.forget_attempt_s) ELSE interval '0' END
        ),
        known_end_at = CASE WHEN n.kind = 'user at address' THEN (asked ->> 'known_end_at')::timestamptz END,
        forget_at = CASE WHEN n.kind = 'user at address' THEN (asked ->> 'known_end_at')::timestamptz ELSE c.forget_at END
    FROM (
        SELECT l.*, CASE WHEN l.kind = 'user at address' THEN 0 ELSE greatest(0, p.failures - 1) END AS failures
        FROM ops.log_in_limits(asked) AS l JOIN ops.log_in_limit AS p USING (key)
    ) AS n
    WHERE c.key = n.key;
END $$;
COMMENT ON FUNCTION api.end_log_in IS 'the attempt was right: it is no failure, and its user is known at its address';

REVOKE EXECUTE ON FUNCTION api.check_key, api.proven_tenant, api.admit_user, api.begin_log_in, api.end_log_in FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.check_key, api.proven_tenant, api.admit_user, api.begin_log_in, api.end_log_in TO heliograph_api;
