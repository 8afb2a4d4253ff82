-- What a run of Airflow loaded, and which plants it was about.
ALTER TABLE landing.load ADD COLUMN plant_ids int[];
COMMENT ON COLUMN landing.load.plant_ids IS 'plants whose readings or alarms the document has; null: not noted, as of lists of the fleet and older loads';
CREATE INDEX load_runs ON landing.load (tenant_id, run_id, load_id);

CREATE VIEW api.load WITH (security_invoker = true) AS
    SELECT
        l.load_id, l.document_id, d.feed, d.original_name, l.run_id, l.code_version, l.loaded_at, l.parsed_rows, l.inserted_rows,
        l.updated_rows, l.unchanged_rows, l.duplicate_rows, l.quarantined_rows, l.missing_values, l.quarantine_reasons,
        l.first_measured_at, l.last_measured_at, l.remarks, l.plant_ids
    FROM landing.load AS l
    JOIN landing.document AS d USING (document_id);
GRANT SELECT ON api.load TO heliograph_api;
