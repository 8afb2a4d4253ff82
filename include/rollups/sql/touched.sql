-- name: lock
-- One roll-up at a time, and none while the fleet changes, whose zones and devices every bucket follows. Released at the end of the
-- transaction. False: wait for the other.
SELECT pg_try_advisory_xact_lock(hashtext('heliograph.roll_up'));

-- name: create_work
-- The tables of one roll-up; they end with its transaction.
CREATE TEMPORARY TABLE dirty (series_id int4 NOT NULL, local_day date NOT NULL) ON COMMIT DROP;
-- What a bucket of a series needs to know of its subject; of a derived series device_count inverters are expected.
-- amount_of: hour, day or month to which an amount belongs, as its name says; is_daily: a counter that begins anew each day.
CREATE TEMPORARY TABLE touched_series (
    series_id int4 PRIMARY KEY, kind text NOT NULL, origin text NOT NULL, timezone text NOT NULL, plant_id int4, is_solar boolean NOT NULL,
    latitude float8, longitude float8, device_count int4 NOT NULL, amount_of text, is_daily boolean NOT NULL, is_energy boolean NOT NULL
) ON COMMIT DROP;
-- Consecutive days to compute again: [lo, hi) in UTC, and the readings [window_lo, window_hi] that their edges depend on.
CREATE TEMPORARY TABLE touched_range (
    series_id int4 NOT NULL, days daterange NOT NULL, lo timestamptz NOT NULL, hi timestamptz NOT NULL,
    window_lo timestamptz NOT NULL, window_hi timestamptz NOT NULL
) ON COMMIT DROP;
-- Each day to compute again, its edges, and the part of it in which readings are expected.
CREATE TEMPORARY TABLE touched_day (
    series_id int4 NOT NULL, local_day date NOT NULL, lo timestamptz NOT NULL, hi timestamptz NOT NULL,
    expected_lo timestamptz NOT NULL, expected_hi timestamptz NOT NULL, PRIMARY KEY (series_id, local_day)
) ON COMMIT DROP;
-- The readings in question with the step that ends in each of them.
CREATE TEMPORARY TABLE sample (
    series_id int4 NOT NULL, measured_at timestamptz NOT NULL, value float8 NOT NULL, previous_at timestamptz, previous_value float8,
    step_s float8, local_hour timestamptz NOT NULL, local_day date NOT NULL
) ON COMMIT DROP;
-- The longest step that is bridged, by the day in which it ends.
CREATE TEMPORARY TABLE step_limit (
    series_id int4 NOT NULL, local_day date NOT NULL, limit_s float8 NOT NULL, PRIMARY KEY (series_id, local_day)
) ON COMMIT DROP;
-- Parts of local hours: the steps within one summed, the steps over an edge cut there.
CREATE TEMPORARY TABLE piece (
    series_id int4 NOT NULL, local_hour timestamptz NOT NULL, local_day date NOT NULL, part_at timestamptz NOT NULL,
    covered_s float8 NOT NULL, energy_kwh float8
) ON COMMIT DROP;
CREATE TEMPORARY TABLE fresh (LIKE mart.rollup) ON COMMIT DROP;

-- name: take_dirty
-- Take the oldest entries of the work list. They are deleted in the transaction that computes them, so a run that dies puts them back;
-- one that another transaction holds is skipped, not waited for. Several entries may name the same day.
WITH taken AS (
    DELETE FROM ops.dirty_day
    WHERE dirty_day_id IN (
        SELECT dirty_day_id FROM ops.dirty_day ORDER BY dirty_day_id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    RETURNING series_id, local_day
)
INSERT INTO dirty SELECT DISTINCT series_id, local_day FROM taken;

-- name: describe_series
-- What the buckets of the dirty series need to know of their subjects, as the fleet stands now; states have no buckets.
INSERT INTO touched_series
SELECT
    s.series_id, s.kind, s.origin, coalesce(p.timezone, t.timezone), p.plant_id,
    (
        s.quantity IN ('ac_power_kw', 'dc_power_kw') AND (d.kind = 'inverter' OR s.plant_id IS NOT NULL)
        AND p.latitude IS NOT NULL AND p.longitude IS NOT NULL
    ),
    p.latitude, p.longitude,
    CASE s.origin
        WHEN 'derived' THEN (SELECT count(*) FROM fleet.device AS i WHERE i.plant_id = s.plant_id AND i.kind = 'inverter')
        ELSE 1
    END,
    CASE WHEN s.kind = 'amount' THEN coalesce(substring(s.quantity FROM '_(hour|day)_'), 'month') END,
    s.quantity = 'energy_today_kwh', s.quantity LIKE '%\_kwh'
FROM fleet.series AS s
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
LEFT JOIN fleet.plant AS p ON p.plant_id = coalesce(s.plant_id, d.plant_id)
WHERE s.series_id IN (SELECT series_id FROM dirty) AND s.kind <> 'state'
ON CONFLICT DO NOTHING;

-- name: find_ranges
-- A step may reach over midnight: the days of the two readings before and after belong to the change, up to a day away
-- (a counter: 31 days, for the energy of a silent time is recovered and spread). The day after the last one is read too, since the
-- longest step that is bridged follows from the median step of the day in which it ends.
INSERT INTO touched_range
WITH island AS (
    SELECT s.series_id, s.timezone, CASE s.kind WHEN 'counter' THEN interval '31 days' ELSE interval '1 day' END AS reach, days
    FROM touched_series AS s
    JOIN (
        SELECT series_id, unnest(range_agg(daterange(local_day, local_day, '[]'))) AS days FROM dirty GROUP BY series_id
    ) AS d USING (series_id)
    WHERE s.origin = 'measured' AND s.kind IN ('power', 'gauge', 'counter')
), neighbour AS (
    SELECT
        i.series_id, i.timezone, i.reach,
        daterange(
            least(lower(i.days), (before.at AT TIME ZONE i.timezone)::date),
            greatest(upper(i.days), (after.at AT TIME ZONE i.timezone)::date + 1)
        ) AS days
    FROM island AS i
    CROSS JOIN LATERAL (
        SELECT min(r.measured_at) AS at
        FROM (
            SELECT r.measured_at FROM mart.reading AS r
            WHERE
                r.series_id = i.series_id
                AND r.measured_at < lower(i.days)::timestamp AT TIME ZONE i.timezone
                AND r.measured_at >= (lower(i.days)::timestamp AT TIME ZONE i.timezone) - i.reach
            ORDER BY r.measured_at DESC LIMIT 2
        ) AS r
    ) AS before
    CROSS JOIN LATERAL (
        SELECT max(r.measured_at) AS at
        FROM (
            SELECT r.measured_at FROM mart.reading AS r
            WHERE
                r.series_id = i.series_id
                AND r.measured_at >= upper(i.days)::timestamp AT TIME ZONE i.timezone
                AND r.measured_at < (upper(i.days)::timestamp AT TIME ZONE i.timezone) + i.reach
            ORDER BY r.measured_at LIMIT 2
        ) AS r
    ) AS after
), merged AS (
    SELECT
        series_id, days, reach, lower(days)::timestamp AT TIME ZONE timezone AS lo, upper(days)::timestamp AT TIME ZONE timezone AS hi,
        (upper(days) + 1)::timestamp AT TIME ZONE timezone AS day_after
    FROM (
        SELECT series_id, timezone, reach, unnest(range_agg(days)) AS days FROM neighbour GROUP BY series_id, timezone, reach
    ) AS m
)
SELECT
    m.series_id, m.days, m.lo, m.hi, coalesce(before.at, m.lo),
    m.day_after + CASE WHEN m.reach > interval '1 day' THEN m.reach ELSE interval '0' END
FROM merged AS m
CROSS JOIN LATERAL (
    SELECT min(r.measured_at) AS at
    FROM (
        SELECT r.measured_at FROM mart.reading AS r
        WHERE r.series_id = m.series_id AND r.measured_at < m.lo AND r.measured_at >= m.lo - m.reach
        ORDER BY r.measured_at DESC LIMIT 2
    ) AS r
) AS before;

-- name: list_days
-- Days of the touched ranges, or of the derived series whose devices changed. Daylight is worked out once per place and day: it costs
-- far more than the rest, and plants have many series.
WITH wanted AS (
    SELECT r.series_id, day::date AS local_day
    FROM touched_range AS r
    CROSS JOIN LATERAL generate_series(lower(r.days)::timestamp, (upper(r.days) - 1)::timestamp, interval '1 day') AS day
    UNION
    SELECT x.series_id, x.local_day FROM dirty AS x
), day AS MATERIALIZED (
    SELECT
        w.series_id, w.local_day, s.is_solar, s.latitude, s.longitude,
        w.local_day::timestamp AT TIME ZONE s.timezone AS lo, (w.local_day + 1)::timestamp AT TIME ZONE s.timezone AS hi
    FROM wanted AS w
    JOIN touched_series AS s USING (series_id)
    WHERE s.origin = :origin AND s.kind <> 'amount'
), place AS MATERIALIZED (
    SELECT DISTINCT latitude, longitude, local_day FROM day WHERE is_solar
), lit AS MATERIALIZED (
    SELECT latitude, longitude, local_day, mart.daylight(local_day, latitude, longitude) AS light FROM place
)
INSERT INTO touched_day
SELECT
    d.series_id, d.local_day, d.lo, d.hi,
    CASE WHEN d.is_solar THEN greatest(d.lo, least(d.hi, coalesce(lower(l.light), d.hi))) ELSE d.lo END,
    CASE WHEN d.is_solar THEN greatest(d.lo, least(d.hi, coalesce(upper(l.light), d.hi))) ELSE d.hi END
FROM day AS d
LEFT JOIN lit AS l USING (latitude, longitude, local_day);
