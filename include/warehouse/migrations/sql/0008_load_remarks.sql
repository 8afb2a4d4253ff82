-- A load says what of its document was not used.

ALTER TABLE landing.load ADD COLUMN remarks text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN landing.load.remarks IS 'sentences about columns, fields and sheets of the document that were not used; at most 50';
CREATE OR REPLACE VIEW api.document WITH (security_invoker = true) AS
    SELECT
        d.document_id, d.feed, d.original_name, d.sha256, d.size_bytes, d.stored_bytes, d.state, d.reason, d.received_at,
        d.delivery_count, d.last_received_at, l.loaded_at, l.run_id, l.code_version, l.parsed_rows, l.inserted_rows, l.updated_rows,
        l.unchanged_rows, l.duplicate_rows, l.quarantined_rows, l.missing_values, l.quarantine_reasons, l.quality_suite,
        l.first_measured_at, l.last_measured_at, l.remarks
    FROM landing.document AS d
    LEFT JOIN LATERAL (
        SELECT * FROM landing.load AS l WHERE l.document_id = d.document_id ORDER BY l.load_id DESC LIMIT 1
    ) AS l ON true;
