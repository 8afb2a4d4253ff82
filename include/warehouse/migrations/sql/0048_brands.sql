-- What a tenant's reports, mails and page look like. The newest row holds. A row is never changed, for reports that were issued with it are
-- rendered again from it.
CREATE TABLE fleet.brand (
    brand_id      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id     int NOT NULL REFERENCES fleet.tenant,
    main_colour   text NOT NULL CHECK (main_colour ~ '^#[0-9a-f]{6}$'),
    accent_colour text NOT NULL CHECK (accent_colour ~ '^#[0-9a-f]{6}$'),
    footer        text CHECK (length(footer) BETWEEN 1 AND 160),
    logo_png      bytea CHECK (length(logo_png) BETWEEN 1 AND 500000),
    set_at        timestamptz NOT NULL
);
CREATE INDEX ON fleet.brand (tenant_id, brand_id);
COMMENT ON TABLE fleet.brand IS 'what a tenant''s reports, mails and page look like; the newest row holds, and earlier ones stay for the reports that have them';
COMMENT ON COLUMN fleet.brand.main_colour IS 'bands with white text, and coloured text on white';
COMMENT ON COLUMN fleet.brand.accent_colour IS 'the line beside the main colour';
COMMENT ON COLUMN fleet.brand.footer IS 'one line at the foot; null: none';
COMMENT ON COLUMN fleet.brand.logo_png IS 'made anew from what was given, on white; null: none';

ALTER TABLE fleet.brand ENABLE ROW LEVEL SECURITY;
ALTER TABLE fleet.brand FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_writes ON fleet.brand TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY api_reads_one_tenant ON fleet.brand FOR SELECT TO heliograph_api USING (tenant_id = (SELECT api.proven_tenant()));
GRANT SELECT ON fleet.brand TO heliograph_api;

ALTER TABLE mart.report ADD COLUMN brand_id int REFERENCES fleet.brand;
COMMENT ON COLUMN mart.report.brand_id IS 'the look that it was rendered in; null: Heliograph''s own';

CREATE VIEW api.brand WITH (security_invoker = true) AS
    SELECT main_colour, accent_colour, footer, logo_png FROM fleet.brand ORDER BY brand_id DESC LIMIT 1;
COMMENT ON VIEW api.brand IS 'what the tenant''s page looks like; no row: as Heliograph does';
GRANT SELECT ON api.brand TO heliograph_api;
