-- Who receives which reports, of which plants, in which language and when; before, a tenant had two lists of addresses.
CREATE TABLE fleet.subscription (
    subscription_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id       int NOT NULL REFERENCES fleet.tenant,
    email           text NOT NULL CHECK (email <> ''),
    about           text NOT NULL CHECK (about IN ('plant', 'portfolio')),
    kind            text NOT NULL CHECK (kind IN ('day', 'week', 'month', 'cycle')),
    language        text CHECK (language IN ('pt-BR', 'en')),
    plant_ids       int[] CHECK (cardinality(plant_ids) > 0),
    wait_days       int NOT NULL DEFAULT 0 CHECK (wait_days BETWEEN 0 AND 28),
    hour            int NOT NULL DEFAULT 7 CHECK (hour BETWEEN 0 AND 23),
    timezone        text,
    started_at      timestamptz NOT NULL,
    stopped_at      timestamptz,
    CONSTRAINT subscription_of_all_plants CHECK (about = 'plant' OR (plant_ids IS NULL AND kind <> 'cycle'))
);
CREATE UNIQUE INDEX subscription_once ON fleet.subscription (tenant_id, email, about, kind) WHERE stopped_at IS NULL;
COMMENT ON TABLE fleet.subscription IS 'which reports a recipient gets, of which plants, in which language and on which morning; one that was stopped stays';
COMMENT ON COLUMN fleet.subscription.about IS 'plant: one report each; portfolio: one of all plants';
COMMENT ON COLUMN fleet.subscription.language IS 'null: the tenant''s';
COMMENT ON COLUMN fleet.subscription.plant_ids IS 'null: all plants, also those to come';
COMMENT ON COLUMN fleet.subscription.wait_days IS 'mornings to wait after the first one that follows the period';
COMMENT ON COLUMN fleet.subscription.hour IS 'the morning begins at this hour of the time zone';
COMMENT ON COLUMN fleet.subscription.timezone IS 'null: the tenant''s';

INSERT INTO fleet.subscription (tenant_id, email, about, kind, started_at)
SELECT DISTINCT t.tenant_id, r.email, r.about, k.kind, now() - interval '4 days'
FROM fleet.tenant AS t
CROSS JOIN LATERAL (
    SELECT unnest(t.digest_recipients) AS email, 'portfolio' AS about
    UNION ALL
    SELECT email, 'plant' FROM unnest(t.report_recipients) AS single (email) WHERE email <> ALL (t.digest_recipients)
) AS r
CROSS JOIN (VALUES ('day'), ('month')) AS k (kind);
ALTER TABLE fleet.tenant DROP COLUMN report_recipients;
ALTER TABLE fleet.tenant DROP COLUMN digest_recipients;

ALTER TABLE fleet.subscription ENABLE ROW LEVEL SECURITY;
ALTER TABLE fleet.subscription FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_writes ON fleet.subscription TO CURRENT_USER USING (true) WITH CHECK (true);
