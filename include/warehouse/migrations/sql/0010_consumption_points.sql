-- A customer's installations: consumption belongs to a point, and a customer's month is the sum of the points.
CREATE TABLE fleet.consumption_point (
    point_id    int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   int NOT NULL REFERENCES fleet.tenant,
    customer_id int NOT NULL REFERENCES fleet.customer,
    point_key   text,
    UNIQUE NULLS NOT DISTINCT (customer_id, point_key),
    UNIQUE (point_id, customer_id)
);
COMMENT ON TABLE fleet.consumption_point IS 'an installation of a customer, with a meter and a bill of its own';
COMMENT ON COLUMN fleet.consumption_point.point_key IS 'null: the customer''s default point, of files without a column for installations';

ALTER TABLE fleet.consumption_point ENABLE ROW LEVEL SECURITY;
ALTER TABLE fleet.consumption_point FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_writes ON fleet.consumption_point TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY api_reads_one_tenant ON fleet.consumption_point FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT NULLIF(current_setting('heliograph.tenant_id', true), '')::int));
GRANT SELECT ON fleet.consumption_point TO heliograph_api;

-- What was consumed so far belongs to the default points.
INSERT INTO fleet.consumption_point (tenant_id, customer_id)
SELECT DISTINCT c.tenant_id, c.customer_id FROM fleet.customer AS c JOIN fleet.series AS s USING (customer_id);
ALTER TABLE fleet.series ADD COLUMN point_id int;
UPDATE fleet.series AS s SET point_id = p.point_id FROM fleet.consumption_point AS p WHERE p.customer_id = s.customer_id;
ALTER TABLE fleet.series
    ADD FOREIGN KEY (point_id, customer_id) REFERENCES fleet.consumption_point (point_id, customer_id),
    ADD CHECK ((point_id IS NULL) = (customer_id IS NULL)),
    DROP CONSTRAINT series_plant_id_device_id_customer_id_quantity_origin_key,
    ADD UNIQUE NULLS NOT DISTINCT (plant_id, device_id, point_id, quantity, origin);
CREATE INDEX ON fleet.series (point_id) WHERE point_id IS NOT NULL;
COMMENT ON TABLE fleet.series IS 'one quantity of exactly one plant, device or consumption point: the key of everything measured';
COMMENT ON COLUMN fleet.series.customer_id IS 'the customer of the consumption point';

CREATE OR REPLACE VIEW api.series WITH (security_invoker = true) AS
    SELECT
        s.series_id, s.plant_id, s.device_id, s.customer_id, s.quantity, s.kind, s.origin,
        coalesce(p.timezone, home.timezone, t.timezone) AS timezone,
        coalesce(s.plant_id, d.plant_id) AS home_plant_id, s.point_id
    FROM fleet.series AS s
    JOIN fleet.tenant AS t ON t.tenant_id = s.tenant_id
    LEFT JOIN fleet.plant AS p ON p.plant_id = s.plant_id
    LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
    LEFT JOIN fleet.plant AS home ON home.plant_id = d.plant_id;

CREATE VIEW api.consumption_point WITH (security_invoker = true) AS
    SELECT point_id, customer_id, point_key FROM fleet.consumption_point;

-- A month of a point is told as a whole, by its parts (time-of-use periods), or both. Of documents that tell it in different ways the
-- last one whose reading changed something counts; of one document that tells both the whole, for parts may leave something out.
CREATE VIEW api.point_consumption WITH (security_invoker = true) AS
    SELECT
        m.customer_id, m.point_id, m.point_key, m.month,
        CASE WHEN m.is_whole THEN m.whole_kwh ELSE m.parts_kwh END AS consumption_kwh,
        CASE WHEN NOT m.is_outdated THEN m.peak_kwh END AS peak_kwh,
        CASE WHEN NOT m.is_outdated THEN m.intermediate_kwh END AS intermediate_kwh,
        CASE WHEN NOT m.is_outdated THEN m.off_peak_kwh END AS off_peak_kwh,
        m.computed_at
    FROM (
        SELECT
            t.*,
            t.parts_kwh IS NULL OR (t.whole_kwh IS NOT NULL AND t.whole_document_id >= t.part_document_id) AS is_whole,
            t.whole_kwh IS NOT NULL AND t.whole_document_id > t.part_document_id AS is_outdated
        FROM (
            SELECT
                p.customer_id, p.point_id, p.point_key, r.local_date AS month, max(r.computed_at) AS computed_at,
                coalesce(max(d.document_id) FILTER (WHERE s.quantity = 'consumption_kwh'), 0) AS whole_document_id,
                coalesce(max(d.document_id) FILTER (WHERE s.quantity <> 'consumption_kwh'), 0) AS part_document_id,
                max(r.energy_kwh) FILTER (WHERE s.quantity = 'consumption_kwh') AS whole_kwh,
                sum(r.energy_kwh) FILTER (WHERE s.quantity <> 'consumption_kwh') AS parts_kwh,
                max(r.energy_kwh) FILTER (WHERE s.quantity = 'consumption_peak_kwh') AS peak_kwh,
                max(r.energy_kwh) FILTER (WHERE s.quantity = 'consumption_intermediate_kwh') AS intermediate_kwh,
                max(r.energy_kwh) FILTER (WHERE s.quantity = 'consumption_off_peak_kwh') AS off_peak_kwh
            FROM fleet.consumption_point AS p
            JOIN fleet.series AS s USING (point_id)
            JOIN mart.rollup AS r ON r.series_id = s.series_id AND r.grain = 'month'
            LEFT JOIN LATERAL (
                SELECT max(x.document_id) AS document_id FROM mart.reading AS x
                WHERE x.series_id = s.series_id AND x.measured_at >= r.starts_at AND x.measured_at < r.ends_at
            ) AS d ON true
            GROUP BY p.customer_id, p.point_id, p.point_key, r.local_date
        ) AS t
    ) AS m;
COMMENT ON VIEW api.point_consumption IS 'consumption of a point in a month, whole and by time-of-use period [kWh]';

CREATE OR REPLACE VIEW api.consumption WITH (security_invoker = true) AS
    SELECT
        u.customer_id, c.document, c.name, u.month, sum(u.consumption_kwh) AS consumption_kwh, max(u.computed_at) AS computed_at,
        sum(u.peak_kwh) AS peak_kwh, sum(u.intermediate_kwh) AS intermediate_kwh, sum(u.off_peak_kwh) AS off_peak_kwh,
        json_agg(
            json_build_object(
                'point_id', u.point_id, 'point_key', u.point_key, 'consumption_kwh', u.consumption_kwh, 'peak_kwh', u.peak_kwh,
                'intermediate_kwh', u.intermediate_kwh, 'off_peak_kwh', u.off_peak_kwh
            )
            ORDER BY u.point_key NULLS FIRST
        ) AS points
    FROM api.point_consumption AS u
    JOIN fleet.customer AS c ON c.customer_id = u.customer_id
    GROUP BY u.customer_id, c.document, c.name, u.month;
COMMENT ON VIEW api.consumption IS 'consumption of a customer in a month: the sum of the points [kWh]';

GRANT SELECT ON api.consumption_point, api.point_consumption TO heliograph_api;
