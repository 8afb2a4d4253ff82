-- A comment must not name a parameter with its colon: it would be bound there too, and a line break in it would end the comment.
-- The zone of the transaction is set to that of the series: JSON carries local time with its offset.

-- name: find_series
-- Head of one series.
SELECT series_id, quantity, kind, origin, timezone FROM api.series WHERE series_id = :series_id

-- name: find_plant_series
-- Head of the plant's own series of a quantity, derived before measured.
SELECT series_id, quantity, kind, origin, timezone
FROM api.series
WHERE plant_id = :plant_id AND quantity = :quantity
ORDER BY origin = 'derived' DESC, series_id
LIMIT 1

-- name: find_device_group
-- Zone of the plant, and how many series of this quantity its devices have. One row, or none.
SELECT
    p.timezone,
    (
        SELECT count(*)
        FROM api.series AS s
        WHERE s.home_plant_id = p.plant_id AND s.device_id IS NOT NULL AND s.quantity = :quantity
    ) AS series_count
FROM api.plant AS p
WHERE p.plant_id = :plant_id

-- name: list_readings
-- grain: reading. One series in the half-open span; last_at where more rows follow. Infinite and NaN values are null.
SELECT set_config('TimeZone', :timezone, true);
WITH found AS (
    SELECT measured_at, CASE WHEN value - value = 0 THEN value END AS value, document_id
    FROM api.reading
    WHERE series_id = :series_id AND measured_at >= :start AND measured_at < :end
    ORDER BY measured_at
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY measured_at), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN max(measured_at) END AS last_at
FROM page

-- name: list_events
-- grain: state change. One series in the half-open span; last_at where more rows follow.
SELECT set_config('TimeZone', :timezone, true);
WITH found AS (
    SELECT happened_at, state, document_id
    FROM api.state_event
    WHERE series_id = :series_id AND happened_at >= :start AND happened_at < :end
    ORDER BY happened_at
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY happened_at), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN max(happened_at) END AS last_at
FROM page

-- name: read_rollups
-- grain: as asked. One series, intervals that overlap the half-open span, partial where they reach outside; coverage is null where nothing
-- was expected. No interval that overlaps starts before `earliest`: it bounds the search in the index.
SELECT set_config('TimeZone', :timezone, true);
SELECT coalesce(json_agg(row_to_json(bucket)), '[]')::text AS data
FROM (
    SELECT
        starts_at, ends_at, local_date, reading_count, mean, min, max, first, last, sum, stddev, median, p95, p99, energy_kwh,
        active_minutes, active_hours, covered_s, expected_s, covered_s / nullif(expected_s, 0) AS coverage,
        ends_at > :settled_until AS provisional, starts_at < :start OR ends_at > :end AS partial
    FROM api.rollup
    WHERE series_id = :series_id AND grain = :grain AND starts_at > :earliest AND starts_at < :end AND ends_at > :start
    ORDER BY starts_at
) AS bucket

-- name: read_rollup_table
-- grain: as asked. As read_rollups, one array per interval.
SELECT set_config('TimeZone', :timezone, true);
SELECT
    coalesce(
        json_agg(
            json_build_array(
                starts_at, ends_at, local_date, reading_count, mean, min, max, first, last, sum, stddev, median, p95, p99, energy_kwh,
                active_minutes, active_hours, covered_s, expected_s, covered_s / nullif(expected_s, 0), ends_at > :settled_until,
                starts_at < :start OR ends_at > :end
            )
            ORDER BY starts_at
        ),
        '[]'
    )::text AS data
FROM api.rollup
WHERE series_id = :series_id AND grain = :grain AND starts_at > :earliest AND starts_at < :end AND ends_at > :start

-- name: read_device_rollups
-- grain: device, with its intervals in rows, as in read_rollups. One quantity of all devices of a plant.
SELECT set_config('TimeZone', :timezone, true);
SELECT
    coalesce(
        json_agg(
            json_build_object(
                'device_id', d.device_id, 'device_key', d.device_key, 'name', d.name, 'kind', d.kind, 'series_id', s.series_id,
                'rows', b.buckets
            )
            ORDER BY d.device_id, s.series_id
        ),
        '[]'
    )::text AS data
FROM api.series AS s
JOIN api.device AS d ON d.device_id = s.device_id
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(row_to_json(bucket)), '[]') AS buckets
    FROM (
        SELECT
            r.starts_at, r.ends_at, r.local_date, r.reading_count, r.mean, r.min, r.max, r.first, r.last, r.sum, r.stddev, r.median,
            r.p95, r.p99, r.energy_kwh, r.active_minutes, r.active_hours, r.covered_s, r.expected_s,
            r.covered_s / nullif(r.expected_s, 0) AS coverage, r.ends_at > :settled_until AS provisional,
            r.starts_at < :start OR r.ends_at > :end AS partial
        FROM api.rollup AS r
        WHERE r.series_id = s.series_id
            AND r.grain = :grain
            AND r.starts_at > :earliest
            AND r.starts_at < :end
            AND r.ends_at > :start
        ORDER BY r.starts_at
    ) AS bucket
) AS b
WHERE s.home_plant_id = :plant_id AND s.quantity = :quantity

-- name: list_group_series
-- grain: series of a device. One quantity of all devices of a plant.
SELECT d.device_id, d.device_key, d.name, d.kind, s.series_id
FROM api.series AS s
JOIN api.device AS d ON d.device_id = s.device_id
WHERE s.home_plant_id = :plant_id AND s.quantity = :quantity
ORDER BY d.device_id, s.series_id

-- name: count_power_series
-- Power series of the inverters of the plant to which a series belongs.
SELECT count(*) FROM api.inverter_power_series AS i JOIN api.series AS s ON s.plant_id = i.plant_id WHERE s.series_id = :series_id

-- name: count_inverters
-- Inverters that were at the plant in the span: those gone before its first local day or first heard after its last are none of them, but for
-- one that told its power in it nevertheless.
SELECT count(*)
FROM api.device AS d
LEFT JOIN api.inverter_power_series AS i ON i.device_id = d.device_id
CROSS JOIN LATERAL (
    SELECT min(r.local_date) AS first_day FROM api.rollup AS r WHERE r.series_id = i.series_id AND r.grain = 'day'
) AS heard
WHERE
    d.plant_id = :plant_id AND d.kind = 'inverter'
    AND (
        coalesce(d.retired_on > CAST(:start AS timestamptz) AT TIME ZONE :timezone, true)
        AND coalesce(heard.first_day < CAST(:end AS timestamptz) AT TIME ZONE :timezone, true)
        OR EXISTS (
            SELECT 1 FROM api.reading AS r WHERE r.series_id = i.series_id AND r.measured_at >= :start AND r.measured_at < :end
        )
    )

-- name: read_peak_power
-- grain: local day, and the whole span. Greatest sum of the inverters' 15-minute means, beside the sum of each one's own greatest; the
-- span is of whole local days. Quarters of an hour begin at the same instants in all zones. Infinite and NaN values are no readings.
SELECT set_config('TimeZone', :timezone, true);
WITH quarter AS MATERIALIZED (
    SELECT m.starts_at, i.device_id, m.mean_kw
    FROM api.inverter_power_series AS i
    CROSS JOIN LATERAL (
        SELECT date_bin(interval '15 minutes', r.measured_at, timestamptz '2000-01-01Z') AS starts_at, avg(r.value) AS mean_kw
        FROM api.reading AS r
        WHERE r.series_id = i.series_id AND r.measured_at >= :start AND r.measured_at < :end AND r.value - r.value = 0
        GROUP BY 1
    ) AS m
    WHERE i.plant_id = :plant_id
), together AS (
    SELECT starts_at, starts_at::date AS local_date, sum(mean_kw ORDER BY device_id) AS power_kw, count(*) AS inverters
    FROM quarter
    GROUP BY starts_at
), highest AS (
    SELECT
        local_date, max(power_kw) AS power_kw,
        (array_agg(starts_at ORDER BY power_kw DESC, starts_at))[1] AS starts_at,
        (array_agg(inverters ORDER BY power_kw DESC, starts_at))[1] AS inverters
    FROM together
    GROUP BY GROUPING SETS ((local_date), ())
), alone AS (
    SELECT local_date, sum(peak_kw ORDER BY device_id) AS sum_kw
    FROM (
        SELECT starts_at::date AS local_date, device_id, max(mean_kw) AS peak_kw
        FROM quarter
        GROUP BY GROUPING SETS ((starts_at::date, device_id), (device_id))
    ) AS of_inverter
    GROUP BY local_date
), peak AS (
    SELECT
        h.local_date, h.power_kw AS peak_power_kw, h.starts_at AS peak_at, h.inverters AS inverters_at_peak,
        a.sum_kw AS sum_of_inverter_peaks_kw
    FROM highest AS h
    LEFT JOIN alone AS a ON a.local_date IS NOT DISTINCT FROM h.local_date
)
SELECT
    json_build_object(
        'span', (SELECT to_jsonb(p) - 'local_date' FROM peak AS p WHERE p.local_date IS NULL),
        'days', (
            SELECT coalesce(json_agg(row_to_json(d) ORDER BY d.local_date), '[]')
            FROM (
                SELECT p.*, (p.local_date + 1)::timestamptz > :settled_until AS provisional
                FROM peak AS p
                WHERE p.local_date IS NOT NULL
            ) AS d
        )
    )::text AS data

-- name: list_energy_checks
-- grain: local day and device, the plant first. Days of the half-open range; next_key where more rows follow.
WITH found AS (
    SELECT
        local_date, device_id, energy_kwh, energy_source, recovered_kwh, completeness, integrated_kwh, counted_kwh, vendor_kwh,
        deviation_pct, is_flagged
    FROM api.energy_check
    WHERE plant_id = :plant_id
        AND local_date >= :first
        AND local_date < :end
        AND (local_date, coalesce(device_id, 0)) > (CAST(:after_day AS date), :after_device)
    ORDER BY local_date, coalesce(device_id, 0)
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY local_date, coalesce(device_id, 0)), '[]')::text AS data,
    CASE
        WHEN (SELECT count(*) FROM found) > :limit
        THEN (
            SELECT json_build_array(local_date, coalesce(device_id, 0))
            FROM page
            ORDER BY local_date DESC, coalesce(device_id, 0) DESC
            LIMIT 1
        )::text
    END AS next_key
FROM page

-- name: list_counter_days
-- grain: (local day, series). Days of the half-open range on which a counter of the plant or its devices misbehaved; next_key where more
-- rows follow.
SELECT set_config('TimeZone', :timezone, true);
WITH found AS (
    SELECT
        c.local_date, c.series_id, s.device_id, s.quantity, c.zeros, c.dips, c.resets, c.held_back, c.opened_at IS NOT NULL AS is_open,
        c.opened_at
    FROM api.series AS s
    JOIN api.counter_day AS c USING (series_id)
    WHERE s.home_plant_id = :plant_id
        AND c.local_date >= :first
        AND c.local_date < :end
        AND (c.local_date, c.series_id) > (CAST(:after_day AS date), :after_series)
    ORDER BY c.local_date, c.series_id
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY local_date, series_id), '[]')::text AS data,
    CASE
        WHEN (SELECT count(*) FROM found) > :limit
        THEN (
            SELECT json_build_array(local_date, series_id) FROM page ORDER BY local_date DESC, series_id DESC LIMIT 1
        )::text
    END AS next_key
FROM page

-- name: read_plant_energies
-- grain: as asked. Published energy of a plant in the intervals that overlap the half-open span, each summed from its days; its figures are
-- those of the whole interval, partial where it reaches outside the span. Intervals without a day are absent.
SELECT set_config('TimeZone', :timezone, true);
WITH interval_day AS (
    SELECT
        date_trunc(:grain, d.local_date::timestamp)::date AS local_date,
        (date_trunc(:grain, d.local_date::timestamp) + CAST('1 ' || :grain AS interval))::date AS end_date,
        d.local_date AS day, d.starts_at, d.ends_at, d.energy_kwh, d.energy_source, d.recovered_kwh, d.completeness
    FROM api.plant_day AS d
    WHERE d.plant_id = :plant_id AND d.local_date >= :first AND d.local_date < :end_day
), summed AS (
    SELECT
        coalesce(min(starts_at) FILTER (WHERE day = local_date), local_date::timestamptz) AS starts_at,
        coalesce(max(ends_at) FILTER (WHERE day + 1 = end_date), end_date::timestamptz) AS ends_at,
        local_date,
        sum(energy_kwh ORDER BY day) AS energy_kwh,
        coalesce(array_agg(DISTINCT energy_source ORDER BY energy_source) FILTER (WHERE energy_source IS NOT NULL), '{}')
            AS energy_sources,
        sum(recovered_kwh ORDER BY day) FILTER (WHERE energy_kwh IS NOT NULL) AS recovered_kwh,
        end_date - local_date AS days,
        count(energy_kwh) AS days_known,
        count(*) FILTER (WHERE completeness >= :min_completeness) AS days_complete,
        avg(completeness ORDER BY day) AS mean_completeness
    FROM interval_day
    GROUP BY local_date, end_date
)
SELECT coalesce(json_agg(row_to_json(energy) ORDER BY starts_at), '[]')::text AS data
FROM (
    SELECT *, ends_at > :settled_until AS provisional, starts_at < :start OR ends_at > :end AS partial
    FROM summed
    WHERE starts_at < :end AND ends_at > :start
) AS energy

-- name: list_marks
-- grain: local day. Marks of a series on days of the half-open range; next_key where more rows follow.
SELECT set_config('TimeZone', :timezone, true);
WITH found AS (
    SELECT local_date, reading_count, stale_count, interpolated_count, outlier_count, computed_at
    FROM api.series_mark
    WHERE series_id = :series_id AND local_date >= :first AND local_date < :end AND local_date > CAST(:after_day AS date)
    ORDER BY local_date
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY local_date), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN (SELECT json_build_array(max(local_date)) FROM page)::text END AS next_key
FROM page;

-- name: list_inverter_days
-- grain: (local day, inverter). Answers about a plant's inverters on days of the half-open range; next_key where more rows follow.
SELECT set_config('TimeZone', :timezone, true);
WITH found AS (
    SELECT
        local_date, device_id, verdict, method, reason, compared_kwh, expected_kwh, peer_share, lost_kwh, zero_s, stale_s, night_s, computed_at
    FROM api.inverter_day
    WHERE plant_id = :plant_id
        AND local_date >= :first
        AND local_date < :end
        AND (local_date, device_id) > (CAST(:after_day AS date), :after_device)
        AND (CAST(:verdict AS text) IS NULL OR verdict = :verdict)
    ORDER BY local_date, device_id
    LIMIT :limit + 1
), page AS (
    SELECT
        f.*, f.lost_kwh * t.price_per_kwh::float8 AS lost_value, CASE WHEN f.lost_kwh IS NOT NULL THEN t.currency END AS currency,
        CASE WHEN f.lost_kwh IS NOT NULL AND t.price_per_kwh IS NULL THEN 'no tariff' END AS lost_value_missing
    FROM (TABLE found LIMIT :limit) AS f
    LEFT JOIN LATERAL (
        SELECT price_per_kwh, currency FROM api.tariff
        WHERE plant_id = :plant_id AND valid_from <= f.local_date ORDER BY valid_from DESC LIMIT 1
    ) AS t ON true
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY local_date, device_id), '[]')::text AS data,
    CASE
        WHEN (SELECT count(*) FROM found) > :limit
        THEN (
            SELECT json_build_array(local_date, device_id) FROM page ORDER BY local_date DESC, device_id DESC LIMIT 1
        )::text
    END AS next_key
FROM page;

-- name: list_alarms
-- grain: alarm. Those that were on at some time of the half-open span, latest first; next_key where more rows follow. What was lost is
-- priced by the tariffs of the days on which it was.
SELECT set_config('TimeZone', :timezone, true);
WITH found AS (
    SELECT
        alarm_id, device_id, alarm_key, origin, code, name, severity, state, raised_at, cleared_at, is_open, is_withdrawn, lost_kwh, advice,
        acknowledged_at, acknowledged_by, note, document_id
    FROM api.alarm
    WHERE plant_id = :plant_id
        AND raised_at < :end
        AND (is_open OR coalesce(cleared_at, raised_at) >= :start)
        AND (CAST(:is_open AS boolean) IS NULL OR is_open = :is_open)
        AND (raised_at, alarm_id) < (CAST(:before_at AS timestamptz), :before_id)
    ORDER BY raised_at DESC, alarm_id DESC
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
FROM page
