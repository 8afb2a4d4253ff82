-- Short sentences about plants, with what they rest on.
CREATE TABLE mart.insight (
    plant_id    int NOT NULL REFERENCES fleet.plant,
    place       int NOT NULL,
    tenant_id   int NOT NULL REFERENCES fleet.tenant,
    local_date  date NOT NULL,
    code        text NOT NULL,
    text        jsonb NOT NULL,
    basis       jsonb NOT NULL,
    computed_at timestamptz NOT NULL,
    PRIMARY KEY (plant_id, place)
);
COMMENT ON TABLE mart.insight IS 'what can be said of a plant up to a local day, the most urgent first; only the newest is kept';
COMMENT ON COLUMN mart.insight.local_date IS 'last day that was looked at';
COMMENT ON COLUMN mart.insight.place IS '1 is the most urgent';
COMMENT ON COLUMN mart.insight.code IS 'which template: docs/kpis.md';
COMMENT ON COLUMN mart.insight.text IS 'the sentence by language';
COMMENT ON COLUMN mart.insight.basis IS 'the numbers that it rests on, with units in their names';
ALTER TABLE mart.insight ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_reads_one_tenant ON mart.insight FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
GRANT SELECT ON mart.insight TO heliograph_api;

CREATE TABLE ops.told_insight (
    plant_id    int PRIMARY KEY REFERENCES fleet.plant,
    local_date  date NOT NULL,
    computed_at timestamptz NOT NULL
);
COMMENT ON TABLE ops.told_insight IS 'up to which local day a plant''s insights are, and when they were computed, also where nothing could be said';
ALTER TABLE ops.told_insight ENABLE ROW LEVEL SECURITY;

CREATE VIEW api.insight WITH (security_invoker = true) AS
    SELECT plant_id, place, local_date, code, text, basis, computed_at FROM mart.insight;
COMMENT ON VIEW api.insight IS 'short sentences about plants, with what they rest on';
GRANT SELECT ON api.insight TO heliograph_api;
