-- A report is about a plant, or about all plants of its tenant. Beside the PDF rest its tables, as a workbook and as CSV files.
ALTER TABLE mart.report
    ALTER COLUMN plant_id DROP NOT NULL,
    ADD COLUMN about text NOT NULL DEFAULT 'plant' CHECK (about IN ('plant', 'portfolio')),
    ADD COLUMN xlsx_sha256 text,
    ADD COLUMN csv_sha256 text,
    ADD CHECK ((about = 'plant') = (plant_id IS NOT NULL)),
    DROP CONSTRAINT report_tenant_id_plant_id_kind_starts_on_language_revision_key,
    ADD UNIQUE NULLS NOT DISTINCT (tenant_id, plant_id, about, kind, starts_on, language, revision);
COMMENT ON COLUMN mart.report.about IS 'what the report is about: a plant, or all plants of its tenant';
COMMENT ON COLUMN mart.report.xlsx_sha256 IS 'of the workbook beside the PDF; null for reports of before';
COMMENT ON COLUMN mart.report.csv_sha256 IS 'of the archive of CSV files beside the PDF; null for reports of before';

ALTER TABLE fleet.tenant ADD COLUMN digest_recipients text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN fleet.tenant.digest_recipients IS 'who receives one portfolio report instead of the report of each plant';

CREATE OR REPLACE VIEW api.report WITH (security_invoker = true) AS
    SELECT
        report_id, plant_id, kind, starts_on, ends_on, language, revision, fingerprint, figures, uri, pdf_sha256, size_bytes, issued_at,
        document_ids, is_stale, about, xlsx_sha256, csv_sha256
    FROM mart.report;
