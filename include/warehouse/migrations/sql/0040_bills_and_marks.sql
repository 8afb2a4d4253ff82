-- Whose plant it is: the customer may be registered before or after it, so the plant keeps the document, not an id.
ALTER TABLE fleet.plant ADD COLUMN customer_document text;
COMMENT ON COLUMN fleet.plant.customer_document IS 'document of the customer whose bill the plant lowers; null: nobody said';

CREATE VIEW api.plant_customer WITH (security_invoker = true) AS
    SELECT p.plant_id, c.customer_id
    FROM fleet.plant AS p
    JOIN fleet.customer AS c ON c.tenant_id = p.tenant_id AND c.document = p.customer_document;
COMMENT ON VIEW api.plant_customer IS 'the customer whose bill a plant lowers';
GRANT SELECT ON api.plant_customer TO heliograph_api;

-- Readings that hardly were measured, counted by day: docs/data-quality.md says what each mark means.
CREATE TABLE mart.series_mark (
    series_id           int4 NOT NULL REFERENCES fleet.series ON DELETE CASCADE,
    local_date          date NOT NULL,
    tenant_id           int NOT NULL REFERENCES fleet.tenant,
    reading_count       bigint NOT NULL,
    stale_count         bigint NOT NULL,
    interpolated_count  bigint NOT NULL,
    outlier_count       bigint NOT NULL,
    rolled_up_at        timestamptz NOT NULL,
    computed_at         timestamptz NOT NULL,
    PRIMARY KEY (series_id, local_date)
);
COMMENT ON TABLE mart.series_mark IS 'of a power or gauge and a local day that is over: readings, and how many of them hardly were measured';
COMMENT ON COLUMN mart.series_mark.rolled_up_at IS 'when the day was rolled up whose readings were marked; a later roll-up asks for new marks';
ALTER TABLE mart.series_mark ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_reads_one_tenant ON mart.series_mark FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
GRANT SELECT ON mart.series_mark TO heliograph_api;

CREATE VIEW api.series_mark WITH (security_invoker = true) AS
    SELECT series_id, local_date, reading_count, stale_count, interpolated_count, outlier_count, computed_at FROM mart.series_mark;
COMMENT ON VIEW api.series_mark IS 'readings of series that hardly were measured, by local day';
GRANT SELECT ON api.series_mark TO heliograph_api;
