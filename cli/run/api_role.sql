-- What every role may do by default and the API's may not, in the database of the warehouse. A superuser runs it; repeat it freely.
REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;

-- Large objects fill the disk, and advisory locks hold up the owner, also for a role that may write no table.
DO $$
DECLARE
    it regprocedure;
BEGIN
    FOR it IN
        SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^(lo_|loread$|lowrite$|pg_advisory_|pg_try_advisory_)'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', it);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO heliograph', it);
    END LOOP;
END $$;
