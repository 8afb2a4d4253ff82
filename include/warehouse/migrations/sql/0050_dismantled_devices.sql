-- A device that is gone holds nothing back: when it went is said by the registry to the day, or by its vendor, that lists it no longer.
ALTER TABLE fleet.device ADD COLUMN dismantled_on date;
COMMENT ON COLUMN fleet.device.dismantled_on IS 'local day on which it was taken away, as the registry tells; null: nobody said that it was';
GRANT SELECT (dismantled_on) ON fleet.device TO heliograph_api;

CREATE OR REPLACE VIEW api.device WITH (security_invoker = true) AS
    SELECT
        d.device_id, d.source, d.device_key, d.plant_id, d.parent_device_id, d.kind, d.name, d.model, d.capacity_kw,
        coalesce(d.dismantled_on, (d.retired_at AT TIME ZONE coalesce(p.timezone, 'UTC'))::date) AS retired_on
    FROM fleet.device AS d
    LEFT JOIN fleet.plant AS p USING (plant_id);
COMMENT ON COLUMN api.device.retired_on IS
    'local day from which on it is gone: it was dismantled, or its vendor had not listed it for so long; null: it is there';

CREATE OR REPLACE VIEW api.inverter_time WITH (security_invoker = true) AS
    SELECT
        d.plant_id, d.device_id, d.retired_at IS NOT NULL OR d.dismantled_on IS NOT NULL AS is_retired, generating.first_day,
        greatest(generating.last_day, d.dismantled_on - 1) AS last_day
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
    'inverters, and where one of their plant is retired the first and last local days on which each generated, or the day before it was dismantled: clouds go on telling zeros of one that is gone';

CREATE VIEW api.meter_time WITH (security_invoker = true) AS
    SELECT
        s.series_id, told.first_day, told.last_day,
        CASE
            WHEN d.dismantled_on IS NOT NULL THEN greatest(told.last_day, d.dismantled_on - 1)
            WHEN d.retired_at IS NOT NULL THEN told.last_day
        END AS missed_until
    FROM fleet.series AS s
    LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
    CROSS JOIN LATERAL (
        SELECT min(r.local_date) AS first_day, max(r.local_date) AS last_day
        FROM mart.rollup AS r WHERE r.series_id = s.series_id AND r.grain = 'day' AND r.energy_kwh IS NOT NULL
    ) AS told
    WHERE s.plant_id IS NOT NULL OR d.kind = 'meter';
COMMENT ON VIEW api.meter_time IS
    'series of plants and of meters, the first and last local days that each told, and of a meter that is gone the last day on which it is missed';
GRANT SELECT ON api.meter_time TO heliograph_api;
