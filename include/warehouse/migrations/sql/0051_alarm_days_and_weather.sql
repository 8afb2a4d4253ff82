-- What an alarm lost, day by day: one home for its energy and its money, wherever they are told.
CREATE TABLE mart.alarm_day (
    alarm_id    int NOT NULL REFERENCES mart.alarm ON DELETE CASCADE,
    local_date  date NOT NULL,
    tenant_id   int NOT NULL REFERENCES fleet.tenant,
    lost_kwh    float8 NOT NULL CHECK (lost_kwh >= 0),
    PRIMARY KEY (alarm_id, local_date)
);
COMMENT ON TABLE mart.alarm_day IS 'local days of alarms of our own of inverters, with what was lost on each; lost_kwh of the alarm is their sum';
ALTER TABLE mart.alarm_day ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_reads_one_tenant ON mart.alarm_day FOR SELECT TO heliograph_api
    USING (tenant_id = (SELECT api.proven_tenant()));
GRANT SELECT ON mart.alarm_day TO heliograph_api;

-- Alarms that were found before; those that go on are found again with every day that changes.
INSERT INTO mart.alarm_day (alarm_id, local_date, tenant_id, lost_kwh)
SELECT a.alarm_id, i.local_date, a.tenant_id, greatest(i.expected_kwh - i.compared_kwh, 0)
FROM mart.alarm AS a
JOIN fleet.plant AS p USING (plant_id)
JOIN mart.inverter_day AS i
    ON i.plant_id = a.plant_id AND i.device_id = a.device_id AND i.local_date >= (a.raised_at AT TIME ZONE p.timezone)::date
    AND i.local_date < coalesce((a.cleared_at AT TIME ZONE p.timezone)::date, (now() AT TIME ZONE p.timezone)::date)
WHERE
    a.origin = 'heliograph' AND a.code IN ('zero', 'low') AND NOT a.is_withdrawn AND a.lost_kwh IS NOT NULL AND i.expected_kwh IS NOT NULL
    AND i.stale_s < 7200 AND (a.code = 'zero' OR i.verdict NOT IN ('zero', 'not compared') AND i.zero_s < 7200);

CREATE OR REPLACE VIEW api.alarm_loss WITH (security_invoker = true) AS
    SELECT
        a.alarm_id,
        CASE WHEN a.lost_kwh = 0 THEN 0 WHEN a.lost_kwh > 0 AND d.currencies = 1 AND d.are_priced THEN d.lost_value END AS lost_value,
        CASE WHEN a.lost_kwh IS NOT NULL AND d.currencies = 1 AND d.are_priced THEN d.currency END AS currency,
        CASE
            WHEN a.lost_kwh IS NULL OR a.lost_kwh = 0 THEN NULL WHEN d.currencies > 1 THEN 'several currencies'
            WHEN d.currencies = 0 OR NOT d.are_priced THEN 'no tariff'
        END AS lost_value_missing
    FROM api.alarm AS a
    CROSS JOIN LATERAL (
        SELECT
            count(DISTINCT t.currency) AS currencies, min(t.currency) AS currency, bool_and(t.currency IS NOT NULL) AS are_priced,
            sum(i.lost_kwh * t.price_per_kwh::float8) AS lost_value
        FROM mart.alarm_day AS i
        LEFT JOIN LATERAL (
            SELECT price_per_kwh, currency FROM api.tariff
            WHERE plant_id = a.plant_id AND valid_from <= i.local_date ORDER BY valid_from DESC LIMIT 1
        ) AS t ON true
        WHERE i.alarm_id = a.alarm_id AND i.lost_kwh > 0
    ) AS d;

-- Which days of a forecast rest on a forecast of the weather, and why the others do not.
ALTER TABLE mart.forecast
    ADD COLUMN day_by_weather boolean[] NOT NULL DEFAULT '{}', ADD COLUMN day_weather_skill float8[] NOT NULL DEFAULT '{}',
    ADD COLUMN weather_reason text;
COMMENT ON COLUMN mart.forecast.day_by_weather IS 'of each day ahead whether a forecast of the weather made it; empty: there is no folder of them';
COMMENT ON COLUMN mart.forecast.day_weather_skill IS
    'of each day ahead 1 - MAE with the weather / MAE without, on the plant''s past days told as early; null where too few are known';
COMMENT ON COLUMN mart.forecast.weather_reason IS 'why no day, or not every one, rests on a forecast of the weather';

CREATE OR REPLACE VIEW api.forecast WITH (security_invoker = true) AS
    SELECT
        plant_id, issued_on, issued_at, days_known, reason, starts_at, p10_kwh, p50_kwh, p90_kwh, day_p10_kwh, day_p50_kwh, day_p90_kwh,
        computed_at, day_by_weather, day_weather_skill, weather_reason
    FROM mart.forecast;
