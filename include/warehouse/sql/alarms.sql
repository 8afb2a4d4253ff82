-- name: read_alarm_devices
-- Devices of a source by key, or by a serial number that only one of them has.
SELECT device_key AS name, device_id FROM fleet.device WHERE tenant_id = :tenant_id AND source = :source AND device_key = ANY (:keys)
UNION ALL
SELECT vendor_reported -> 'serial' ->> 'value', min(device_id)
FROM fleet.device
WHERE
    tenant_id = :tenant_id AND source = :source AND retired_at IS NULL AND vendor_reported -> 'serial' ->> 'value' = ANY (:keys)
    AND device_key <> ALL (:keys)
GROUP BY 1
HAVING count(*) = 1;

-- name: read_open
-- Alarms that their vendor has not ended.
SELECT DISTINCT p.plant_key, d.device_key, a.raised_at
FROM mart.alarm AS a
JOIN fleet.plant AS p USING (plant_id)
LEFT JOIN fleet.device AS d USING (device_id)
WHERE p.integration_id = :integration_id AND a.is_open AND a.document_id IS NOT NULL AND a.raised_at < :before
ORDER BY p.plant_key, d.device_key, a.raised_at;

-- name: upsert_alarms
-- What was received last holds; returns one row for each that is new or differs from before. An alarm that a later list of open
-- alarms lacked (missed_at) stays closed, though this earlier list, loaded late, still has it open.
WITH reported AS (
    SELECT *
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        plant_id int, device_id int, alarm_key text, code text, name text, severity text, raised_at timestamptz, cleared_at timestamptz,
        is_open boolean, advice text
    )
), before AS (
    SELECT a.* FROM mart.alarm AS a JOIN reported USING (plant_id, alarm_key)
), written AS (
    INSERT INTO mart.alarm AS a (
        tenant_id, plant_id, device_id, alarm_key, code, name, severity, raised_at, cleared_at, is_open, advice, document_id, reported_at
    )
    SELECT
        :tenant_id, plant_id, device_id, alarm_key, code, name, severity, raised_at, cleared_at, is_open, advice, :document_id, :reported_at
    FROM reported
    ORDER BY plant_id, alarm_key
    ON CONFLICT (plant_id, alarm_key) DO UPDATE SET
        device_id = EXCLUDED.device_id, code = EXCLUDED.code, name = EXCLUDED.name, severity = EXCLUDED.severity,
        raised_at = EXCLUDED.raised_at, advice = EXCLUDED.advice, document_id = EXCLUDED.document_id, reported_at = EXCLUDED.reported_at,
        cleared_at = coalesce(EXCLUDED.cleared_at, CASE WHEN EXCLUDED.is_open AND a.missed_at > EXCLUDED.reported_at THEN a.missed_at END),
        is_open = EXCLUDED.is_open AND (a.missed_at > EXCLUDED.reported_at) IS NOT TRUE,
        missed_at = CASE WHEN EXCLUDED.is_open AND a.missed_at > EXCLUDED.reported_at THEN a.missed_at END
        WHERE (a.reported_at, a.document_id) <= (EXCLUDED.reported_at, EXCLUDED.document_id)
    RETURNING a.*
)
SELECT b.alarm_id IS NULL AS is_new, w.is_open
FROM written AS w
LEFT JOIN before AS b USING (alarm_id)
WHERE
    (b.device_id, b.code, b.name, b.severity, b.raised_at, b.cleared_at, b.is_open, b.advice)
    IS DISTINCT FROM (w.device_id, w.code, w.name, w.severity, w.raised_at, w.cleared_at, w.is_open, w.advice);

-- name: close_missed
-- The document lists every open alarm of these plants that was raised in this time: what it lacks of those reported before has ended.
UPDATE mart.alarm AS a
SET is_open = false, cleared_at = :reported_at, missed_at = :reported_at
WHERE
    a.tenant_id = :tenant_id
    AND a.origin = 'vendor'
    AND a.plant_id = ANY (:plant_ids)
    AND (a.is_open OR a.missed_at > :reported_at)
    AND (CAST(:raised_from AS timestamptz) IS NULL OR a.raised_at >= :raised_from)
    AND a.raised_at < :raised_until
    AND (a.reported_at, a.document_id) < (:reported_at, :document_id)
    AND NOT EXISTS (
        SELECT 1
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (plant_id int, alarm_key text)
        WHERE r.plant_id = a.plant_id AND r.alarm_key = a.alarm_key
    );

-- name: reopen_newer_lists
-- Lists received later that were loaded before: they may lack an alarm that only now is known to have been open.
UPDATE landing.document
SET state = 'landed'
WHERE
    tenant_id = :tenant_id AND feed = :feed AND state = 'loaded'
    AND (last_received_at, document_id) > (:reported_at, :document_id);

-- name: read_found_alarms
-- Alarms of our own of plants that follow from days and were on at some time since a day of each, with the local days that they span.
SELECT
    a.alarm_id, a.plant_id, a.device_id, a.code, (a.raised_at AT TIME ZONE p.timezone)::date AS first_day, a.is_open, a.is_withdrawn,
    CASE WHEN NOT a.is_open THEN ((a.cleared_at - interval '1 microsecond') AT TIME ZONE p.timezone)::date END AS last_day
FROM unnest(CAST(:plant_ids AS int[]), CAST(:firsts AS date[])) AS w (plant_id, first)
JOIN fleet.plant AS p USING (plant_id)
JOIN mart.alarm AS a ON a.plant_id = w.plant_id
WHERE
    a.origin = 'heliograph' AND a.code = ANY (CAST(:codes AS text[])) AND NOT a.is_withdrawn
    AND (a.is_open OR a.cleared_at > (w.first::timestamp AT TIME ZONE p.timezone))
ORDER BY a.raised_at, a.alarm_id;

-- name: read_alarm_days
-- What alarms of a plant rest on, from a local day on.
SELECT device_id, local_date, verdict, reason, compared_kwh, expected_kwh, zero_s, stale_s, night_s
FROM mart.inverter_day
WHERE plant_id = :plant_id AND local_date >= :first
ORDER BY local_date, device_id;

-- name: read_counter_days
-- Days from a local day on, on which the counter of an inverter of the plant began anew or had increases that were held back.
SELECT s.device_id, c.local_date
FROM fleet.device AS d
JOIN fleet.series AS s ON s.device_id = d.device_id
JOIN mart.counter_day AS c ON c.series_id = s.series_id
WHERE
    d.plant_id = :plant_id AND d.kind = 'inverter' AND c.local_date >= :first AND (c.resets > 0 OR c.held_back > 0)
    AND s.quantity = 'energy_total_kwh';

-- name: read_gone_inverters
-- Inverters of a plant that are there no longer.
SELECT device_id FROM api.device WHERE plant_id = :plant_id AND kind = 'inverter' AND retired_on <= :today;

-- name: read_ceiling_days
-- Energies of a plant's days from a local day on beside their clear-sky energies, and what the plant's model rests on.
SELECT
    y.local_date, e.energy_kwh, e.completeness, y.clear_sky_kwh, m.capacity_kwp, m.capacity_source, m.plane_source, m.is_place_guessed
FROM mart.yield_day AS y
JOIN mart.plant_model AS m USING (plant_id)
LEFT JOIN mart.energy_day AS e ON e.plant_id = y.plant_id AND e.device_id IS NULL AND e.local_date = y.local_date
WHERE y.plant_id = :plant_id AND y.local_date >= :first
ORDER BY y.local_date;

-- name: insert_found_alarm
-- A new alarm of our own.
INSERT INTO mart.alarm (
    tenant_id, plant_id, device_id, alarm_key, code, name, severity, raised_at, cleared_at, is_open, origin, lost_kwh, reported_at
)
SELECT
    p.tenant_id, p.plant_id, :device_id, :alarm_key, :code, :name, :severity, CAST(:first_day AS timestamp) AT TIME ZONE p.timezone,
    (CAST(:last_day AS timestamp) + interval '1 day') AT TIME ZONE p.timezone, CAST(:last_day AS date) IS NULL, 'heliograph', :lost_kwh,
    :found_at
FROM fleet.plant AS p
WHERE p.plant_id = :plant_id
RETURNING alarm_id;

-- name: delete_gone_alarm_days
-- Days that an alarm no longer has.
DELETE FROM mart.alarm_day WHERE alarm_id = :alarm_id AND local_date <> ALL (CAST(:days AS date[]));

-- name: write_alarm_days
-- grain: (alarm, local day) · what an alarm lost on each of its days
INSERT INTO mart.alarm_day AS d (alarm_id, local_date, tenant_id, lost_kwh)
SELECT a.alarm_id, w.local_date, a.tenant_id, w.lost_kwh
FROM mart.alarm AS a
CROSS JOIN unnest(CAST(:days AS date[]), CAST(:losses AS float8[])) AS w (local_date, lost_kwh)
WHERE a.alarm_id = :alarm_id
ON CONFLICT (alarm_id, local_date) DO UPDATE SET lost_kwh = EXCLUDED.lost_kwh WHERE d.lost_kwh <> EXCLUDED.lost_kwh;

-- name: update_found_alarm
-- The same alarm as it is known now; who acknowledged it stays.
UPDATE mart.alarm AS a
SET
    severity = :severity, raised_at = CAST(:first_day AS timestamp) AT TIME ZONE p.timezone,
    cleared_at = (CAST(:last_day AS timestamp) + interval '1 day') AT TIME ZONE p.timezone, is_open = CAST(:last_day AS date) IS NULL,
    lost_kwh = :lost_kwh, reported_at = :found_at
FROM fleet.plant AS p
WHERE
    a.alarm_id = :alarm_id AND p.plant_id = a.plant_id
    AND (a.severity, a.raised_at, a.cleared_at, a.lost_kwh) IS DISTINCT FROM (
        :severity, CAST(:first_day AS timestamp) AT TIME ZONE p.timezone,
        (CAST(:last_day AS timestamp) + interval '1 day') AT TIME ZONE p.timezone, CAST(:lost_kwh AS float8)
    );

-- name: withdraw_alarms
-- Later readings show that nothing was wrong: such an alarm is closed, and told as withdrawn.
UPDATE mart.alarm
SET is_open = false, is_withdrawn = true, cleared_at = raised_at, lost_kwh = 0, reported_at = :found_at
WHERE alarm_id = ANY (:alarm_ids);

-- name: delete_withdrawn_days
-- What was no alarm lost nothing.
DELETE FROM mart.alarm_day WHERE alarm_id = ANY (:alarm_ids);

-- name: lock_silence
-- One run at a time looks for silences, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtext('mart.alarm offline'));

-- name: read_last_readings
-- grain: inverter with power, or plant of a vendor that is known without any · its last reading up to now, of the days before it; null where
-- there is none. A plant `is_prompt` whose last readings came within half an hour; of the others a day is known until its end.
WITH inverter AS (
    SELECT d.tenant_id, d.plant_id, d.device_id, d.source, p.timezone, p.latitude, p.longitude, s.series_id
    FROM fleet.device AS d
    JOIN fleet.plant AS p USING (plant_id)
    JOIN api.inverter_power_series AS s USING (device_id)
    WHERE d.retired_at IS NULL AND d.dismantled_on IS NULL AND p.retired_at IS NULL
), bare AS (
    SELECT * FROM fleet.plant WHERE source <> 'drops' AND retired_at IS NULL AND plant_id NOT IN (SELECT plant_id FROM inverter)
), telling AS (
    SELECT b.plant_id, s.series_id, s.kind = 'amount' AS is_amount
    FROM fleet.series AS s
    LEFT JOIN fleet.device AS d USING (device_id)
    JOIN bare AS b ON b.plant_id = coalesce(s.plant_id, d.plant_id)
    WHERE
        s.origin = 'measured' AND s.kind IN ('power', 'counter', 'amount')
        AND (s.plant_id IS NOT NULL OR d.kind IN ('inverter', 'meter') AND d.retired_at IS NULL AND d.dismantled_on IS NULL)
)
SELECT
    i.tenant_id, i.plant_id, i.device_id, i.source, i.timezone, i.latitude, i.longitude, true AS is_prompt, r.measured_at AS last_at
FROM inverter AS i
LEFT JOIN LATERAL (
    SELECT m.measured_at
    FROM mart.reading AS m
    WHERE m.series_id = i.series_id AND m.measured_at > :since AND m.measured_at <= :now
    ORDER BY m.measured_at DESC
    LIMIT 1
) AS r ON true
UNION ALL
SELECT
    b.tenant_id, b.plant_id, NULL, b.source, b.timezone, b.latitude, b.longitude, t.is_prompt,
    CASE
        WHEN t.is_prompt THEN t.last_at
        ELSE least(greatest(t.last_at, (date_trunc('day', t.last_day_at AT TIME ZONE b.timezone) + interval '1 day') AT TIME ZONE b.timezone), :now)
    END
FROM bare AS b
JOIN (
    SELECT
        e.plant_id, coalesce(bool_or(r.is_prompt) FILTER (WHERE NOT e.is_amount), false) AS is_prompt,
        max(r.last_at) FILTER (WHERE NOT e.is_amount) AS last_at, max(r.last_at) FILTER (WHERE e.is_amount) AS last_day_at
    FROM telling AS e
    CROSS JOIN LATERAL (
        SELECT max(n.measured_at) AS last_at, bool_or(d.received_at <= n.measured_at + interval '30 minutes') AS is_prompt
        FROM (
            SELECT m.measured_at, m.document_id
            FROM mart.reading AS m
            WHERE m.series_id = e.series_id AND m.measured_at > :since AND m.measured_at <= :now
            ORDER BY m.measured_at DESC
            LIMIT 25
        ) AS n
        JOIN landing.document AS d USING (document_id)
    ) AS r
    GROUP BY e.plant_id
) AS t USING (plant_id)
ORDER BY plant_id, device_id;

-- name: read_open_offline
-- Open alarms of plants and inverters without readings.
SELECT alarm_id, plant_id, device_id, raised_at FROM mart.alarm WHERE origin = 'heliograph' AND code = 'offline' AND is_open;

-- name: insert_offline
-- An inverter, or a plant as a whole, has been silent since its last reading.
INSERT INTO mart.alarm (
    tenant_id, plant_id, device_id, alarm_key, code, name, severity, raised_at, is_open, origin, reported_at, advice
)
VALUES (:tenant_id, :plant_id, :device_id, :alarm_key, 'offline', :name, :severity, :raised_at, true, 'heliograph', :found_at, :advice);

-- name: close_offline
-- They speak again.
UPDATE mart.alarm SET is_open = false, cleared_at = :found_at, reported_at = :found_at WHERE alarm_id = ANY (:alarm_ids);

-- name: acknowledge_alarm
-- Somebody has seen an alarm of the tenant; returns what it is, nothing where there is none.
UPDATE mart.alarm AS a
SET acknowledged_at = :at, acknowledged_by = :name, note = :note
FROM fleet.tenant AS t
WHERE a.alarm_id = :alarm_id AND t.tenant_id = a.tenant_id AND t.slug = :tenant
RETURNING a.alarm_id, a.code, a.name, a.severity, a.is_open;
