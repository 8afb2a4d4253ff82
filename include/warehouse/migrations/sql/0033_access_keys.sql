-- Keys of programs, and sessions that outlive an access token. What the API writes of them lies in a schema of its own, on which its role
-- has no right: it goes through functions that answer for one key or one session, and ask for a proof.
CREATE SCHEMA access;
COMMENT ON SCHEMA access IS 'how users come in besides their passwords: keys of programs, sessions';

CREATE TABLE access.access_key (
    key_id     int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    int NOT NULL REFERENCES fleet.app_user ON DELETE CASCADE,
    name       text NOT NULL CHECK (name <> ''),
    digest     bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    beginning  text NOT NULL,
    scopes     text[] NOT NULL CHECK (cardinality(scopes) > 0),
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX access_key_named_once ON access.access_key (user_id, name) WHERE revoked_at IS NULL;
COMMENT ON TABLE access.access_key IS 'API keys; tenant and role are those of the user';
COMMENT ON COLUMN access.access_key.digest IS 'SHA-256 of the key; 256 random bits cannot be guessed, so a slow hash would guard nothing';
COMMENT ON COLUMN access.access_key.beginning IS 'the first characters, by which people recognise a key';
COMMENT ON COLUMN access.access_key.expires_at IS 'null: never';

-- Apart from the keys, so that an answer that notes its key touches nothing that others read.
CREATE TABLE access.key_use (
    key_id       int PRIMARY KEY REFERENCES access.access_key ON DELETE CASCADE,
    last_used_at timestamptz NOT NULL
) WITH (fillfactor = 50);
COMMENT ON TABLE access.key_use IS 'when a key was used last, to some minutes';

CREATE TABLE access.user_session (
    session_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id    int NOT NULL REFERENCES fleet.app_user ON DELETE CASCADE,
    generation int NOT NULL,
    turn       int NOT NULL DEFAULT 1,
    ends_at    timestamptz NOT NULL
);
CREATE INDEX ON access.user_session (ends_at);
CREATE INDEX ON access.user_session (user_id);
COMMENT ON TABLE access.user_session IS 'log-ins that go on without the password; an ended one is no row';
COMMENT ON COLUMN access.user_session.turn IS 'number of the one refresh token that is good; an earlier one was used already';

DO $$
DECLARE
    held text;
BEGIN
    FOREACH held IN ARRAY ARRAY['access_key', 'key_use', 'user_session'] LOOP
        EXECUTE format('ALTER TABLE access.%I ENABLE ROW LEVEL SECURITY', held);
        EXECUTE format('ALTER TABLE access.%I FORCE ROW LEVEL SECURITY', held);
        EXECUTE format('CREATE POLICY owner_writes ON access.%I TO CURRENT_USER USING (true) WITH CHECK (true)', held);
    END LOOP;
END $$;

-- ------------------------------------------------------------------------------------------------------------------- who may come in
CREATE FUNCTION ops.read_admitted(tenant int, app_user int, generation int, key int) RETURNS TABLE (role text, revision text)
LANGUAGE sql STABLE AS $$
    SELECT u.role, ops.tenant_revision(tenant)
    FROM fleet.app_user AS u
    WHERE u.user_id = app_user AND u.tenant_id = tenant AND u.is_active AND CASE
        WHEN key IS NULL THEN u.token_generation = generation
        ELSE EXISTS (SELECT FROM access.access_key AS k WHERE k.key_id = key AND k.user_id = app_user AND k.revoked_at IS NULL)
    END
$$;
COMMENT ON FUNCTION ops.read_admitted IS 'one row where the user may come in with a token of this generation or, where one is given, with this key';
REVOKE EXECUTE ON FUNCTION ops.read_admitted FROM PUBLIC;

DROP FUNCTION api.admit_user;
CREATE FUNCTION api.admit_user(tenant int, app_user int, generation int, proof text, key int DEFAULT NULL)
RETURNS TABLE (role text, revision text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM ops.require_proof('tenant ' || tenant, proof);
    PERFORM set_config('heliograph.tenant_id', tenant::text, true), set_config('heliograph.tenant_proof', proof, true);
    RETURN QUERY SELECT a.role, a.revision FROM ops.read_admitted(tenant, app_user, generation, key) AS a;
END $$;
COMMENT ON FUNCTION api.admit_user IS 'holds the transaction to a tenant; no row where the user may not come in';

DROP FUNCTION api.read_admission;
CREATE FUNCTION api.read_admission(tenant int, app_user int, generation int, proof text, key int DEFAULT NULL)
RETURNS TABLE (role text, revision text) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Opens no tenant, so its proof is good at any time: who saw one learns whether that user may still come in, and a number.
    IF NOT ops.is_signed(concat_ws(' ', 'admission', tenant, app_user, generation, key), proof) THEN
        RAISE EXCEPTION 'this was not asked with the key of the API' USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    RETURN QUERY SELECT a.role, a.revision FROM ops.read_admitted(tenant, app_user, generation, key) AS a;
END $$;
COMMENT ON FUNCTION api.read_admission IS 'whether a user may come in, and the revision of the tenant''s data; no row where not';

-- ------------------------------------------------------------------------------------------------------------------------------ keys
CREATE FUNCTION api.find_key(digest text, proof text)
RETURNS TABLE (key_id int, user_id int, tenant_id int, scopes text[], expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM ops.require_proof('key ' || find_key.digest, proof);
    RETURN QUERY
        SELECT k.key_id, u.user_id, u.tenant_id, k.scopes, k.expires_at
        FROM access.access_key AS k JOIN fleet.app_user AS u USING (user_id)
        WHERE k.digest = decode(find_key.digest, 'hex') AND k.revoked_at IS NULL AND u.is_active;
END $$;
COMMENT ON FUNCTION api.find_key IS 'whose key this is; no row for one that is unknown or revoked, or whose user is shut';

CREATE FUNCTION api.note_key_use(key int, used_at timestamptz, proof text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM ops.require_proof('use of key ' || key, proof);
    INSERT INTO access.key_use AS u (key_id, last_used_at)
    SELECT k.key_id, used_at FROM access.access_key AS k WHERE k.key_id = key AND k.revoked_at IS NULL
    ON CONFLICT (key_id) DO UPDATE SET last_used_at = excluded.last_used_at
    -- Of the processes that note a use in the same minutes one writes.
    WHERE u.last_used_at < excluded.last_used_at - interval '2 minutes';
END $$;
COMMENT ON FUNCTION api.note_key_use IS 'a key was used; told every few minutes';

-- -------------------------------------------------------------------------------------------------------------------------- sessions
CREATE FUNCTION api.begin_session(app_user int, generation int, now timestamptz, ends_at timestamptz, proof text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    begun uuid;
BEGIN
    PERFORM ops.require_proof('session of ' || app_user || ' ' || generation, proof);
    -- More go than may come: the table holds what has not ended.
    DELETE FROM access.user_session AS s WHERE s.session_id IN (
        SELECT o.session_id FROM access.user_session AS o WHERE o.ends_at <= now ORDER BY o.ends_at LIMIT 5 FOR UPDATE SKIP LOCKED
    );
    INSERT INTO access.user_session (user_id, generation, ends_at) VALUES (app_user, generation, ends_at) RETURNING session_id INTO begun;
    RETURN begun;
END $$;
COMMENT ON FUNCTION api.begin_session IS 'a log-in succeeded; its first refresh token has turn 1';

CREATE FUNCTION api.go_on(session uuid, turn int, now timestamptz, proof text)
RETURNS TABLE (user_id int, tenant_id int, generation int, ends_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM ops.require_proof('session ' || session || ' ' || go_on.turn, proof);
    PERFORM FROM access.user_session AS s WHERE s.session_id = session FOR UPDATE;
    -- A token that was used before is in two hands; who has which cannot be told, so the session ends for both.
    DELETE FROM access.user_session AS s
    WHERE s.session_id = session AND (s.turn <> go_on.turn OR s.ends_at <= now OR NOT EXISTS (
        SELECT FROM fleet.app_user AS u WHERE u.user_id = s.user_id AND u.is_active AND u.token_generation = s.generation
    ));
    RETURN QUERY
        UPDATE access.user_session AS s SET turn = s.turn + 1
        FROM fleet.app_user AS u
        WHERE s.session_id = session AND u.user_id = s.user_id
        RETURNING u.user_id, u.tenant_id, s.generation, s.ends_at;
END $$;
COMMENT ON FUNCTION api.go_on IS 'uses a refresh token, once; no row where it is not good, and then its session has ended';

CREATE FUNCTION api.end_session(session uuid, proof text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM ops.require_proof('end of session ' || session, proof);
    DELETE FROM access.user_session AS s WHERE s.session_id = session;
END $$;
COMMENT ON FUNCTION api.end_session IS 'a log-out';

DO $$
DECLARE
    it regprocedure;
BEGIN
    FOR it IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'api'::regnamespace
            AND proname IN ('admit_user', 'read_admission', 'find_key', 'note_key_use', 'begin_session', 'go_on', 'end_session')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', it);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO heliograph_api', it);
    END LOOP;
END $$;
