-- name: read_alarm_devices
-- Devices of a source by key.
SELECT device_key, device_id FROM fleet.device WHERE tenant_id = :tenant_id AND source = :source AND device_key = ANY (:keys);

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
