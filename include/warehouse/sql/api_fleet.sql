-- Lists fetch one row more than a page holds; next_key is the key of the page's last row where that extra row exists.

-- name: list_plant_states
-- grain: plant. Power now, today's energy, freshness and open alarms, by id. Power is the sum of the inverters' last readings that are fresh,
-- of a plant without such series its own; what a plant without either has spoken last is that of any of its series. A reading of the
-- future is not the last one. A plant is silent by right as long as daylight since its last reading lasted no longer than a fresh
-- one may be old.
WITH chosen AS (
    SELECT
        plant_id, plant_key, name, city, timezone, capacity_kwp, capacity_kw, (CAST(:now AS timestamptz) AT TIME ZONE timezone)::date AS today
    FROM api.plant
    WHERE plant_id > :after
    ORDER BY plant_id
    LIMIT :limit + 1
), page AS MATERIALIZED (
    -- Under row security a condition goes to the index only where nothing is computed in it: so days are reckoned here.
    SELECT *, today - 7 AS week_ago, today - 14 AS two_weeks_ago FROM chosen ORDER BY plant_id LIMIT :limit
), power AS (
    SELECT i.plant_id, i.series_id, true AS is_inverter
    FROM page
    JOIN api.inverter_power_series AS i ON i.plant_id = page.plant_id
    JOIN api.device AS d ON d.device_id = i.device_id
    WHERE coalesce(d.retired_on > page.today, true)
), own AS (
    SELECT s.plant_id, s.series_id, false AS is_inverter
    FROM page
    JOIN api.series AS s ON s.plant_id = page.plant_id AND s.kind = 'power' AND s.quantity = 'ac_power_kw'
    WHERE NOT EXISTS (SELECT FROM power AS i WHERE i.plant_id = page.plant_id)
), other AS (
    SELECT page.plant_id, s.series_id, false AS is_inverter
    FROM page
    JOIN api.series AS s ON s.home_plant_id = page.plant_id
    WHERE
        NOT EXISTS (SELECT FROM power AS i WHERE i.plant_id = page.plant_id)
        AND NOT EXISTS (SELECT FROM own AS i WHERE i.plant_id = page.plant_id)
), spoken AS (
    SELECT s.plant_id, s.is_inverter, s.is_power, r.measured_at, CASE WHEN r.value - r.value = 0 THEN r.value END AS value
    FROM (
        SELECT plant_id, series_id, is_inverter, true AS is_power FROM power
        UNION ALL
        SELECT plant_id, series_id, is_inverter, true FROM own
        UNION ALL
        SELECT plant_id, series_id, is_inverter, false FROM other
    ) AS s
    CROSS JOIN LATERAL (
        SELECT measured_at, value FROM api.reading
        WHERE series_id = s.series_id AND measured_at <= CAST(:now AS timestamptz)
        ORDER BY measured_at DESC
        LIMIT 1
    ) AS r
), now AS (
    SELECT
        plant_id, max(measured_at) AS measured_at,
        sum(value) FILTER (WHERE is_power AND measured_at >= :fresh_from) AS power_kw,
        count(value) FILTER (WHERE is_inverter AND measured_at >= :fresh_from) AS inverters_in_power
    FROM spoken
    GROUP BY plant_id
), inverter AS (
    SELECT d.plant_id, count(*) AS inverter_count
    FROM api.device AS d JOIN page USING (plant_id)
    WHERE d.kind = 'inverter' AND coalesce(d.retired_on > page.today, true)
    GROUP BY d.plant_id
), alarm AS (
    SELECT
        a.plant_id, count(*) FILTER (WHERE a.severity = 'critical') AS critical, count(*) FILTER (WHERE a.severity = 'major') AS major,
        count(*) FILTER (WHERE a.severity = 'minor') AS minor, count(*) FILTER (WHERE a.severity = 'notice') AS notice,
        (
            array_agg(a.severity ORDER BY array_position(ARRAY['critical', 'major', 'minor', 'notice'], a.severity))
        )[1] AS worst
    FROM api.alarm AS a
    JOIN page USING (plant_id)
    WHERE a.is_open
    GROUP BY a.plant_id
), worst AS (
    SELECT DISTINCT ON (w.plant_id) w.plant_id, a.alarm_id, a.device_id, a.code, a.name, a.raised_at
    FROM alarm AS w
    JOIN api.alarm AS a ON a.plant_id = w.plant_id AND a.severity = w.worst AND a.is_open
    ORDER BY w.plant_id, a.raised_at, a.alarm_id
), day AS (
    SELECT
        page.plant_id, max(d.energy_kwh) FILTER (WHERE d.local_date = page.today) AS energy_today_kwh,
        max(d.computed_at) FILTER (WHERE d.local_date = page.today) AS energy_computed_at,
        avg(d.energy_kwh) FILTER (WHERE d.local_date >= page.week_ago AND d.local_date < page.today) AS late_kwh,
        avg(d.energy_kwh) FILTER (WHERE d.local_date < page.week_ago) AS early_kwh,
        count(*) FILTER (WHERE d.local_date >= page.week_ago AND d.local_date < page.today) AS late_days,
        count(*) FILTER (WHERE d.local_date < page.week_ago) AS early_days
    FROM page
    JOIN api.plant_day AS d ON d.plant_id = page.plant_id AND d.local_date BETWEEN page.two_weeks_ago AND page.today
    WHERE d.local_date = page.today OR d.completeness >= :min_completeness
    GROUP BY page.plant_id
), loss AS (
    SELECT page.plant_id, sum(i.lost_kwh) AS lost_today_kwh
    FROM page
    JOIN api.inverter_day AS i ON i.plant_id = page.plant_id AND i.local_date = page.today
    GROUP BY page.plant_id
), told AS (
    SELECT
        page.plant_id, page.plant_key, page.name, page.city, page.timezone, page.today AS local_date, page.capacity_kwp, page.capacity_kw, now.power_kw,
        now.measured_at, coalesce(now.inverters_in_power, 0) AS inverters_in_power, coalesce(i.inverter_count, 0) AS inverter_count,
        d.energy_today_kwh, d.energy_computed_at,
        CASE
            WHEN now.measured_at IS NULL THEN 'never'
            WHEN now.measured_at >= :fresh_from THEN 'fresh'
            WHEN sun.daylight_s <= :fresh_s THEN 'night'
            ELSE 'late'
        END AS freshness,
        coalesce(a.worst, 'none') AS fault,
        json_build_object(
            'critical', coalesce(a.critical, 0), 'major', coalesce(a.major, 0), 'minor', coalesce(a.minor, 0), 'notice', coalesce(a.notice, 0)
        ) AS open_alarms,
        CASE WHEN w.alarm_id IS NOT NULL THEN row_to_json(w) END AS worst_alarm,
        CASE WHEN d.late_days >= :min_days AND d.early_days >= :min_days AND d.early_kwh > 0 THEN 100 * (d.late_kwh / d.early_kwh - 1) END
            AS energy_change_pct,
        l.lost_today_kwh, l.lost_today_kwh * t.price_per_kwh AS lost_today, CASE WHEN l.lost_today_kwh IS NOT NULL THEN t.currency END AS currency
    FROM page
    LEFT JOIN now ON now.plant_id = page.plant_id
    LEFT JOIN inverter AS i ON i.plant_id = page.plant_id
    LEFT JOIN alarm AS a ON a.plant_id = page.plant_id
    LEFT JOIN worst AS w ON w.plant_id = page.plant_id
    LEFT JOIN day AS d ON d.plant_id = page.plant_id
    LEFT JOIN loss AS l ON l.plant_id = page.plant_id
    LEFT JOIN api.plant_model AS m ON m.plant_id = page.plant_id
    LEFT JOIN LATERAL (
        SELECT price_per_kwh, currency FROM api.tariff
        WHERE plant_id = page.plant_id AND valid_from <= page.today ORDER BY valid_from DESC LIMIT 1
    ) AS t ON true
    LEFT JOIN LATERAL (
        SELECT
            sum(
                greatest(
                    extract(epoch FROM least(upper(s.light), CAST(:now AS timestamptz)) - greatest(lower(s.light), now.measured_at)), 0
                )
            ) AS daylight_s
        FROM generate_series(-3, 1) AS ahead
        CROSS JOIN LATERAL (SELECT api.daylight(page.today + ahead, m.latitude, m.longitude) AS light) AS s
    ) AS sun ON now.measured_at > CAST(:now AS timestamptz) - interval '2 days'
)
SELECT
    coalesce(json_agg(row_to_json(told) ORDER BY plant_id), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM chosen) > :limit THEN json_build_array(max(plant_id))::text END AS next_key
FROM told;

-- name: list_fleet_alarms
-- grain: alarm. Those of all plants of the tenant, latest first; next_key where more rows follow.
WITH found AS (
    SELECT
        a.alarm_id, a.plant_id, p.name AS plant_name, a.device_id, d.name AS device_name, a.alarm_key, a.origin, a.code, a.name, a.severity,
        a.state, a.raised_at, a.cleared_at, a.is_open, a.is_withdrawn, a.lost_kwh, a.advice, a.acknowledged_at, a.acknowledged_by, a.note,
        a.document_id
    FROM api.alarm AS a
    JOIN api.plant AS p ON p.plant_id = a.plant_id
    LEFT JOIN api.device AS d ON d.device_id = a.device_id
    WHERE
        (CAST(:plant_id AS int) IS NULL OR a.plant_id = :plant_id)
        AND (CAST(:severity AS text) IS NULL OR a.severity = :severity)
        AND (CAST(:state AS text) IS NULL OR a.state = :state)
        AND (CAST(:since AS timestamptz) IS NULL OR a.is_open OR coalesce(a.cleared_at, a.raised_at) >= :since)
        AND (a.raised_at, a.alarm_id) < (CAST(:before_at AS timestamptz), :before_id)
    ORDER BY a.raised_at DESC, a.alarm_id DESC
    LIMIT :limit + 1
), page AS (
    SELECT f.*, l.lost_value, l.currency, l.lost_value_missing FROM (TABLE found LIMIT :limit) AS f JOIN api.alarm_loss AS l USING (alarm_id)
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY raised_at DESC, alarm_id DESC), '[]')::text AS data,
    CASE
        WHEN (SELECT count(*) FROM found) > :limit
        THEN (SELECT json_build_array(raised_at, alarm_id) FROM page ORDER BY raised_at, alarm_id LIMIT 1)::text
    END AS next_key
FROM page;

-- name: list_targets
-- grain: month. A plant's targets and where each comes from; months of the half-open range.
WITH newest AS (
    SELECT DISTINCT ON (month) month, revision, origin, told_at
    FROM api.target_revision
    WHERE plant_id = :plant_id
    ORDER BY month, revision DESC
), found AS (
    SELECT t.month, t.target_kwh, t.target_per_day_kwh, n.revision, n.origin, n.told_at
    FROM api.target AS t
    LEFT JOIN newest AS n ON n.month = t.month
    WHERE
        t.plant_id = :plant_id AND t.month > CAST(:after AS date)
        AND (CAST(:first AS date) IS NULL OR t.month >= :first)
        AND (CAST(:end AS date) IS NULL OR t.month < :end)
    ORDER BY t.month
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(
        json_agg(
            json_build_object(
                'month', to_char(month, 'YYYY-MM'), 'target_kwh', target_kwh, 'target_per_day_kwh', target_per_day_kwh, 'revision', revision,
                'origin', origin, 'told_at', told_at
            )
            ORDER BY month
        ),
        '[]'
    )::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(max(month))::text END AS next_key
FROM page;

-- name: list_accounts
-- grain: account in a vendor's cloud, by id. What the vendor refuses for now is in blocked, and the plants and devices that it refused last
-- are in left_out_last: an account may leave out thousands.
WITH found AS (
    SELECT
        a.*,
        (
            SELECT coalesce(json_agg(json_build_object('interface', b.interface, 'until', b.ends_at, 'reason', b.reason) ORDER BY b.interface), '[]')
            FROM api.account_block AS b
            WHERE b.account_id = a.account_id AND b.ends_at > :now
        ) AS blocked,
        (SELECT count(DISTINCT l.member) FROM api.account_left_out AS l WHERE l.account_id = a.account_id) AS left_out,
        (
            SELECT
                coalesce(
                    json_agg(
                        json_build_object(
                            'member', l.member, 'interface', l.interface, 'since', l.since, 'times', l.times, 'again_at', l.again_at,
                            'reason', l.reason
                        )
                        ORDER BY l.last_at DESC, l.interface, l.member
                    ),
                    '[]'
                )
            FROM (
                SELECT * FROM api.account_left_out AS o
                WHERE o.account_id = a.account_id
                ORDER BY o.last_at DESC, o.interface, o.member
                LIMIT 50
            ) AS l
        ) AS left_out_last
    FROM api.account AS a
    WHERE a.account_id > :after
    ORDER BY a.account_id
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY account_id), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(max(account_id))::text END AS next_key
FROM page;
