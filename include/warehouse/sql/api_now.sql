-- name: read_plant_now
-- A plant as one flat object: the power of the inverters that have spoken since :fresh_from, else its own; today's and all published energy.
-- No row where this tenant has no such plant.
SELECT
    row_to_json(n)::text
FROM (
    SELECT
        p.plant_id, p.name, coalesce(v.measured_at, o.measured_at) >= :fresh_from AS is_online,
        CASE WHEN v.inverters > 0 THEN v.power_kw ELSE o.power_kw END AS power_kw, v.inverters, v.inverters_online,
        e.energy_today_kwh, e.energy_total_kwh, coalesce(v.measured_at, o.measured_at) AS measured_at
    FROM api.plant AS p
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS inverters, count(*) FILTER (WHERE r.measured_at >= :fresh_from) AS inverters_online,
            sum(r.value) FILTER (WHERE r.measured_at >= :fresh_from) AS power_kw, max(r.measured_at) AS measured_at
        FROM api.inverter_power_series AS i
        JOIN api.device AS d ON d.device_id = i.device_id
        LEFT JOIN LATERAL (
            SELECT m.measured_at, m.value FROM api.reading AS m
            WHERE m.series_id = i.series_id AND m.measured_at <= :now AND m.value - m.value = 0
            ORDER BY m.measured_at DESC LIMIT 1
        ) AS r ON true
        WHERE i.plant_id = p.plant_id AND coalesce(d.retired_on > CAST(:now AS timestamptz) AT TIME ZONE p.timezone, true)
    ) AS v
    LEFT JOIN LATERAL (
        SELECT r.measured_at, CASE WHEN r.measured_at >= :fresh_from THEN r.value END AS power_kw
        FROM api.series AS s
        CROSS JOIN LATERAL (
            SELECT m.measured_at, m.value FROM api.reading AS m
            WHERE m.series_id = s.series_id AND m.measured_at <= :now AND m.value - m.value = 0
            ORDER BY m.measured_at DESC LIMIT 1
        ) AS r
        WHERE s.plant_id = p.plant_id AND s.quantity = 'ac_power_kw' AND s.origin <> 'derived'
        ORDER BY r.measured_at DESC LIMIT 1
    ) AS o ON true
    CROSS JOIN LATERAL (
        SELECT
            sum(greatest(d.energy_kwh, 0)) FILTER (
                WHERE d.local_date = (CAST(:now AS timestamptz) AT TIME ZONE p.timezone)::date
            ) AS energy_today_kwh,
            sum(greatest(d.energy_kwh, 0)) AS energy_total_kwh
        FROM api.plant_day AS d
        WHERE d.plant_id = p.plant_id
    ) AS e
    WHERE p.plant_id = :plant_id
) AS n;

-- name: read_device_now
-- A device as one flat object: the newest number of each quantity and the last state. Of counters the last number holds; anything else is
-- null where it is older than :fresh_from. No row where this tenant has no such device.
SELECT
    (
        jsonb_build_object(
            'device_id', d.device_id, 'device_key', d.device_key, 'name', d.name, 'is_online', coalesce(f.measured_at >= :fresh_from, false),
            'measured_at', f.measured_at
        ) || f.states
    )::text
FROM api.device AS d
CROSS JOIN LATERAL (
    SELECT
        max(r.measured_at) AS measured_at,
        coalesce(
            jsonb_object_agg(
                s.quantity, CASE WHEN s.kind = 'counter' OR r.measured_at >= :fresh_from THEN r.value END
                ORDER BY r.measured_at NULLS FIRST
            ),
            '{}'
        ) AS states
    FROM api.series AS s
    LEFT JOIN LATERAL (
        (
            SELECT m.measured_at, to_jsonb(m.value) AS value FROM api.reading AS m
            WHERE s.kind <> 'state' AND m.series_id = s.series_id AND m.measured_at <= :now AND m.value - m.value = 0
            ORDER BY m.measured_at DESC LIMIT 1
        )
        UNION ALL
        (
            SELECT v.happened_at, to_jsonb(v.state) FROM api.state_event AS v
            WHERE s.kind = 'state' AND v.series_id = s.series_id AND v.happened_at <= :now
            ORDER BY v.happened_at DESC LIMIT 1
        )
    ) AS r ON true
    WHERE s.device_id = d.device_id AND s.origin = 'measured'
) AS f
WHERE d.device_id = :device_id;

-- name: read_energy_statistics
-- grain: UTC hour of a plant that begins in a half-open span and has ended. `sum` is the published energy of all days before, and of the day
-- its share by the power of its hours; a day whose power is unknown has its energy at noon. So it never falls, whatever span is asked for.
WITH day AS (
    SELECT
        local_date, starts_at, greatest(energy_kwh, 0) AS energy_kwh,
        sum(greatest(energy_kwh, 0)) OVER (ORDER BY local_date) - greatest(energy_kwh, 0) AS before_kwh
    FROM api.plant_day
    WHERE plant_id = :plant_id AND energy_kwh IS NOT NULL
), asked AS (
    SELECT * FROM day WHERE starts_at >= CAST(:start AS timestamptz) - interval '25 hours' AND starts_at < :end
), hour AS (
    SELECT
        a.local_date, r.starts_at, r.ends_at,
        sum(greatest(r.energy_kwh, 0)) OVER (PARTITION BY a.local_date ORDER BY r.starts_at) AS so_far_kwh,
        sum(greatest(r.energy_kwh, 0)) OVER (PARTITION BY a.local_date) AS whole_kwh
    FROM asked AS a
    JOIN api.plant_energy_series AS s ON s.plant_id = :plant_id
    JOIN api.rollup AS r ON r.series_id = s.series_id AND r.grain = 'hour' AND r.local_date = a.local_date
    WHERE r.energy_kwh IS NOT NULL
), told AS (
    SELECT h.starts_at, h.ends_at, a.before_kwh + a.energy_kwh * h.so_far_kwh / h.whole_kwh AS sum_kwh
    FROM hour AS h
    JOIN asked AS a USING (local_date)
    WHERE h.whole_kwh > 0
    UNION ALL
    SELECT a.starts_at + interval '12 hours', a.starts_at + interval '13 hours', a.before_kwh + a.energy_kwh
    FROM asked AS a
    WHERE NOT EXISTS (SELECT FROM hour AS h WHERE h.local_date = a.local_date AND h.whole_kwh > 0)
)
SELECT
    coalesce(
        json_agg(
            json_build_object('start', date_trunc('hour', starts_at, 'UTC'), 'state', sum_kwh, 'sum', sum_kwh) ORDER BY starts_at
        ),
        '[]'
    )::text
FROM told
WHERE starts_at >= :start AND starts_at < :end AND ends_at <= :now;
