-- A swapped inverter is expected and ranked only in its own time: by whoever asks, from one view.
GRANT SELECT (retired_at) ON fleet.device TO heliograph_api;

CREATE VIEW api.inverter_time WITH (security_invoker = true) AS
    SELECT d.plant_id, d.device_id, d.retired_at IS NOT NULL AS is_retired, generating.first_day, generating.last_day
    FROM fleet.device AS d
    CROSS JOIN LATERAL (
        SELECT min(r.local_date) AS first_day, max(r.local_date) AS last_day
        FROM fleet.series AS s
        JOIN mart.rollup AS r USING (series_id)
        WHERE
            s.device_id = d.device_id AND r.grain = 'day' AND (r.energy_kwh > 0 OR s.kind = 'amount' AND r.sum > 0)
            AND EXISTS (
                SELECT 1 FROM fleet.device AS o WHERE o.plant_id = d.plant_id AND o.kind = 'inverter' AND o.retired_at IS NOT NULL
            )
    ) AS generating
    WHERE d.kind = 'inverter';
COMMENT ON VIEW api.inverter_time IS
    'inverters, and where one of their plant is retired the first and last local days on which each generated: clouds go on telling zeros of one that is gone';
GRANT SELECT ON api.inverter_time TO heliograph_api;
