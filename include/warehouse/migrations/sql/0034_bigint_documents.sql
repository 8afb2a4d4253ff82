-- Numbers of documents become bigint before int4 ends. Tables are written anew under a lock that keeps everybody out, all in one transaction:
-- one that is ended halfway has changed nothing. docs/operations.md says how long it takes and what room it needs.

-- A view keeps the types that it was made with, so those that tell of documents are taken away and made again, word for word.
CREATE TEMPORARY TABLE kept_view ON COMMIT DROP AS
WITH RECURSIVE dependent (view, depth) AS (
    SELECT w.ev_class, 1
    FROM pg_depend AS d
    JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
    JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    JOIN pg_class AS t ON t.oid = d.refobjid
    WHERE
        t.relkind IN ('r', 'p') AND t.relnamespace IN ('landing'::regnamespace, 'mart'::regnamespace)
        AND a.attname IN ('document_id', 'document_ids')
    UNION
    SELECT w.ev_class, b.depth + 1
    FROM dependent AS b
    JOIN pg_depend AS d ON d.refobjid = b.view AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS w ON w.oid = d.objid AND w.ev_class <> b.view
)
SELECT
    c.oid::regclass::text AS name,
    max(b.depth) AS depth,
    format('CREATE VIEW %s %s AS %s', c.oid::regclass, 'WITH (' || array_to_string(c.reloptions, ', ') || ')', pg_get_viewdef(c.oid)) AS definition,
    obj_description(c.oid, 'pg_class') AS comment,
    ARRAY(
        SELECT format('GRANT %s ON %s TO %s', a.privilege_type, c.oid::regclass, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
        FROM aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner
    ) AS grants
FROM dependent AS b
JOIN pg_class AS c ON c.oid = b.view
GROUP BY c.oid;

DO $$
DECLARE
    kept kept_view;
BEGIN
    FOR kept IN SELECT * FROM kept_view ORDER BY depth DESC LOOP
        EXECUTE 'DROP VIEW ' || kept.name;
    END LOOP;
END $$;

-- The keys of large tables are sorted anew: with more memory in one go.
SET LOCAL maintenance_work_mem = '256MB';

ALTER TABLE landing.document ALTER COLUMN document_id TYPE bigint, ALTER COLUMN repeat_of TYPE bigint;
ALTER TABLE landing.load ALTER COLUMN document_id TYPE bigint;
ALTER TABLE landing.quarantine ALTER COLUMN document_id TYPE bigint;
ALTER TABLE landing.answer ALTER COLUMN document_id TYPE bigint;
ALTER TABLE landing.claim ALTER COLUMN document_id TYPE bigint;
ALTER TABLE landing.notation ALTER COLUMN document_id TYPE bigint;
ALTER TABLE fleet.target_revision ALTER COLUMN document_id TYPE bigint;
ALTER TABLE mart.reading ALTER COLUMN document_id TYPE bigint;
ALTER TABLE mart.superseded_reading ALTER COLUMN document_id TYPE bigint, ALTER COLUMN retracted_by TYPE bigint;
ALTER TABLE mart.state_event ALTER COLUMN document_id TYPE bigint;
ALTER TABLE mart.alarm ALTER COLUMN document_id TYPE bigint;
ALTER TABLE mart.report ALTER COLUMN document_ids TYPE bigint[];

DO $$
DECLARE
    kept     kept_view;
    right_of text;
BEGIN
    FOR kept IN SELECT * FROM kept_view ORDER BY depth LOOP
        EXECUTE kept.definition;
        IF kept.comment IS NOT NULL THEN
            EXECUTE format('COMMENT ON VIEW %s IS %L', kept.name, kept.comment);
        END IF;
        FOREACH right_of IN ARRAY kept.grants LOOP
            EXECUTE right_of;
        END LOOP;
    END LOOP;
END $$;
