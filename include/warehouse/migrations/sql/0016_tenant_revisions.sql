-- What a tenant's data are now, as one number: equal revisions, the same data. Every transaction that changes what the tenant reads adds a
-- row with a random mark, and the revision is the sum of the marks that a snapshot shows. So no two writers wait for each other, a
-- reader sees a change and its mark at the same moment, in whatever order they commit, and a server that lost its last
-- transactions does not come to an old revision again with other data.
CREATE TABLE ops.tenant_change (
    tenant_id int NOT NULL,
    change_id bigint GENERATED ALWAYS AS IDENTITY,
    mark      numeric NOT NULL DEFAULT (random() * 9007199254740992)::bigint,
    PRIMARY KEY (tenant_id, change_id)
);
COMMENT ON TABLE ops.tenant_change IS 'transactions that changed what a tenant reads; their sum is the tenant''s revision, and many rows become one of the same sum';
ALTER TABLE ops.tenant_change ENABLE ROW LEVEL SECURITY;
ALTER TABLE ops.tenant_change FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_writes ON ops.tenant_change TO CURRENT_USER USING (true) WITH CHECK (true);

CREATE FUNCTION ops.tenant_revision(tenant int) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(c.mark), 0)::text FROM ops.tenant_change AS c WHERE c.tenant_id = tenant
$$;
COMMENT ON FUNCTION ops.tenant_revision IS 'equal for equal data of the tenant, in every snapshot, on the primary and on standbys';
REVOKE EXECUTE ON FUNCTION ops.tenant_revision FROM PUBLIC;

CREATE FUNCTION ops.fold_changes(tenant int) RETURNS void LANGUAGE sql AS $$
    -- What another transaction folds is left to it: nobody waits. Every snapshot has the same sum before and after.
    WITH folded AS (
        DELETE FROM ops.tenant_change AS c
        WHERE (c.tenant_id, c.change_id) IN (
            SELECT o.tenant_id, o.change_id FROM ops.tenant_change AS o WHERE o.tenant_id = tenant FOR UPDATE SKIP LOCKED
        )
        RETURNING c.mark
    )
    INSERT INTO ops.tenant_change (tenant_id, mark) SELECT tenant, sum(f.mark) FROM folded AS f
$$;
REVOKE EXECUTE ON FUNCTION ops.fold_changes FROM PUBLIC;

CREATE FUNCTION ops.note_change(tenants int[], of_readings boolean DEFAULT false) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    noted  text := coalesce(nullif(current_setting('heliograph.changed_tenants', true), ''), ' ');
    tenant int;
BEGIN
    FOREACH tenant IN ARRAY coalesce(tenants, '{}') LOOP
        CONTINUE WHEN strpos(noted, ' ' || tenant || ' ') > 0;
        INSERT INTO ops.tenant_change (tenant_id) VALUES (tenant);
        noted := noted || tenant || ' ';
        -- Beyond READ COMMITTED a row that another one has folded would be an error.
        IF random() < 0.02 AND current_setting('transaction_isolation') = 'read committed' THEN
            PERFORM ops.fold_changes(tenant);
        END IF;
    END LOOP;
    -- Until the transaction ends, or the savepoint is undone together with its row.
    PERFORM set_config('heliograph.changed_tenants', noted, true);
    IF of_readings AND cardinality(tenants) > 0 THEN
        PERFORM set_config('heliograph.readings_are_noted', 'on', true);
    END IF;
END $$;
COMMENT ON FUNCTION ops.note_change IS 'this transaction changes what the tenants read, once each; of_readings: and no readings or rollups of others';
REVOKE EXECUTE ON FUNCTION ops.note_change FROM PUBLIC;

-- ------------------------------------------------------------------------------------------------- who notes, and of which tenant
CREATE FUNCTION ops.note_change_by_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ops.note_change((SELECT array_agg(DISTINCT c.tenant_id) FROM changed AS c WHERE c.tenant_id IS NOT NULL));
    RETURN NULL;
END $$;

CREATE FUNCTION ops.note_change_by_series() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ops.note_change((SELECT array_agg(DISTINCT s.tenant_id) FROM changed AS c JOIN fleet.series AS s USING (series_id)), true);
    RETURN NULL;
END $$;

CREATE FUNCTION ops.note_change_by_plant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ops.note_change((SELECT array_agg(DISTINCT p.tenant_id) FROM changed AS c JOIN fleet.plant AS p USING (plant_id)), true);
    RETURN NULL;
END $$;

CREATE FUNCTION ops.note_change_of_somebody() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Loads note their tenant first, and roll-ups those of the days that they take. Whose rows a large table got is not looked up:
    -- of any other transaction they may be everybody's.
    IF coalesce(current_setting('heliograph.readings_are_noted', true), '') <> 'on' THEN
        PERFORM ops.note_change((SELECT array_agg(t.tenant_id) FROM fleet.tenant AS t));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION ops.note_changes_with(noted regclass, noting text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    large boolean := noting = 'ops.note_change_of_somebody';
    event text;
BEGIN
    FOREACH event IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', 'note_' || lower(event), noted);
        EXECUTE format(
            'CREATE TRIGGER %I AFTER %s ON %s %s FOR EACH STATEMENT EXECUTE FUNCTION %s()',
            'note_' || lower(event), event, noted,
            CASE
                WHEN large OR event = 'TRUNCATE' THEN ''
                WHEN event = 'DELETE' THEN 'REFERENCING OLD TABLE AS changed'
                ELSE 'REFERENCING NEW TABLE AS changed'
            END,
            CASE event WHEN 'TRUNCATE' THEN 'ops.note_change_of_somebody' ELSE noting END
        );
    END LOOP;
END $$;

CREATE FUNCTION ops.note_changes_of_tables() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    entry record;
BEGIN
    FOR entry IN
        SELECT
            c.oid::regclass AS name,
            CASE
                -- So many rows that not even their tenants are collected.
                WHEN c.oid = ANY (ARRAY['mart.reading', 'mart.rollup']::regclass[]) THEN 'ops.note_change_of_somebody'
                WHEN 'tenant_id' = ANY (k.columns) THEN 'ops.note_change_by_tenant'
                WHEN 'series_id' = ANY (k.columns) THEN 'ops.note_change_by_series'
                WHEN 'plant_id' = ANY (k.columns) THEN 'ops.note_change_by_plant'
                ELSE 'ops.note_change_of_somebody'
            END AS noting
        FROM pg_class AS c
        CROSS JOIN LATERAL (
            SELECT array_agg(a.attname::text) AS columns FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        ) AS k
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND c.relnamespace = ANY (ARRAY['fleet', 'landing', 'mart', 'ops']::regnamespace[])
            AND has_any_column_privilege('heliograph_api', c.oid, 'SELECT')
            AND NOT EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND t.tgname = 'note_insert')
    LOOP
        PERFORM ops.note_changes_with(entry.name, entry.noting);
    END LOOP;
END $$;
COMMENT ON FUNCTION ops.note_changes_of_tables IS 'every table that the API reads notes its changes from now on; helio migrate calls it';
SELECT ops.note_changes_of_tables();

-- --------------------------------------------------------------------------------------------------------- proofs of one transaction
-- A proof holds in the transaction for which it was made and in no other one, so one server process may serve many clients by
-- turns, and a proof that was seen is worth nothing.
CREATE FUNCTION ops.is_signed(message text, proof text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    expected text;
BEGIN
    SELECT encode(sha256(outer_pad || sha256(inner_pad || convert_to(message, 'UTF8'))), 'hex') INTO expected FROM ops.api_key;
    RETURN coalesce(expected = proof, false);
END $$;
COMMENT ON FUNCTION ops.is_signed IS 'whether proof was made with the API''s key for this message';
REVOKE EXECUTE ON FUNCTION ops.is_signed FROM PUBLIC;

DROP FUNCTION ops.is_proven;
CREATE FUNCTION ops.is_proven(claim text, proof text) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL RESTRICTED AS $$
BEGIN
    -- Microseconds since 1970. Only functions that set the search path ask this: to set it here too would cost more than the proof.
    RETURN ops.is_signed(
        pg_backend_pid() || ' ' || (extract(epoch FROM transaction_timestamp()) * 1000000)::bigint || ' ' || claim, proof
    );
END $$;
COMMENT ON FUNCTION ops.is_proven IS 'whether proof was made with the API''s key for this claim in this transaction';
REVOKE EXECUTE ON FUNCTION ops.is_proven FROM PUBLIC;

DROP FUNCTION api.admit_user;
CREATE FUNCTION api.admit_user(tenant int, app_user int, generation int, proof text) RETURNS TABLE (role text, revision text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM ops.require_proof('tenant ' || tenant, proof);
    PERFORM set_config('heliograph.tenant_id', tenant::text, true), set_config('heliograph.tenant_proof', proof, true);
    RETURN QUERY
        SELECT u.role, ops.tenant_revision(tenant)
        FROM fleet.app_user AS u
        WHERE u.user_id = app_user AND u.tenant_id = tenant AND u.token_generation = generation AND u.is_active;
END $$;
COMMENT ON FUNCTION api.admit_user IS 'holds the transaction to a tenant; no row where the user may not come in';

CREATE FUNCTION api.read_admission(tenant int, app_user int, generation int, proof text) RETURNS TABLE (role text, revision text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    -- Opens no tenant, so its proof is good at any time: who saw one learns whether that user may still come in, and a number.
    IF NOT ops.is_signed('admission ' || tenant || ' ' || app_user || ' ' || generation, proof) THEN
        RAISE EXCEPTION 'this was not asked with the key of the API' USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    RETURN QUERY
        SELECT u.role, ops.tenant_revision(tenant)
        FROM fleet.app_user AS u
        WHERE u.user_id = app_user AND u.tenant_id = tenant AND u.token_generation = generation AND u.is_active;
END $$;
COMMENT ON FUNCTION api.read_admission IS 'whether a user may come in, and the revision of the tenant''s data; no row where not';

REVOKE EXECUTE ON FUNCTION api.admit_user, api.read_admission FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.admit_user, api.read_admission TO heliograph_api;

-- ------------------------------------------------------------------------------------------------------------- settings of the owner
CREATE FUNCTION ops.settle_owner() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    setting text[];
BEGIN
    FOREACH setting SLICE 1 IN ARRAY ARRAY[
        -- Loads that meet stored readings work in temporary tables; taken only when used.
        ['temp_buffers', '128MB'],
        -- A worker's machine that vanishes gives up its locks within two minutes, not two hours.
        ['tcp_keepalives_idle', '60'], ['tcp_keepalives_interval', '15'], ['tcp_keepalives_count', '4']
    ] LOOP
        IF NOT EXISTS (
            SELECT FROM pg_db_role_setting AS s
            WHERE s.setrole = current_user::regrole AND s.setdatabase = 0 AND (setting[1] || '=' || setting[2]) = ANY (s.setconfig)
        ) THEN
            EXECUTE format('ALTER ROLE CURRENT_USER SET %I = %L', setting[1], setting[2]);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION ops.settle_owner IS 'settings that go with the role and not with a connection, which a pooler may share; helio migrate calls it';
REVOKE EXECUTE ON FUNCTION ops.settle_owner, ops.note_changes_of_tables, ops.note_changes_with FROM PUBLIC;
