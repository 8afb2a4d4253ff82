-- Which days rest on power that hardly was measured: one rule for yields and for reports.
CREATE VIEW api.hardly_measured_day WITH (security_invoker = true) AS
    SELECT s.home_plant_id AS plant_id, s.device_id, m.local_date
    FROM api.series AS s
    JOIN api.series_mark AS m USING (series_id)
    WHERE
        s.quantity = 'ac_power_kw' AND m.stale_count + m.interpolated_count > 0
        AND m.stale_count + m.interpolated_count >= 0.05 * m.reading_count;
COMMENT ON VIEW api.hardly_measured_day IS
    'local days on which a twentieth or more of the readings of a power is stale or interpolated; of a plant''s own power device_id is null';
GRANT SELECT ON api.hardly_measured_day TO heliograph_api;

-- grain: (plant or device, local day, row of a document) · a row without a quantity may have been of any.
CREATE VIEW api.held_back_energy WITH (security_invoker = true) AS
    SELECT q.plant_id, q.device_id, (q.told_at::timestamptz AT TIME ZONE p.timezone)::date AS local_date
    FROM api.plant_quarantine AS q
    JOIN fleet.plant AS p USING (plant_id)
    LEFT JOIN fleet.device AS d ON d.device_id = q.device_id
    WHERE
        coalesce(d.kind IN ('inverter', 'meter'), true)
        AND q.quantity IN ('ac_power_kw', 'energy_total_kwh', 'energy_today_kwh', 'energy_day_kwh', '');
COMMENT ON VIEW api.held_back_energy IS 'readings that energy is made of and that were not trusted, by the local day of their time';
GRANT SELECT ON api.held_back_energy TO heliograph_api;

-- When an inverter last generated and until when it is missed are two days: a swap is written down late.
CREATE OR REPLACE VIEW api.inverter_time WITH (security_invoker = true) AS
    SELECT
        d.plant_id, d.device_id, d.retired_at IS NOT NULL OR d.dismantled_on IS NOT NULL AS is_retired, generating.first_day,
        generating.last_day,
        -- There is no day before the first of the calendar.
        CASE WHEN d.dismantled_on > date '0001-01-01' THEN d.dismantled_on - 1 ELSE d.dismantled_on END AS missed_until
    FROM fleet.device AS d
    CROSS JOIN LATERAL (
        SELECT min(r.local_date) AS first_day, max(r.local_date) AS last_day
        FROM fleet.series AS s
        JOIN mart.rollup AS r USING (series_id)
        WHERE
            s.device_id = d.device_id AND r.grain = 'day' AND (r.energy_kwh > 0 OR s.kind = 'amount' AND r.sum > 0)
            AND EXISTS (
                SELECT 1 FROM fleet.device AS o
                WHERE
                    o.plant_id = d.plant_id AND o.kind = 'inverter'
                    AND (o.retired_at IS NOT NULL OR o.dismantled_on IS NOT NULL)
            )
    ) AS generating
    WHERE d.kind = 'inverter';
COMMENT ON VIEW api.inverter_time IS
    'inverters; where one of their plant is gone the first and last local days on which each generated (clouds go on telling zeros of one that is gone), and the day before it was dismantled';
