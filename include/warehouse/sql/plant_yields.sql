-- name: read_plant_yields
-- grain: as asked, or the plant's billing cycles · intervals that overlap [:first, :end), or those that are named one by one, each with the
-- sums of all of its days and what follows from them. A ratio is of sums over the same days or hours; what has no divisor is null.
WITH interval_day AS (
    SELECT DISTINCT
        date_trunc(:grain, d)::date AS first_day, (date_trunc(:grain, d) + CAST('1 ' || :grain AS interval))::date AS end_day
    FROM generate_series(CAST(:first AS timestamp), CAST(:end AS timestamp) - interval '1 day', interval '1 day') AS d
    WHERE NOT :by_cycle
    UNION ALL
    SELECT read_on, coalesce(lead(read_on) OVER (ORDER BY read_on), greatest(read_on, CAST(:today AS date)) + 1)
    FROM api.meter_reading_day
    WHERE plant_id = :plant_id AND :by_cycle
), asked AS (
    SELECT first_day, end_day FROM interval_day WHERE first_day < CAST(:end AS date) AND end_day > CAST(:first AS date)
    UNION
    SELECT first_day, end_day FROM unnest(CAST(:first_days AS date[]), CAST(:end_days AS date[])) AS named (first_day, end_day)
), meter AS (
    SELECT
        s.series_id, s.plant_id IS NULL AS is_meter, q.rank, split_part(s.quantity, '_', 1) AS what, t.first_day, t.last_day, t.missed_until
    FROM api.series AS s
    JOIN unnest(ARRAY['export_total_kwh', 'export_day_kwh', 'import_total_kwh', 'import_day_kwh', 'load_day_kwh']) WITH ORDINALITY
        AS q (quantity, rank) ON q.quantity = s.quantity
    JOIN api.meter_time AS t ON t.series_id = s.series_id
    LEFT JOIN api.device AS d ON d.device_id = s.device_id
    WHERE s.plant_id = :plant_id OR (d.plant_id = :plant_id AND d.kind = 'meter')
), metered AS (
    SELECT DISTINCT ON (local_date, what) local_date, what, energy_kwh
    FROM (
        SELECT r.local_date, m.is_meter, m.rank, m.what, sum(r.energy_kwh) AS energy_kwh, count(*) AS meters
        FROM meter AS m
        JOIN api.rollup AS r ON r.series_id = m.series_id AND r.grain = 'day'
        WHERE
            r.energy_kwh IS NOT NULL
            AND r.local_date >= (SELECT min(first_day) FROM asked) AND r.local_date < (SELECT max(end_day) FROM asked)
        GROUP BY 1, 2, 3, 4
    ) AS told
    -- The sum of some of the meters is no sum of the place: one that is silent is missed until it is gone, or another one takes its place.
    WHERE meters >= (
        SELECT count(*) FROM meter AS m
        WHERE
            m.is_meter = told.is_meter AND m.rank = told.rank AND m.first_day <= told.local_date
            AND (
                m.last_day >= told.local_date
                OR coalesce(m.missed_until >= told.local_date, true) AND NOT EXISTS (
                    SELECT 1 FROM meter AS o
                    WHERE
                        o.is_meter = m.is_meter AND o.rank = m.rank AND o.series_id <> m.series_id
                        AND o.first_day BETWEEN m.last_day AND told.local_date
                )
            )
    )
    ORDER BY local_date, what, is_meter, rank
), exchanged AS (
    SELECT
        local_date, max(energy_kwh) FILTER (WHERE what = 'export') AS exported_kwh,
        max(energy_kwh) FILTER (WHERE what = 'import') AS imported_kwh, max(energy_kwh) FILTER (WHERE what = 'load') AS load_kwh
    FROM metered
    GROUP BY local_date
), known AS (
    SELECT
        a.first_day, a.end_day, d.local_date, d.energy_kwh, d.completeness >= :min_completeness AND d.energy_kwh IS NOT NULL AS is_complete,
        date_part('epoch', d.ends_at - d.starts_at) / 3600 AS hours, x.exported_kwh,
        coalesce(
            x.load_kwh,
            CASE
                WHEN d.completeness >= :min_completeness AND d.energy_kwh >= x.exported_kwh THEN x.imported_kwh + d.energy_kwh - x.exported_kwh
            END
        ) AS site_kwh,
        t.price_per_kwh::float8 AS price_per_kwh, t.currency,
        f.co2_kg_kwh, f.factor_source
    FROM asked AS a
    JOIN api.plant_day AS d ON d.plant_id = :plant_id AND d.local_date >= a.first_day AND d.local_date < a.end_day
    LEFT JOIN exchanged AS x ON x.local_date = d.local_date
    LEFT JOIN LATERAL (
        SELECT price_per_kwh, currency FROM api.tariff
        WHERE plant_id = d.plant_id AND valid_from <= d.local_date ORDER BY valid_from DESC LIMIT 1
    ) AS t ON true
    LEFT JOIN LATERAL (
        SELECT co2_kg_kwh, factor_source FROM api.emission_factor
        WHERE coalesce(plant_id, d.plant_id) = d.plant_id AND valid_from <= d.local_date
        ORDER BY plant_id IS NULL, valid_from DESC LIMIT 1
    ) AS f ON true
), marked AS (
    SELECT DISTINCT local_date
    FROM api.hardly_measured_day
    WHERE
        plant_id = :plant_id AND local_date >= (SELECT min(first_day) FROM asked) AND local_date < (SELECT max(end_day) FROM asked)
), made AS (
    SELECT
        k.first_day, k.end_day, count(k.energy_kwh) AS days_known, count(*) FILTER (WHERE k.is_complete) AS days_complete, sum(k.energy_kwh) AS energy_kwh,
        sum(k.energy_kwh) FILTER (WHERE k.is_complete) AS complete_kwh, sum(k.hours) FILTER (WHERE k.is_complete) AS complete_h,
        sum(y.clear_sky_kwh) FILTER (WHERE k.is_complete) AS clear_sky_kwh,
        sum(k.energy_kwh) FILTER (WHERE k.is_complete AND y.clear_sky_kwh IS NOT NULL) AS under_sky_kwh,
        count(*) FILTER (WHERE k.energy_kwh > :ceiling * y.clear_sky_kwh) AS days_above_ceiling,
        sum(k.energy_kwh) FILTER (WHERE k.is_complete AND k.exported_kwh IS NOT NULL) AS metered_kwh,
        sum(k.exported_kwh) FILTER (WHERE k.is_complete) AS exported_kwh,
        count(k.site_kwh) AS site_days, sum(k.site_kwh) AS site_kwh,
        sum(k.site_kwh * k.price_per_kwh) FILTER (WHERE k.site_kwh IS NOT NULL) AS site_bill,
        count(*) FILTER (WHERE k.site_kwh IS NOT NULL AND k.price_per_kwh IS NULL) AS site_days_without_price,
        CASE WHEN count(DISTINCT k.price_per_kwh) = 1 AND bool_and(k.price_per_kwh IS NOT NULL) THEN min(k.price_per_kwh) END AS one_price,
        count(k.exported_kwh) FILTER (WHERE k.is_complete) AS days_metered,
        count(*) FILTER (WHERE k.energy_kwh IS NOT NULL AND q.local_date IS NOT NULL) AS days_marked,
        count(DISTINCT k.currency) AS currencies, min(k.currency) AS currency, sum(k.energy_kwh * k.price_per_kwh) AS savings,
        count(*) FILTER (WHERE k.energy_kwh IS NOT NULL AND k.price_per_kwh IS NOT NULL) AS days_priced,
        sum(k.energy_kwh * k.co2_kg_kwh) AS co2_avoided_kg,
        coalesce(array_agg(DISTINCT k.factor_source ORDER BY k.factor_source) FILTER (WHERE k.factor_source IS NOT NULL), '{}') AS factor_sources
    FROM known AS k
    LEFT JOIN api.yield_day AS y ON y.plant_id = :plant_id AND y.local_date = k.local_date
    LEFT JOIN marked AS q ON q.local_date = k.local_date
    GROUP BY k.first_day, k.end_day
), billed AS (
    SELECT
        a.first_day, a.end_day, u.consumption_kwh + m.metered_kwh - m.exported_kwh AS site_kwh
    FROM asked AS a
    JOIN made AS m USING (first_day, end_day)
    JOIN api.plant_customer AS c ON c.plant_id = :plant_id
    JOIN api.consumption AS u ON u.customer_id = c.customer_id AND u.month = a.first_day
    WHERE
        a.end_day = (a.first_day + interval '1 month')::date AND m.days_metered = a.end_day - a.first_day
        AND m.metered_kwh >= m.exported_kwh
        -- What a customer consumes at several plants is of none of them alone.
        AND (SELECT count(*) FROM api.plant_customer AS o WHERE o.customer_id = c.customer_id) = 1
        -- A point that told of the months before and not of this one is a bill that has not come.
        AND NOT EXISTS (
            SELECT 1 FROM api.point_consumption AS e
            WHERE
                e.customer_id = c.customer_id AND e.month < a.first_day AND e.month >= a.first_day - interval '3 months'
                AND NOT EXISTS (SELECT 1 FROM api.point_consumption AS n WHERE n.point_id = e.point_id AND n.month = a.first_day)
        )
), summed AS (
    SELECT
        a.first_day, a.end_day, sum(y.irradiated_kwh) AS irradiated_kwh, sum(y.insolation_kwh_m2) AS insolation_kwh_m2,
        sum(y.corrected_kwh) AS corrected_kwh, sum(y.corrected_kwh_m2) AS corrected_kwh_m2, sum(y.daylight_s) AS daylight_s,
        sum(y.reporting_s) AS reporting_s, sum(y.producing_s) AS producing_s
    FROM asked AS a
    JOIN api.yield_day AS y ON y.plant_id = :plant_id AND y.local_date >= a.first_day AND y.local_date < a.end_day
    GROUP BY a.first_day, a.end_day
)
SELECT coalesce(json_agg(row_to_json(answer) ORDER BY first_day, last_day), '[]')::text AS data
FROM (
    SELECT
        a.first_day, a.end_day - 1 AS last_day, a.end_day - a.first_day AS days, coalesce(m.days_known, 0) AS days_known,
        coalesce(m.days_complete, 0) AS days_complete, coalesce(m.days_marked, 0) AS days_marked, a.end_day > CAST(:today AS date) AS is_running,
        m.energy_kwh,
        m.energy_kwh / p.capacity_kwp AS final_yield_h,
        s.insolation_kwh_m2 AS reference_yield_h,
        s.irradiated_kwh / p.capacity_kwp / nullif(s.insolation_kwh_m2, 0) AS performance_ratio,
        s.corrected_kwh / p.capacity_kwp / nullif(s.corrected_kwh_m2, 0) AS corrected_performance_ratio,
        m.complete_kwh / (p.capacity_kw * nullif(m.complete_h, 0)) AS capacity_factor_ac,
        m.complete_kwh / (p.capacity_kwp * nullif(m.complete_h, 0)) AS capacity_factor_dc,
        m.clear_sky_kwh, m.under_sky_kwh / nullif(m.clear_sky_kwh, 0) AS clear_sky_ratio, coalesce(m.days_above_ceiling, 0) AS days_above_ceiling,
        s.reporting_s / nullif(s.daylight_s, 0) AS data_availability,
        s.producing_s / nullif(s.reporting_s, 0) AS technical_availability,
        CASE WHEN m.currencies = 1 THEN m.savings END AS savings, CASE WHEN m.currencies = 1 THEN m.currency END AS currency,
        coalesce(m.days_priced, 0) AS days_priced,
        m.exported_kwh,
        CASE WHEN m.metered_kwh >= m.exported_kwh THEN m.metered_kwh - m.exported_kwh END AS self_consumed_kwh,
        CASE WHEN m.metered_kwh >= m.exported_kwh THEN (m.metered_kwh - m.exported_kwh) / nullif(m.metered_kwh, 0) END AS self_consumption,
        CASE WHEN o.is_by_meters THEN m.site_kwh ELSE b.site_kwh END AS site_kwh,
        CASE WHEN o.is_by_meters THEN m.site_days WHEN b.site_kwh IS NOT NULL THEN a.end_day - a.first_day ELSE 0 END AS site_days,
        CASE WHEN o.is_by_meters THEN 'meters' WHEN b.site_kwh IS NOT NULL THEN 'consumption' END AS site_source,
        CASE
            WHEN m.currencies > 1 THEN NULL
            WHEN NOT o.is_by_meters THEN b.site_kwh * m.one_price
            WHEN m.site_days_without_price = 0 THEN m.site_bill
        END AS bill_without_pv,
        m.co2_avoided_kg, coalesce(m.factor_sources, '{}') AS factor_sources
    FROM asked AS a
    CROSS JOIN api.plant AS p
    LEFT JOIN made AS m USING (first_day, end_day)
    LEFT JOIN billed AS b USING (first_day, end_day)
    LEFT JOIN summed AS s USING (first_day, end_day)
    -- Meters that tell of some days only stand behind a bill of the whole month.
    CROSS JOIN LATERAL (
        SELECT coalesce(m.site_days > 0 AND (m.site_days = a.end_day - a.first_day OR b.site_kwh IS NULL), false) AS is_by_meters
    ) AS o
    WHERE p.plant_id = :plant_id AND (m.first_day IS NOT NULL OR s.first_day IS NOT NULL)
) AS answer

-- name: rank_inverters
-- grain: inverter · specific yield over the local days [:first, :end) on which every rated inverter of the plant is complete, the best first.
-- One that is gone before the end of them, or came after it, is no rival of the others.
WITH rated AS (
    SELECT d.device_id, d.device_key, d.name, d.capacity_kw
    FROM api.device AS d
    JOIN api.inverter_time AS t USING (device_id)
    WHERE
        d.plant_id = :plant_id AND d.capacity_kw IS NOT NULL
        AND NOT (t.is_retired AND coalesce(t.last_day < CAST(:end AS date) - 1, true))
        AND coalesce(t.first_day <= greatest(CAST(:first AS date), CAST(:end AS date) - 2), true)
), complete AS (
    SELECT e.device_id, e.local_date, e.energy_kwh
    FROM api.energy_day AS e
    JOIN rated USING (device_id)
    WHERE
        e.plant_id = :plant_id AND e.local_date >= CAST(:first AS date) AND e.local_date < CAST(:end AS date)
        AND e.completeness >= :min_completeness AND e.energy_kwh IS NOT NULL
), shared AS (
    SELECT local_date FROM complete GROUP BY local_date HAVING count(*) = (SELECT count(*) FROM rated)
)
SELECT coalesce(json_agg(row_to_json(ranked) ORDER BY rank, device_id), '[]')::text AS data
FROM (
    SELECT
        rank() OVER (ORDER BY sum(c.energy_kwh) / r.capacity_kw DESC) AS rank, r.device_id, r.device_key, r.name, r.capacity_kw,
        count(*) AS days, sum(c.energy_kwh) AS energy_kwh, sum(c.energy_kwh) / r.capacity_kw AS specific_yield_kwh_kw
    FROM rated AS r
    JOIN complete AS c USING (device_id)
    JOIN shared USING (local_date)
    GROUP BY r.device_id, r.device_key, r.name, r.capacity_kw
) AS ranked

-- name: read_plant_model
-- The model of a plant as a JSON object.
SELECT row_to_json(m)::text AS data FROM api.plant_model AS m WHERE m.plant_id = :plant_id
