-- A report whose period gets late data is compared with today's figures: it is issued anew, or marked where the change is too small for that.
ALTER TABLE mart.report
    ADD COLUMN document_ids int[] NOT NULL DEFAULT '{}',
    ADD COLUMN checked_at timestamptz,
    ADD COLUMN is_stale boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN mart.report.document_ids IS 'documents whose readings are in the figures; empty for reports of before';
COMMENT ON COLUMN mart.report.checked_at IS 'when the figures were last compared with today''s, if after the issue';
COMMENT ON COLUMN mart.report.is_stale IS 'late data changed the figures, by too little for a new revision';

CREATE OR REPLACE VIEW api.report WITH (security_invoker = true) AS
    SELECT
        report_id, plant_id, kind, starts_on, ends_on, language, revision, fingerprint, figures, uri, pdf_sha256, size_bytes, issued_at,
        document_ids, is_stale
    FROM mart.report;
