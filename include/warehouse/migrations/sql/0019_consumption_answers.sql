-- What was expected of a month of a customer or consumption point, and how far from it the month is.
CREATE TABLE mart.consumption_check (
    customer_id     int NOT NULL REFERENCES fleet.customer,
    point_id        int,
    month           date NOT NULL,
    tenant_id       int NOT NULL REFERENCES fleet.tenant,
    consumption_kwh float8 NOT NULL,
    method          text NOT NULL CHECK (method IN ('short', 'recent', 'last_year', 'seasonal')),
    expected_kwh    float8 NOT NULL,
    lower_kwh       float8 NOT NULL,
    upper_kwh       float8 NOT NULL,
    score           float8 NOT NULL,
    verdict         text NOT NULL CHECK (verdict IN ('usual', 'high', 'low')),
    reason          jsonb CHECK ((reason IS NULL) = (verdict = 'usual')),
    checked_at      timestamptz NOT NULL,
    UNIQUE NULLS NOT DISTINCT (customer_id, point_id, month),
    FOREIGN KEY (point_id, customer_id) REFERENCES fleet.consumption_point (point_id, customer_id)
);
CREATE INDEX ON mart.consumption_check (tenant_id, month) WHERE verdict <> 'usual';
COMMENT ON TABLE mart.consumption_check IS 'months of customers and points that could be judged by the months before them';
COMMENT ON COLUMN mart.consumption_check.point_id IS 'null: the customer as a whole; points have rows of their own where a customer has several';
COMMENT ON COLUMN mart.consumption_check.score IS 'distance from the expectation by that of the limit: unusual beyond 1 or -1';
COMMENT ON COLUMN mart.consumption_check.reason IS 'a sentence by language; null where the month is usual';

CREATE TABLE ops.checked_consumption (
    customer_id   int PRIMARY KEY REFERENCES fleet.customer,
    tenant_id     int NOT NULL REFERENCES fleet.tenant,
    fingerprint   text NOT NULL,
    rules_version int NOT NULL,
    checked_at    timestamptz NOT NULL
);
COMMENT ON TABLE ops.checked_consumption IS 'of which months the stored checks of a customer are, and by which rules: others are the work list';

ALTER TABLE ops.checked_consumption ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.consumption_check ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.consumption_check FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_writes ON mart.consumption_check TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY api_reads_one_tenant ON mart.consumption_check FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
GRANT SELECT ON mart.consumption_check TO heliograph_api;

CREATE VIEW api.consumption_check WITH (security_invoker = true) AS
    SELECT
        k.customer_id, c.document, c.name, k.point_id, p.point_key, k.month, k.consumption_kwh, k.method, k.expected_kwh, k.lower_kwh,
        k.upper_kwh, k.score, k.verdict, k.reason, k.checked_at
    FROM mart.consumption_check AS k
    JOIN fleet.customer AS c ON c.customer_id = k.customer_id
    LEFT JOIN fleet.consumption_point AS p ON p.point_id = k.point_id;
GRANT SELECT ON api.consumption_check TO heliograph_api;

-- The documents of a month are asked for only where a point is told both as a whole and by parts.
CREATE OR REPLACE VIEW api.point_consumption WITH (security_invoker = true) AS
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
            LEFT JOIN (
                SELECT o.point_id FROM fleet.series AS o
                WHERE o.point_id IS NOT NULL
                GROUP BY o.point_id
                HAVING bool_or(o.quantity = 'consumption_kwh') AND bool_or(o.quantity <> 'consumption_kwh')
            ) AS told_twice ON told_twice.point_id = p.point_id
            LEFT JOIN LATERAL (
                SELECT max(x.document_id) AS document_id FROM mart.reading AS x
                WHERE
                    told_twice.point_id IS NOT NULL AND x.series_id = s.series_id AND x.measured_at >= r.starts_at
                    AND x.measured_at < r.ends_at
            ) AS d ON true
            GROUP BY p.customer_id, p.point_id, p.point_key, r.local_date
        ) AS t
    ) AS m;

-- A customer's month is whole when every point that is expected in it has told: from a point's first month until three after its last.
CREATE FUNCTION api.customer_months(customers int[]) RETURNS TABLE (
    customer_id int, month date, consumption_kwh float8, points_told bigint, points_expected bigint
) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH told AS MATERIALIZED (
        SELECT u.customer_id, u.point_id, u.month, u.consumption_kwh
        FROM api.point_consumption AS u
        WHERE (customers IS NULL OR u.customer_id = ANY (customers)) AND u.consumption_kwh IS NOT NULL
    ), reach AS (
        SELECT t.customer_id, t.point_id, min(t.month) AS first_month, (max(t.month) + interval '3 months')::date AS last_month
        FROM told AS t
        GROUP BY t.customer_id, t.point_id
    ), whole AS (
        SELECT t.customer_id, t.month, sum(t.consumption_kwh) AS consumption_kwh, count(*) AS points_told
        FROM told AS t
        GROUP BY t.customer_id, t.month
    )
    SELECT w.customer_id, w.month, w.consumption_kwh, w.points_told, count(*) AS points_expected
    FROM whole AS w
    JOIN reach AS e ON e.customer_id = w.customer_id AND w.month BETWEEN e.first_month AND e.last_month
    GROUP BY w.customer_id, w.month, w.consumption_kwh, w.points_told
$$;
COMMENT ON FUNCTION api.customer_months IS 'months of customers, of all where null, with the points that told them and those that should have';
REVOKE EXECUTE ON FUNCTION api.customer_months FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.customer_months TO heliograph_api;

-- What a target was, who said so, and when: the newest revision of a month is what holds.
CREATE TABLE fleet.target_revision (
    plant_id    int NOT NULL REFERENCES fleet.plant,
    month       date NOT NULL,
    revision    int NOT NULL CHECK (revision > 0),
    tenant_id   int NOT NULL REFERENCES fleet.tenant,
    target_kwh  float8,
    origin      text NOT NULL CHECK (origin IN ('unknown', 'registry', 'form', 'command')),
    document_id int REFERENCES landing.document,
    told_at     timestamptz,
    PRIMARY KEY (plant_id, month, revision)
);
CREATE INDEX ON fleet.target_revision (document_id) WHERE document_id IS NOT NULL;
COMMENT ON TABLE fleet.target_revision IS 'every value that a target had';
COMMENT ON COLUMN fleet.target_revision.target_kwh IS 'null: the target was removed';
COMMENT ON COLUMN fleet.target_revision.origin IS 'unknown, as told_at null: told before revisions were kept';

INSERT INTO fleet.target_revision (plant_id, month, revision, tenant_id, target_kwh, origin)
SELECT plant_id, month, 1, tenant_id, target_kwh, 'unknown' FROM fleet.target;

ALTER TABLE fleet.target_revision ENABLE ROW LEVEL SECURITY;
ALTER TABLE fleet.target_revision FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_writes ON fleet.target_revision TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY api_reads_one_tenant ON fleet.target_revision FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
GRANT SELECT ON fleet.target_revision TO heliograph_api;

CREATE VIEW api.target_revision WITH (security_invoker = true) AS
    SELECT plant_id, month, revision, target_kwh, origin, told_at FROM fleet.target_revision;
GRANT SELECT ON api.target_revision TO heliograph_api;

-- Answers to questions that people asked, kept with what they rest on.
CREATE TABLE mart.analysis (
    analysis_id   int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id     int NOT NULL REFERENCES fleet.tenant,
    question      text NOT NULL,
    parameters    jsonb NOT NULL,
    data_revision text NOT NULL,
    answer        jsonb NOT NULL,
    computed_at   timestamptz NOT NULL,
    run_id        text NOT NULL,
    UNIQUE (tenant_id, question, parameters, data_revision)
);
COMMENT ON TABLE mart.analysis IS 'answers to questions on demand; the same question on the same data has one answer';
COMMENT ON COLUMN mart.analysis.data_revision IS 'digest of all figures that the answer was computed from';

ALTER TABLE mart.analysis ENABLE ROW LEVEL SECURITY;
ALTER TABLE mart.analysis FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_writes ON mart.analysis TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY api_reads_one_tenant ON mart.analysis FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
GRANT SELECT ON mart.analysis TO heliograph_api;

CREATE VIEW api.analysis WITH (security_invoker = true) AS
    SELECT analysis_id, question, parameters, data_revision, answer, computed_at FROM mart.analysis;
GRANT SELECT ON api.analysis TO heliograph_api;
