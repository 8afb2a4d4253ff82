-- Reports of weeks, billing cycles and any days. That of a cycle, or of days that somebody chose, is not known by its first day alone.
ALTER TABLE mart.report
    DROP CONSTRAINT report_kind_check,
    ADD CONSTRAINT report_kind_check CHECK (kind IN ('day', 'week', 'month', 'cycle', 'span')),
    DROP CONSTRAINT report_tenant_id_plant_id_about_kind_starts_on_language_rev_key,
    ADD CONSTRAINT report_revised_once UNIQUE NULLS NOT DISTINCT (tenant_id, plant_id, about, kind, starts_on, ends_on, language, revision);
