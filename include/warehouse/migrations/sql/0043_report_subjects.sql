-- Reports are also of what customers consumed, all of them or a group, and of the quality of the data, which is for the operator.
ALTER TABLE fleet.customer ADD COLUMN group_name text CHECK (group_name <> '');
COMMENT ON COLUMN fleet.customer.group_name IS 'customers that a report puts together; null: of none';

ALTER TABLE mart.report
    ADD COLUMN customer_group text,
    DROP CONSTRAINT report_about_check,
    ADD CONSTRAINT report_about_check CHECK (about IN ('plant', 'portfolio', 'consumption', 'quality')),
    ADD CONSTRAINT report_of_group CHECK (customer_group IS NULL OR about = 'consumption'),
    DROP CONSTRAINT report_revised_once,
    ADD CONSTRAINT report_revised_once
    UNIQUE NULLS NOT DISTINCT (tenant_id, plant_id, about, customer_group, kind, starts_on, ends_on, language, revision);
COMMENT ON COLUMN mart.report.about IS 'what the report is about: a plant, all plants of its tenant, the consumption of customers, or the quality of the data';
COMMENT ON COLUMN mart.report.customer_group IS 'of a report about consumption: the group of customers; null: all of them';

ALTER TABLE fleet.subscription
    ADD COLUMN customer_group text,
    DROP CONSTRAINT subscription_about_check,
    ADD CONSTRAINT subscription_about_check CHECK (about IN ('plant', 'portfolio', 'consumption', 'quality')),
    ADD CONSTRAINT subscription_of_group CHECK (customer_group IS NULL OR about = 'consumption'),
    ADD CONSTRAINT subscription_of_months CHECK (about <> 'consumption' OR kind = 'month');
DROP INDEX fleet.subscription_once;
CREATE UNIQUE INDEX subscription_once ON fleet.subscription (tenant_id, email, about, kind, customer_group) NULLS NOT DISTINCT
    WHERE stopped_at IS NULL;
COMMENT ON COLUMN fleet.subscription.about IS 'plant: one report each; portfolio: one of all plants; consumption: of customers; quality: of the data';
COMMENT ON COLUMN fleet.subscription.customer_group IS 'of reports about consumption: the group of customers; null: all of them';

-- What is wrong with the data is told to the operator, not to the tenant's users.
CREATE OR REPLACE VIEW api.report WITH (security_invoker = true) AS
    SELECT
        report_id, plant_id, kind, starts_on, ends_on, language, revision, fingerprint, figures, uri, pdf_sha256, size_bytes, issued_at,
        document_ids, is_stale, about, xlsx_sha256, csv_sha256, customer_group
    FROM mart.report
    WHERE about <> 'quality';
