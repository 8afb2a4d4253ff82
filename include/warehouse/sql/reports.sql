-- name: read_plant_days
-- grain: (plant, local day) of a period; a silent day has no energy but time in which energy was expected
SELECT
    day::date AS local_date, r.energy_kwh, coalesce(r.covered_s, 0) AS covered_s, r.computed_at,
    coalesce(
        r.expected_s,
        (SELECT count(*) FROM fleet.device AS i WHERE i.plant_id = p.plant_id AND i.kind = 'inverter')
        * CASE
            WHEN p.latitude IS NULL OR p.longitude IS NULL THEN 86400
            ELSE coalesce(date_part('epoch', upper(light) - lower(light)), 0)
        END
    ) AS expected_s,
    t.target_per_day_kwh AS target_kwh
FROM fleet.plant AS p
CROSS JOIN generate_series(CAST(:first_day AS timestamp), CAST(:last_day AS timestamp), interval '1 day') AS day
CROSS JOIN LATERAL (SELECT mart.daylight(day::date, p.latitude, p.longitude) AS light) AS l
LEFT JOIN api.plant_day AS r
    ON r.plant_id = p.plant_id AND r.local_date = day::date
    AND r.starts_at BETWEEN timezone('UTC', day - interval '2 days') AND timezone('UTC', day + interval '2 days')
LEFT JOIN api.target AS t ON t.plant_id = p.plant_id AND t.month = date_trunc('month', day)::date
WHERE p.plant_id = :plant_id
ORDER BY day;

-- name: read_last_day
-- Last local day on which the plant made anything known; null for a plant without any.
SELECT max(local_date) AS last_day FROM api.plant_day WHERE plant_id = :plant_id;

-- name: read_inverters
-- grain: inverter over a period of local days; every registered inverter, silent ones included
SELECT
    d.device_id, d.device_key, d.name, d.capacity_kw,
    sum(r.energy_kwh) AS energy_kwh, max(r.max) AS max_power_kw, sum(r.covered_s) AS covered_s, sum(r.expected_s) AS expected_s,
    max(temp.max) AS temp_max_c, count(r.series_id) AS days_with_data
FROM fleet.device AS d
LEFT JOIN api.inverter_power_series AS s ON s.device_id = d.device_id
LEFT JOIN mart.rollup AS r
    ON r.series_id = s.series_id AND r.grain = 'day' AND r.local_date BETWEEN :first_day AND :last_day
    AND r.starts_at BETWEEN CAST(:first_day AS date) - interval '2 days' AND CAST(:last_day AS date) + interval '2 days'
LEFT JOIN fleet.series AS ts ON ts.device_id = d.device_id AND ts.quantity = 'temp_inverter_c' AND ts.origin = 'measured'
LEFT JOIN mart.rollup AS temp
    ON temp.series_id = ts.series_id AND temp.grain = 'day' AND temp.starts_at = r.starts_at
WHERE d.plant_id = :plant_id AND d.kind = 'inverter'
GROUP BY d.device_id
ORDER BY d.device_id;

-- name: read_power_curve
-- grain: quarter hour of one local day · sum over the inverters of their mean power [kW]; quarters without a reading are absent
SELECT quarter AS starts_at, sum(mean_kw) AS power_kw
FROM (
    SELECT date_bin('15 minutes', m.measured_at, '2000-01-01T00:00Z') AS quarter, s.series_id, avg(m.value) AS mean_kw
    FROM api.inverter_power_series AS s
    JOIN mart.reading AS m ON m.series_id = s.series_id AND m.measured_at >= :start AND m.measured_at < :end
    WHERE s.plant_id = :plant_id
    GROUP BY 1, 2
) AS quarters
GROUP BY quarter
ORDER BY quarter;

-- name: read_tariff
-- The tariff in force on the last day.
SELECT price_per_kwh, currency, valid_from FROM fleet.tariff
WHERE plant_id = :plant_id AND valid_from <= :last_day
ORDER BY valid_from DESC LIMIT 1;

-- name: read_provenance
-- The documents behind the figures: those whose readings are stored within the period.
SELECT
    count(*) AS document_count, coalesce(sum(readings), 0) AS reading_count, min(d.sha256) AS first_sha256, max(d.sha256) AS last_sha256,
    max(d.received_at) AS last_received_at
FROM (
    SELECT m.document_id, count(*) AS readings
    FROM api.inverter_power_series AS s
    JOIN mart.reading AS m ON m.series_id = s.series_id AND m.measured_at >= :start AND m.measured_at < :end
    WHERE s.plant_id = :plant_id
    GROUP BY m.document_id
) AS used
JOIN landing.document AS d USING (document_id);

-- name: read_quarantined
-- Rows of the plant and its devices that were not trusted in the period, by rule. Keys of different sources may be the same.
WITH subject AS (
    SELECT tenant_id, plant_key AS key, ARRAY[source || '_plants', source || '_alarms'] AS feeds
    FROM fleet.plant
    WHERE plant_id = :plant_id AND source <> 'drops'
    UNION ALL
    SELECT tenant_id, device_key, CASE WHEN source <> 'drops' THEN ARRAY[source || '_devices'] END
    FROM fleet.device
    WHERE plant_id = :plant_id
)
SELECT rule, count(*) AS rows
FROM subject AS s
JOIN landing.quarantine AS q ON q.tenant_id = s.tenant_id AND q.subject = s.key
JOIN landing.document AS d USING (document_id)
CROSS JOIN LATERAL unnest(q.broken_rules) AS rule
WHERE
    CASE WHEN s.feeds IS NULL THEN d.integration_id IS NULL ELSE d.feed = ANY (s.feeds) END
    AND (q.payload ->> 'measured_at')::timestamptz >= :start AND (q.payload ->> 'measured_at')::timestamptz < :end
GROUP BY rule
ORDER BY rule;

-- name: read_newest_revision
-- The newest revision of a report, with the fingerprint of its figures.
SELECT report_id, revision, fingerprint, uri FROM mart.report
WHERE plant_id = :plant_id AND kind = :kind AND starts_on = :starts_on AND language = :language
ORDER BY revision DESC LIMIT 1;

-- name: lock_report
-- One run at a time issues reports of a plant: two would give out the same revision number.
SELECT pg_advisory_xact_lock(hashtext('heliograph.report'), :plant_id);

-- name: insert_report
-- A report as it was issued; it is never changed.
INSERT INTO mart.report (
    tenant_id, plant_id, kind, starts_on, ends_on, language, revision, fingerprint, figures, uri, pdf_sha256, size_bytes, issued_at, run_id
)
VALUES (
    :tenant_id, :plant_id, :kind, :starts_on, :ends_on, :language, :revision, :fingerprint, CAST(:figures AS jsonb), :uri, :pdf_sha256,
    :size_bytes, :issued_at, :run_id
)
RETURNING report_id;

-- name: insert_mail
-- A mail waits in the outbox, once per report and recipient.
INSERT INTO ops.outbox (tenant_id, report_id, recipient, message_id, created_at)
VALUES (:tenant_id, :report_id, :recipient, :message_id, :created_at)
ON CONFLICT (report_id, recipient) DO NOTHING;

-- name: resend_mail
-- Send a report once more, as a new mail.
UPDATE ops.outbox SET state = 'pending', attempts = 0, message_id = :message_id, sent_at = NULL, last_error = NULL
WHERE report_id = :report_id AND recipient = :recipient;

-- name: read_pending_mail
-- Mails to send, in the order in which they were written.
SELECT mail_id FROM ops.outbox WHERE state = 'pending' ORDER BY mail_id;

-- name: lock_mail
-- One mail to send; none when another sender has it or it is sent.
SELECT
    o.mail_id, o.recipient, o.message_id, o.attempts, o.created_at, r.report_id, r.kind, r.starts_on, r.ends_on, r.language, r.revision, r.figures, r.uri,
    p.name AS plant_name, t.name AS tenant_name
FROM ops.outbox AS o
JOIN mart.report AS r USING (report_id)
JOIN fleet.plant AS p USING (plant_id)
JOIN fleet.tenant AS t ON t.tenant_id = o.tenant_id
WHERE o.mail_id = :mail_id AND o.state = 'pending'
FOR UPDATE OF o SKIP LOCKED;

-- name: mark_mail
-- What became of one attempt.
UPDATE ops.outbox SET state = :state, attempts = attempts + 1, last_error = :error, sent_at = :sent_at WHERE mail_id = :mail_id;
