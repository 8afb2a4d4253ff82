-- name: read_plant_days
-- grain: (plant, local day) of a period; a silent day has no energy, but time in which energy was expected, and nothing is known of it;
-- counted_kwh only where no counter of the plant was held back or began anew
SELECT
    day::date AS local_date, r.energy_kwh, r.energy_source, r.recovered_kwh, coalesce(r.covered_s, 0) AS covered_s, r.computed_at,
    coalesce(
        r.expected_s,
        greatest(
            (
                SELECT count(*) FROM api.device AS i
                WHERE i.plant_id = p.plant_id AND i.kind = 'inverter' AND coalesce(i.retired_on > day, true)
            ),
            1
        )
        * coalesce(date_part('epoch', upper(light) - lower(light)), 0)
    ) AS expected_s,
    CASE WHEN r.plant_id IS NULL THEN 0 ELSE r.completeness END AS completeness,
    t.target_per_day_kwh AS target_kwh, CASE WHEN coalesce(c.held_back + c.resets, 0) = 0 THEN r.counted_kwh END AS counted_kwh,
    coalesce(r.recovered_kwh > 0 AND r.energy_source IN ('power', 'power and counter'), false) AS is_recovered,
    coalesce(c.held_back, 0) > 0 AS is_held_back,
    EXISTS (
        SELECT 1 FROM api.hardly_measured_day AS h WHERE h.plant_id = p.plant_id AND h.local_date = day::date
    ) AS is_hardly_measured
FROM fleet.plant AS p
CROSS JOIN generate_series(CAST(:first_day AS timestamp), CAST(:last_day AS timestamp), interval '1 day') AS day
CROSS JOIN LATERAL (SELECT mart.daylight(day::date, :latitude, :longitude) AS light) AS l
LEFT JOIN api.energy_day AS r ON r.plant_id = p.plant_id AND r.device_id IS NULL AND r.local_date = day::date
LEFT JOIN api.target AS t ON t.plant_id = p.plant_id AND t.month = date_trunc('month', day)::date
CROSS JOIN LATERAL (
    SELECT sum(m.held_back) AS held_back, sum(m.resets) AS resets
    FROM mart.counter_day AS m
    JOIN fleet.series AS s USING (series_id)
    LEFT JOIN fleet.device AS d USING (device_id)
    WHERE m.local_date = day::date AND m.held_back + m.resets > 0 AND (s.plant_id = p.plant_id OR d.plant_id = p.plant_id)
) AS c
WHERE p.plant_id = :plant_id
ORDER BY day;

-- name: read_last_day
-- Last local day on which the plant made anything known; null for a plant without any.
SELECT max(local_date) AS last_day FROM api.plant_day WHERE plant_id = :plant_id;

-- name: read_inverters
-- grain: inverter over a period of local days; every registered inverter, silent ones included, but for those that were gone before it. A
-- day of which nobody can tell how complete it is (polar night), or on which it was gone, does not count in the mean.
SELECT
    d.device_id, d.device_key, d.name, d.capacity_kw, e.energy_kwh, power.max_power_kw, temp.max_temp_c AS temp_max_c,
    coalesce(e.complete_days, 0) / nullif(there.days - coalesce(e.untold_days, 0), 0) AS completeness,
    coalesce(e.is_recovered, false) AS is_recovered,
    EXISTS (
        SELECT 1
        FROM mart.counter_day AS m
        JOIN fleet.series AS s USING (series_id)
        WHERE s.device_id = d.device_id AND m.local_date BETWEEN :first_day AND :through_day AND m.held_back > 0
    ) AS is_held_back,
    EXISTS (
        SELECT 1 FROM api.hardly_measured_day AS h
        WHERE h.device_id = d.device_id AND h.local_date BETWEEN :first_day AND :through_day
    ) AS is_hardly_measured,
    c.*
FROM api.device AS d
CROSS JOIN LATERAL (
    -- One that was swapped was gone when another one took its place, whenever that was written down.
    SELECT
        least(
            d.retired_on,
            (
                SELECT w.day FROM unnest(CAST(:swapped_ids AS int[]), CAST(:swapped_days AS date[])) AS w (device_id, day)
                WHERE w.device_id = d.device_id
            )
        ) AS gone_on
) AS g
CROSS JOIN LATERAL (
    SELECT
        sum(energy_kwh) AS energy_kwh, sum(completeness) FILTER (WHERE is_there) AS complete_days,
        max(local_date) FILTER (WHERE energy_kwh > 0) AS last_day,
        bool_or(recovered_kwh > 0 AND energy_source IN ('power', 'power and counter')) AS is_recovered,
        count(*) FILTER (WHERE is_there AND completeness IS NULL) AS untold_days
    FROM (SELECT *, energy_kwh > 0 OR coalesce(local_date < g.gone_on, true) AS is_there FROM api.energy_day) AS known
    WHERE plant_id = d.plant_id AND device_id = d.device_id AND local_date BETWEEN :first_day AND :through_day
) AS e
CROSS JOIN LATERAL (
    SELECT
        least(CAST(:through_day AS date), CASE WHEN g.gone_on IS NOT NULL THEN greatest(g.gone_on - 1, e.last_day) END)
        - CAST(:first_day AS date) + 1 AS days
) AS there
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
CROSS JOIN LATERAL (
    SELECT
        sum(compared_kwh) FILTER (WHERE expected_kwh > 0) / nullif(sum(expected_kwh) FILTER (WHERE expected_kwh > 0), 0) AS peer_share,
        coalesce(sum(lost_kwh) FILTER (WHERE is_low), 0) AS lost_kwh, count(*) FILTER (WHERE is_low) AS low_days,
        CASE
            WHEN count(DISTINCT currency) FILTER (WHERE is_low) = 1 AND bool_and(currency IS NOT NULL) FILTER (WHERE is_low)
                THEN sum(lost_kwh * price_per_kwh) FILTER (WHERE is_low)
        END AS lost_value,
        min(currency) FILTER (WHERE is_low) AS currency,
        min(local_date) FILTER (WHERE is_low) AS low_since,
        sum(compared_kwh) FILTER (WHERE is_low) / nullif(sum(expected_kwh) FILTER (WHERE is_low), 0) AS low_share,
        mode() WITHIN GROUP (ORDER BY reason) AS reason
    FROM (
        SELECT n.*, n.verdict IN ('low', 'very low', 'zero') AS is_low, t.price_per_kwh::float8 AS price_per_kwh, t.currency
        FROM mart.inverter_day AS n
        LEFT JOIN LATERAL (
            SELECT price_per_kwh, currency FROM fleet.tariff
            WHERE plant_id = n.plant_id AND valid_from <= n.local_date ORDER BY valid_from DESC LIMIT 1
        ) AS t ON true
        WHERE n.device_id = d.device_id AND n.plant_id = d.plant_id AND n.local_date BETWEEN :first_day AND :through_day
    ) AS i
) AS c
WHERE d.plant_id = :plant_id AND d.kind = 'inverter' AND there.days > 0
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

-- name: read_tariffs
-- Tariffs in force on any day of the period.
SELECT price_per_kwh::float8 AS price_per_kwh, currency, valid_from
FROM (
    SELECT *, lead(valid_from) OVER (ORDER BY valid_from) AS valid_until FROM fleet.tariff WHERE plant_id = :plant_id
) AS t
WHERE valid_from <= :through_day AND (valid_until > :first_day) IS NOT FALSE
ORDER BY valid_from;

-- name: read_emission_factors
-- CO2 factors in force on any day of the period: the plant's own, where it has one, else its tenant's.
SELECT DISTINCT f.valid_from, f.co2_kg_kwh::float8 AS co2_kg_kwh, f.factor_source
FROM generate_series(CAST(:first_day AS timestamp), CAST(:through_day AS timestamp), interval '1 day') AS day
CROSS JOIN LATERAL (
    SELECT e.valid_from, e.co2_kg_kwh, e.factor_source
    FROM fleet.emission_factor AS e
    JOIN fleet.plant AS p ON p.plant_id = :plant_id AND p.tenant_id = e.tenant_id
    WHERE coalesce(e.plant_id, p.plant_id) = p.plant_id AND e.valid_from <= day::date
    ORDER BY e.plant_id IS NULL, e.valid_from DESC
    LIMIT 1
) AS f
ORDER BY f.valid_from;

-- name: read_alarms
-- grain: (device, code, origin) · alarms that were on in the period, with what our own ones lost in it. `is_on` says that one was on at its
-- end; what became of it later is not in the report, so that it stays the same. A vendor may never tell when an alarm ended.
WITH one AS (
    SELECT
        a.alarm_id, d.name AS device_name, a.device_id, a.code, a.name, a.severity, a.origin, a.raised_at,
        CASE WHEN a.cleared_at < :end THEN a.cleared_at END AS cleared_at, a.is_open OR coalesce(a.cleared_at >= :end, false) AS is_on,
        a.lost_kwh
    FROM mart.alarm AS a
    JOIN fleet.plant AS p USING (plant_id)
    LEFT JOIN fleet.device AS d ON d.device_id = a.device_id
    WHERE
        a.plant_id = :plant_id AND NOT a.is_withdrawn AND a.raised_at < :end
        AND (a.is_open OR a.raised_at >= :start OR a.cleared_at > :start)
), lost AS (
    -- An alarm of our own of an inverter; its money is that of its days, none where one has no tariff (and no currency) or they have several.
    SELECT
        o.device_id, o.code, o.severity, sum(i.lost_kwh) AS lost_kwh,
        CASE
            WHEN count(DISTINCT t.currency) = 1 AND bool_and(t.currency IS NOT NULL) THEN sum(i.lost_kwh * t.price_per_kwh::float8)
        END AS lost_value,
        CASE WHEN bool_and(t.currency IS NOT NULL) THEN string_agg(DISTINCT t.currency, ', ' ORDER BY t.currency) END AS currency
    FROM one AS o
    JOIN mart.alarm_day AS i ON i.alarm_id = o.alarm_id AND i.local_date BETWEEN :first_day AND :through_day AND i.lost_kwh > 0
    LEFT JOIN LATERAL (
        SELECT price_per_kwh, currency FROM fleet.tariff
        WHERE plant_id = :plant_id AND valid_from <= i.local_date ORDER BY valid_from DESC LIMIT 1
    ) AS t ON true
    GROUP BY 1, 2, 3
)
SELECT
    o.device_name, o.code, max(o.name) AS name, o.severity, o.origin, count(*) AS alarms, min(o.raised_at) AS raised_at,
    CASE WHEN NOT bool_or(o.is_on) AND bool_and(o.cleared_at IS NOT NULL) THEN max(o.cleared_at) END AS cleared_at,
    bool_or(o.is_on) AS is_on,
    CASE WHEN bool_or(o.lost_kwh IS NOT NULL) THEN coalesce(max(l.lost_kwh), 0) END AS lost_kwh, max(l.lost_value) AS lost_value,
    max(l.currency) AS currency
FROM one AS o
LEFT JOIN lost AS l ON l.device_id = o.device_id AND l.code = o.code AND l.severity = o.severity AND o.origin = 'heliograph'
GROUP BY o.device_id, o.device_name, o.code, o.severity, o.origin
ORDER BY array_position(ARRAY['critical', 'major', 'minor', 'notice'], o.severity), lost_kwh DESC NULLS LAST, raised_at, o.device_name, o.code;

-- name: read_inverter_days
-- grain: inverter · its local days in order: published energy, and what it made by what was expected of it, null where it was not compared
SELECT
    d.device_id, array_agg(e.energy_kwh ORDER BY day) AS energies_kwh,
    array_agg(i.compared_kwh / nullif(greatest(i.expected_kwh, 0), 0) ORDER BY day) AS shares
FROM fleet.device AS d
CROSS JOIN generate_series(CAST(:first_day AS timestamp), CAST(:through_day AS timestamp), interval '1 day') AS day
LEFT JOIN api.energy_day AS e ON e.plant_id = d.plant_id AND e.device_id = d.device_id AND e.local_date = day::date
LEFT JOIN mart.inverter_day AS i ON i.plant_id = d.plant_id AND i.device_id = d.device_id AND i.local_date = day::date
WHERE d.plant_id = :plant_id AND d.kind = 'inverter'
GROUP BY d.device_id;

-- name: read_provenance
-- The documents behind the figures: those whose powers, counters and energies of the day are stored within the period.
SELECT
    count(*) AS document_count, coalesce(sum(readings), 0) AS reading_count, min(d.sha256) AS first_sha256, max(d.sha256) AS last_sha256,
    max(d.received_at) AS last_received_at, coalesce(array_agg(document_id ORDER BY document_id), '{}') AS document_ids
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
-- Rows of the plant and its devices that were not trusted in the period, by rule.
SELECT rule, count(*) AS rows
FROM api.plant_quarantine AS q
CROSS JOIN LATERAL unnest(q.broken_rules) AS rule
WHERE q.plant_id = :plant_id AND q.told_at::timestamptz >= :start AND q.told_at::timestamptz < :end
GROUP BY rule
ORDER BY rule;

-- name: read_held_back
-- grain: (local day of the period, device or null) · of which readings that energy is made of were not trusted.
SELECT DISTINCT local_date, device_id FROM api.held_back_energy WHERE plant_id = :plant_id AND local_date BETWEEN :first_day AND :through_day;

-- name: read_plant_states
-- grain: plant · what its inverters lost in the period, the alarms that were on at its end and the worst of them, the last local day up to
-- then of which anything is known, and whether readings of the period were not trusted.
SELECT
    p.plant_id,
    (
        SELECT sum(i.lost_kwh) FROM mart.inverter_day AS i
        WHERE i.plant_id = p.plant_id AND i.local_date BETWEEN :first_day AND :through_day
    ) AS lost_kwh,
    a.alarms, a.worst,
    (SELECT max(d.local_date) FROM api.plant_day AS d WHERE d.plant_id = p.plant_id AND d.local_date <= :through_day AND d.energy_kwh IS NOT NULL)
        AS last_day,
    EXISTS (
        SELECT FROM api.held_back_energy AS h WHERE h.plant_id = p.plant_id AND h.local_date BETWEEN :first_day AND :through_day
    ) AS has_held_back
FROM fleet.plant AS p
CROSS JOIN LATERAL (
    SELECT
        count(*) AS alarms,
        (ARRAY['critical', 'major', 'minor', 'notice'])[min(array_position(ARRAY['critical', 'major', 'minor', 'notice'], m.severity))] AS worst
    FROM mart.alarm AS m
    WHERE
        m.plant_id = p.plant_id AND NOT m.is_withdrawn
        AND m.raised_at < ((CAST(:through_day AS timestamp) + interval '1 day') AT TIME ZONE p.timezone)
        AND (m.is_open OR m.cleared_at >= ((CAST(:through_day AS timestamp) + interval '1 day') AT TIME ZONE p.timezone))
) AS a
WHERE p.plant_id = ANY (CAST(:plant_ids AS int[]))
ORDER BY p.plant_id;

-- name: read_newest_revision
-- The newest revision of a report.
SELECT report_id, revision, fingerprint, figures, uri, issued_at, xlsx_sha256 FROM mart.report
WHERE
    tenant_id = :tenant_id AND plant_id IS NOT DISTINCT FROM CAST(:plant_id AS int) AND about = :about AND kind = :kind
    AND starts_on = :starts_on AND ends_on = :ends_on AND language = :language
    AND customer_group IS NOT DISTINCT FROM CAST(:customer_group AS text)
ORDER BY revision DESC LIMIT 1;

-- name: read_issued
-- grain: report of a period that ended since :since · when its newest revision was issued or checked, and who has any revision of it
SELECT
    r.tenant_id, r.plant_id, r.about, r.kind, r.starts_on, r.ends_on, r.language, r.customer_group,
    max(coalesce(r.checked_at, r.issued_at)) AS known_at,
    coalesce(array_agg(DISTINCT o.recipient) FILTER (WHERE o.recipient IS NOT NULL), '{}') AS recipients
FROM mart.report AS r
LEFT JOIN ops.outbox AS o USING (report_id)
WHERE r.ends_on >= :since
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;

-- name: read_outdated
-- grain: report of plants, or of a tenant's plants as one (plant null), whose newest revision is older than a figure of its period. Only
-- periods that ended since :since, and not those that run.
SELECT r.tenant_id, r.plant_id, r.kind, r.starts_on, r.ends_on, r.language, r.known_at
FROM (
    SELECT DISTINCT ON (tenant_id, plant_id, kind, starts_on, ends_on, language)
        tenant_id, plant_id, kind, starts_on, ends_on, language, coalesce(checked_at, issued_at) AS known_at
    FROM mart.report
    WHERE
        (plant_id = ANY (:plant_ids) OR (about = 'portfolio' AND tenant_id = ANY (:tenant_ids))) AND ends_on BETWEEN :since AND :until
    ORDER BY tenant_id, plant_id, kind, starts_on, ends_on, language, revision DESC
) AS r
WHERE EXISTS (
    SELECT 1 FROM mart.energy_day AS e
    WHERE
        e.tenant_id = r.tenant_id AND e.plant_id = coalesce(r.plant_id, e.plant_id) AND e.local_date BETWEEN r.starts_on AND r.ends_on
        AND e.computed_at > r.known_at
)
ORDER BY r.tenant_id, r.plant_id, r.starts_on, r.kind, r.language;

-- name: mark_checked
-- A report's figures were compared with today's.
UPDATE mart.report SET checked_at = :at, is_stale = :is_stale WHERE report_id = :report_id;

-- name: read_recipients
-- Who has any revision of a report in the outbox.
SELECT DISTINCT o.recipient
FROM mart.report AS r
JOIN mart.report AS every
    ON every.tenant_id = r.tenant_id AND every.about = r.about AND every.plant_id IS NOT DISTINCT FROM r.plant_id
    AND every.customer_group IS NOT DISTINCT FROM r.customer_group
    AND (every.kind, every.starts_on, every.ends_on, every.language) = (r.kind, r.starts_on, r.ends_on, r.language)
JOIN ops.outbox AS o ON o.report_id = every.report_id
WHERE r.report_id = :report_id;

-- name: read_registered
-- What is registered of a report file: by its bytes, else, where they were changed, by the figures that it says it prints.
SELECT
    r.report_id, r.tenant_id, r.plant_id, t.slug AS tenant, p.plant_key, r.about, r.kind, r.starts_on, r.ends_on, r.language, r.revision,
    r.customer_group, r.fingerprint, r.figures, r.uri, r.pdf_sha256, r.issued_at,
    (SELECT max(v.same_revision) FROM mart.report_revision AS v WHERE v.report_id = r.report_id) AS newest_revision
FROM mart.report AS r
JOIN fleet.tenant AS t ON t.tenant_id = r.tenant_id
LEFT JOIN fleet.plant AS p ON p.plant_id = r.plant_id
WHERE r.pdf_sha256 = :pdf_sha256 OR r.fingerprint = :fingerprint
ORDER BY r.pdf_sha256 = :pdf_sha256 DESC, r.report_id DESC
LIMIT 1;

-- name: insert_report
-- A report as it was issued; its figures are never changed.
INSERT INTO mart.report (
    tenant_id, plant_id, about, customer_group, kind, starts_on, ends_on, language, revision, fingerprint, figures, uri, pdf_sha256,
    xlsx_sha256, csv_sha256, size_bytes, issued_at, run_id, document_ids, brand_id
)
VALUES (
    :tenant_id, :plant_id, :about, :customer_group, :kind, :starts_on, :ends_on, :language, :revision, :fingerprint, CAST(:figures AS jsonb), :uri, :pdf_sha256,
    :xlsx_sha256, :csv_sha256, :size_bytes, :issued_at, :run_id, :document_ids, :brand_id
)
RETURNING report_id;

-- name: replace_file
-- The file of a report was lost and is rendered again from the same figures.
UPDATE mart.report
SET uri = :uri, pdf_sha256 = :pdf_sha256, xlsx_sha256 = :xlsx_sha256, csv_sha256 = :csv_sha256, size_bytes = :size_bytes
WHERE report_id = :report_id;

-- name: insert_mail
-- A mail waits in the outbox, once per report and recipient.
INSERT INTO ops.outbox (tenant_id, report_id, recipient, message_id, state, created_at)
VALUES (:tenant_id, :report_id, :recipient, :message_id, :state, :created_at)
ON CONFLICT (report_id, recipient) DO NOTHING;

-- name: resend_mail
-- Send a report once more, as a new mail.
UPDATE ops.outbox
SET state = :state, attempts = 0, message_id = :message_id, created_at = :created_at, sent_at = NULL, last_error = NULL
WHERE report_id = :report_id AND recipient = :recipient;

-- name: read_due_mail
-- Mails to send now, in the order in which they were written: each attempt waits longer than the one before.
SELECT mail_id, attempts FROM ops.outbox
WHERE state = 'pending' AND created_at + coalesce((CAST(:due_after AS interval[]))[attempts + 1], interval '0') <= :now
ORDER BY mail_id;

-- name: lock_mail
-- One mail to send; none when another sender has it, or has attempted it.
SELECT
    o.mail_id, o.recipient, o.message_id, o.attempts, o.created_at, r.report_id, r.about, r.customer_group, r.kind, r.starts_on, r.ends_on, r.language, r.revision, r.figures,
    r.uri, r.pdf_sha256, p.name AS plant_name, p.plant_key, t.name AS tenant_name, t.slug AS tenant, o.notice_id, n.kind AS notice_kind, n.content AS notice
FROM ops.outbox AS o
LEFT JOIN ops.notice AS n USING (notice_id)
LEFT JOIN mart.report AS r USING (report_id)
LEFT JOIN fleet.plant AS p USING (plant_id)
LEFT JOIN fleet.tenant AS t ON t.tenant_id = o.tenant_id
WHERE o.mail_id = :mail_id AND o.state = 'pending' AND o.attempts = :attempts
FOR UPDATE OF o SKIP LOCKED;

-- name: mark_mail
-- What became of one attempt.
UPDATE ops.outbox SET state = :state, attempts = attempts + 1, last_error = :error, sent_at = :sent_at WHERE mail_id = :mail_id;

-- name: move_reports
-- Reports below `before` rest below `after` now.
UPDATE mart.report SET uri = :after || substr(uri, length(:before) + 1) WHERE starts_with(uri, :before);
