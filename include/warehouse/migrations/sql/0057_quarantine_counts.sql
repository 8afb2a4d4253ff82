-- What is set aside is counted as it is set aside, for half a million rows are not counted while somebody waits.
CREATE TABLE landing.quarantine_count (
    document_id       bigint NOT NULL REFERENCES landing.document,
    subject           text NOT NULL,
    rule              text NOT NULL,
    tenant_id         int NOT NULL REFERENCES fleet.tenant,
    rows              int NOT NULL CHECK (rows > 0),
    quantities        text[] NOT NULL,
    first_measured_at timestamptz,
    last_measured_at  timestamptz,
    PRIMARY KEY (document_id, subject, rule)
);
CREATE INDEX ON landing.quarantine_count (tenant_id, subject, document_id);
COMMENT ON TABLE landing.quarantine_count IS 'rows of landing.quarantine with a subject, by each rule that they break; triggers of that table keep it';
COMMENT ON COLUMN landing.quarantine_count.quantities IS 'in order, each once';

ALTER TABLE landing.quarantine_count ENABLE ROW LEVEL SECURITY;
ALTER TABLE landing.quarantine_count FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_writes ON landing.quarantine_count TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY api_reads_one_tenant ON landing.quarantine_count FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
GRANT SELECT ON landing.quarantine_count TO heliograph_api;

CREATE FUNCTION landing.count_quarantine(documents bigint[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM landing.quarantine_count AS c WHERE c.document_id = ANY (documents);
    INSERT INTO landing.quarantine_count
        (document_id, subject, rule, tenant_id, rows, quantities, first_measured_at, last_measured_at)
    SELECT
        q.document_id, q.subject, rule, q.tenant_id, count(*), array_agg(DISTINCT q.quantity ORDER BY q.quantity),
        min((q.payload ->> 'measured_at')::timestamptz), max((q.payload ->> 'measured_at')::timestamptz)
    FROM landing.quarantine AS q
    CROSS JOIN LATERAL unnest(q.broken_rules) AS rule
    WHERE q.document_id = ANY (documents) AND q.subject IS NOT NULL
    GROUP BY q.document_id, q.subject, rule, q.tenant_id
$$;
COMMENT ON FUNCTION landing.count_quarantine IS 'counts what is set aside of these documents anew';

CREATE FUNCTION landing.count_changed_quarantine() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A document's rows come and go together: to count them anew is to count them once.
    PERFORM landing.count_quarantine(ARRAY(SELECT DISTINCT c.document_id FROM changed AS c));
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION landing.count_quarantine, landing.count_changed_quarantine FROM PUBLIC;

CREATE TRIGGER count_what_came AFTER INSERT ON landing.quarantine
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION landing.count_changed_quarantine();
CREATE TRIGGER count_what_changed AFTER UPDATE ON landing.quarantine
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION landing.count_changed_quarantine();
CREATE TRIGGER count_what_went AFTER DELETE ON landing.quarantine
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION landing.count_changed_quarantine();

SELECT landing.count_quarantine(ARRAY(SELECT DISTINCT document_id FROM landing.quarantine));

-- grain: plant, or device of a plant · the key by which rows that were not trusted name it, and the feeds in which the key is its own;
-- null: all files that were dropped.
CREATE VIEW api.quarantine_subject WITH (security_invoker = true) AS
    SELECT tenant_id, plant_id, NULL::int AS device_id, plant_key AS key, ARRAY[source || '_plants', source || '_alarms'] AS feeds
    FROM fleet.plant
    WHERE source <> 'drops'
    UNION ALL
    SELECT tenant_id, plant_id, device_id, device_key, CASE WHEN source <> 'drops' THEN ARRAY[source || '_devices'] END
    FROM fleet.device
    WHERE plant_id IS NOT NULL;

CREATE OR REPLACE VIEW api.plant_quarantine WITH (security_invoker = true) AS
    SELECT
        s.plant_id, s.device_id, q.document_id, q.row_number, q.quantity, q.broken_rules, q.payload ->> 'measured_at' AS told_at,
        d.feed, d.received_at
    FROM api.quarantine_subject AS s
    JOIN landing.quarantine AS q ON q.tenant_id = s.tenant_id AND q.subject = s.key
    JOIN landing.document AS d USING (document_id)
    WHERE CASE WHEN s.feeds IS NULL THEN d.integration_id IS NULL ELSE d.feed = ANY (s.feeds) END;

-- grain: (plant or device, document, rule) · the same rows, counted.
CREATE VIEW api.plant_quarantine_count WITH (security_invoker = true) AS
    SELECT
        s.plant_id, s.device_id, c.document_id, c.rule, c.rows, c.quantities, c.first_measured_at, c.last_measured_at, d.feed,
        d.received_at
    FROM api.quarantine_subject AS s
    JOIN landing.quarantine_count AS c ON c.tenant_id = s.tenant_id AND c.subject = s.key
    JOIN landing.document AS d USING (document_id)
    WHERE CASE WHEN s.feeds IS NULL THEN d.integration_id IS NULL ELSE d.feed = ANY (s.feeds) END;

GRANT SELECT ON api.quarantine_subject, api.plant_quarantine_count TO heliograph_api;
