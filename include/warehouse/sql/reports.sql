-- name: read_plant_days
-- grain: (plant, local day) of a period; a silent day has no energy, but time in which energy was expected, and nothing is known of it
SELECT
    day::date AS local_date, r.energy_kwh, r.energy_source, r.recovered_kwh, coalesce(r.covered_s, 0) AS covered_s, r.computed_at,
    coalesce(
        r.expected_s,
        greatest((SELECT count(*) FROM fleet.device AS i WHERE i.plant_id = p.plant_id AND i.kind = 'inverter'), 1)
        * coalesce(date_part('epoch', upper(light) - lower(light)), 0)
    ) AS expected_s,
    CASE WHEN r.plant_id IS NULL THEN 0 ELSE r.completeness END AS completeness,
    t.target_per_day_kwh AS target_kwh
FROM fleet.plant AS p
CROSS JOIN generate_series(CAST(:first_day AS timestamp), CAST(:last_day AS timestamp), interval '1 day') AS day
CROSS JOIN LATERAL (SELECT mart.daylight(day::date, :latitude, :longitude) AS light) AS l
LEFT JOIN api.plant_day AS r ON r.plant_id = p.plant_id AND r.local_date = day::date
LEFT JOIN api.target AS t ON t.plant_id = p.plant_id AND t.month = date_trunc('month', day)::date
WHERE p.plant_id = :plant_id
ORDER BY day;

-- name: read_last_day
-- Last local day on which the plant made anything known; null for a plant without any.
SELECT max(local_date) AS last_day FROM api.plant_day WHERE plant_id = :plant_id;

-- name: read_inverters
-- grain: inverter over a period of local days; every registered inverter, silent ones included. A day of which nobody can tell how
-- complete it is (polar night) does not count in the mean.
SELECT
    d.device_id, d.device_key, d.name, d.capacity_kw, e.energy_kwh, power.max_power_kw, temp.max_temp_c AS temp_max_c,
    coalesce(e.complete_days, 0) / nullif(CAST(:last_day AS date) - CAST(:first_day AS date) + 1 - coalesce(e.untold_days, 0), 0)
        AS completeness
FROM fleet.device AS d
CROSS JOIN LATERAL (
    SELECT
        sum(energy_kwh) AS energy_kwh, sum(completeness) AS complete_days,
        count(*) FILTER (WHERE completeness IS NULL) AS untold_days
    FROM api.energy_day
    WHERE plant_id = d.plant_id AND device_id = d.device_id AND local_date BETWEEN :first_day AND :last_day
) AS e
CROSS JOIN LATERAL (
    SELECT max(r.max) AS max_power_kw
    FROM api.inverter_power_series AS s
    JOIN mart.rollup AS r ON r.series_id = s.series_id AND r.grain = 'day' AND r.starts_at >= :start AND r.starts_at < :end
    WHERE s.device_id = d.device_id
) AS power
CROSS JOIN LATERAL (
    SELECT max(r.max) AS max_temp_c
    FROM fleet.series AS s
    JOIN mart.rollup AS r ON r.series_id = s.series_id AND r.grain = 'day' AND r.starts_at >= :start AND r.starts_at < :end
    WHERE s.device_id = d.device_id AND s.quantity = 'temp_inverter_c' AND s.origin = 'measured'
) AS temp
WHERE d.plant_id = :plant_id AND d.kind = 'inverter'
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

-- name: read_hourly_curve
-- grain: quarter hour of one local day on which no inverter told its power · mean power [kW] of its hour, by what the plant itself tells,
-- else by the counters of its inverters, else of its meters. Of one subject power goes first, then the counter of the day.
WITH told AS (
    SELECT
        s.series_id, CASE WHEN s.device_id IS NULL THEN 1 WHEN d.kind = 'inverter' THEN 2 ELSE 3 END AS rank,
        row_number() OVER (PARTITION BY s.device_id ORDER BY array_position(CAST(:quantities AS text[]), s.quantity)) AS choice
    FROM fleet.series AS s
    LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
    WHERE
        (s.plant_id = :plant_id OR (d.plant_id = :plant_id AND d.kind IN ('inverter', 'meter')))
        AND s.quantity = ANY (CAST(:quantities AS text[])) AND EXISTS (
            SELECT 1
            FROM mart.rollup AS r
            WHERE
                r.series_id = s.series_id AND r.grain = 'hour' AND r.starts_at >= :start AND r.starts_at < :end
                AND r.energy_kwh IS NOT NULL
        )
)
SELECT r.starts_at + quarter * interval '15 minutes' AS starts_at, sum(r.energy_kwh) AS power_kw
FROM told AS t
JOIN mart.rollup AS r
    ON r.series_id = t.series_id AND r.grain = 'hour' AND r.starts_at >= :start AND r.starts_at < :end AND r.energy_kwh IS NOT NULL
CROSS JOIN generate_series(0, 3) AS quarter
WHERE t.choice = 1 AND t.rank = (SELECT min(rank) FROM told)
GROUP BY r.starts_at, quarter
ORDER BY 1;

-- name: read_tariff
-- The tariff in force on the last day.
SELECT price_per_kwh, currency, valid_from FROM fleet.tariff
WHERE plant_id = :plant_id AND valid_from <= :last_day
ORDER BY valid_from DESC LIMIT 1;

-- name: read_provenance
-- The documents behind the figures: those whose powers, counters and energies of the day are stored within the period.
SELECT
    count(*) AS document_count, coalesce(sum(readings), 0) AS reading_count, min(d.sha256) AS first_sha256, max(d.sha256) AS last_sha256,
    max(d.received_at) AS last_received_at
FROM (
    SELECT m.document_id, count(*) AS readings
    FROM fleet.series AS s
    LEFT JOIN fleet.device AS e ON e.device_id = s.device_id
    JOIN mart.reading AS m ON m.series_id = s.series_id AND m.measured_at >= :start AND m.measured_at < :end
    WHERE
        (s.plant_id = :plant_id OR (e.plant_id = :plant_id AND e.kind IN ('inverter', 'meter')))
        AND s.quantity IN ('ac_power_kw', 'energy_total_kwh', 'energy_today_kwh', 'energy_day_kwh')
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
SELECT report_id, revision, fingerprint, uri, issued_at FROM mart.report
WHERE plant_id = :plant_id AND kind = :kind AND starts_on = :starts_on AND language = :language
ORDER BY revision DESC LIMIT 1;

-- name: lock_report
-- One run at a time issues reports of a plant: two would give out the same revision number.
SELECT pg_advisory_xact_lock(hashtext('heliograph.report'), :plant_id);

-- name: insert_report
-- A report as it was issued; its figures are never changed.
INSERT INTO mart.report (
    tenant_id, plant_id, kind, starts_on, ends_on, language, revision, fingerprint, figures, uri, pdf_sha256, size_bytes, issued_at, run_id
)
VALUES (
    :tenant_id, :plant_id, :kind, :starts_on, :ends_on, :language, :revision, :fingerprint, CAST(:figures AS jsonb), :uri, :pdf_sha256,
    :size_bytes, :issued_at, :run_id
)
RETURNING report_id;

-- name: replace_file
-- The file of a report was lost and is rendered again from the same figures.
UPDATE mart.report SET uri = :uri, pdf_sha256 = :pdf_sha256, size_bytes = :size_bytes WHERE report_id = :report_id;

-- name: insert_mail
-- A mail waits in the outbox, once per report and recipient.
INSERT INTO ops.outbox (tenant_id, report_id, recipient, message_id, created_at)
VALUES (:tenant_id, :report_id, :recipient, :message_id, :created_at)
ON CONFLICT (report_id, recipient) DO NOTHING;

-- name: resend_mail
-- Send a report once more, as a new mail.
UPDATE ops.outbox
SET state = 'pending', attempts = 0, message_id = :message_id, created_at = :created_at, sent_at = NULL, last_error = NULL
WHERE report_id = :report_id AND recipient = :recipient;

-- name: read_due_mail
-- Mails to send now, in the order in which they were written: each attempt waits longer than the one before.
SELECT mail_id, attempts FROM ops.outbox
WHERE state = 'pending' AND created_at + coalesce((CAST(:due_after AS interval[]))[attempts + 1], interval '0') <= :now
ORDER BY mail_id;

-- name: lock_mail
-- One mail to send; none when another sender has it, or has attempted it.
SELECT
    o.mail_id, o.recipient, o.message_id, o.attempts, o.created_at, r.report_id, r.kind, r.starts_on, r.ends_on, r.language, r.revision, r.figures, r.uri,
    p.name AS plant_name, p.plant_key, t.name AS tenant_name, t.slug AS tenant
FROM ops.outbox AS o
JOIN mart.report AS r USING (report_id)
JOIN fleet.plant AS p USING (plant_id)
JOIN fleet.tenant AS t ON t.tenant_id = o.tenant_id
WHERE o.mail_id = :mail_id AND o.state = 'pending' AND o.attempts = :attempts
FOR UPDATE OF o SKIP LOCKED;

-- name: mark_mail
-- What became of one attempt.
UPDATE ops.outbox SET state = :state, attempts = attempts + 1, last_error = :error, sent_at = :sent_at WHERE mail_id = :mail_id;

-- name: move_reports
-- Reports below `before` rest below `after` now.
UPDATE mart.report SET uri = :after || substr(uri, length(:before) + 1) WHERE starts_with(uri, :before);
