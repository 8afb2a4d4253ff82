-- grain: (report, revision of the same report), itself included · the same: of one subject, kind, period and language
CREATE VIEW mart.report_revision WITH (security_invoker = true) AS
    SELECT r.report_id, r.revision, same.report_id AS same_id, same.revision AS same_revision
    FROM mart.report AS r
    JOIN mart.report AS same
        ON
            same.tenant_id = r.tenant_id AND same.about = r.about AND same.plant_id IS NOT DISTINCT FROM r.plant_id
            AND same.customer_group IS NOT DISTINCT FROM r.customer_group
            AND (same.kind, same.starts_on, same.ends_on, same.language) = (r.kind, r.starts_on, r.ends_on, r.language);
