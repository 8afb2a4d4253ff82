-- Lists fetch one row more than a page holds; next_key is the key of the page's last row where that extra row exists.

-- name: list_plants
-- Plants of the tenant by id.
WITH found AS (
    SELECT
        plant_id, source, plant_key, name, timezone, city, latitude, longitude, capacity_kwp, capacity_kw, commissioned_on
    FROM api.plant
    WHERE plant_id > :after
    ORDER BY plant_id
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY plant_id), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(max(plant_id))::text END AS next_key
FROM page

-- name: read_plant
-- One plant.
SELECT row_to_json(p)::text FROM api.plant AS p WHERE p.plant_id = :plant_id

-- name: find_plant_zone
-- IANA zone of one plant.
SELECT timezone FROM api.plant WHERE plant_id = :plant_id

-- name: read_brand
-- How the tenant's page looks, or as it does without a brand.
SELECT json_build_object(
    'name', t.name, 'main_colour', coalesce(b.main_colour, :main_colour), 'accent_colour', coalesce(b.accent_colour, :accent_colour),
    'footer', b.footer, 'logo_png', translate(encode(b.logo_png, 'base64'), E'\n', '')
)::text
FROM api.tenant AS t
LEFT JOIN api.brand AS b ON true

-- name: list_devices
-- Devices by id, of one plant or kind where given.
WITH found AS (
    SELECT device_id, source, device_key, plant_id, parent_device_id, kind, name, model, capacity_kw, retired_on
    FROM api.device
    WHERE device_id > :after
        AND (CAST(:plant_id AS int) IS NULL OR plant_id = :plant_id)
        AND (CAST(:kind AS text) IS NULL OR kind = :kind)
    ORDER BY device_id
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY device_id), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(max(device_id))::text END AS next_key
FROM page

-- name: read_device
-- One device.
SELECT row_to_json(d)::text FROM api.device AS d WHERE d.device_id = :device_id

-- name: list_customers
-- Customers by id, or the one with this document.
WITH found AS (
    SELECT customer_id, document, name
    FROM api.customer
    WHERE customer_id > :after AND (CAST(:document AS text) IS NULL OR document = :document)
    ORDER BY customer_id
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY customer_id), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(max(customer_id))::text END AS next_key
FROM page

-- name: read_customer
-- One customer.
SELECT row_to_json(c)::text FROM api.customer AS c WHERE c.customer_id = :customer_id

-- name: list_series
-- Series by id; those of a plant include its devices'. The quantity table comes in as JSON.
WITH found AS (
    SELECT
        series_id, plant_id, device_id, customer_id, point_id, home_plant_id, quantity,
        CAST(:quantities AS json) -> quantity ->> 'unit' AS unit,
        CAST(:quantities AS json) -> quantity -> 'label' AS label,
        kind, origin, timezone
    FROM api.series
    WHERE series_id > :after
        AND (CAST(:plant_id AS int) IS NULL OR home_plant_id = :plant_id)
        AND (CAST(:device_id AS int) IS NULL OR device_id = :device_id)
        AND (CAST(:customer_id AS int) IS NULL OR customer_id = :customer_id)
        AND (CAST(:quantity AS text) IS NULL OR quantity = :quantity)
        AND (CAST(:origin AS text) IS NULL OR origin = :origin)
    ORDER BY series_id
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY series_id), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(max(series_id))::text END AS next_key
FROM page

-- name: read_series
-- One series with unit and label.
SELECT row_to_json(s)::text
FROM (
    SELECT
        series_id, plant_id, device_id, customer_id, point_id, home_plant_id, quantity,
        CAST(:quantities AS json) -> quantity ->> 'unit' AS unit,
        CAST(:quantities AS json) -> quantity -> 'label' AS label,
        kind, origin, timezone
    FROM api.series
    WHERE series_id = :series_id
) AS s

-- name: list_customer_months
-- grain: month. Consumption of one customer in a half-open range of months.
WITH found AS (
    SELECT month, consumption_kwh, peak_kwh, intermediate_kwh, off_peak_kwh, points, computed_at
    FROM api.consumption
    WHERE customer_id = :customer_id
        AND month > CAST(:after AS date)
        AND (CAST(:first AS date) IS NULL OR month >= :first)
        AND (CAST(:end AS date) IS NULL OR month < :end)
    ORDER BY month
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(
        json_agg(
            json_build_object(
                'month', to_char(month, 'YYYY-MM'), 'consumption_kwh', consumption_kwh, 'peak_kwh', peak_kwh,
                'intermediate_kwh', intermediate_kwh, 'off_peak_kwh', off_peak_kwh, 'points', points, 'computed_at', computed_at
            )
            ORDER BY month
        ),
        '[]'
    )::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(max(month))::text END AS next_key
FROM page

-- name: list_month_customers
-- grain: customer. Consumption of one month; null where no document has it. The page is chosen first: nobody adds up all customers.
WITH chosen AS (
    SELECT customer_id, document, name FROM api.customer WHERE customer_id > :after ORDER BY customer_id LIMIT :limit + 1
), told AS (
    SELECT * FROM api.consumption WHERE month = CAST(:month AS date) AND customer_id = ANY (ARRAY(SELECT customer_id FROM chosen))
), found AS (
    SELECT
        c.customer_id, c.document, c.name, to_char(CAST(:month AS date), 'YYYY-MM') AS month, u.consumption_kwh, u.peak_kwh,
        u.intermediate_kwh, u.off_peak_kwh, coalesce(u.points, '[]') AS points, u.computed_at
    FROM chosen AS c
    LEFT JOIN told AS u ON u.customer_id = c.customer_id
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY customer_id), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(max(customer_id))::text END AS next_key
FROM page

-- name: list_documents
-- Manifest, newest first, with the counts of the newest load.
WITH found AS (
    SELECT
        document_id, feed, original_name, sha256, size_bytes, stored_bytes, state, reason, received_at, delivery_count,
        last_received_at, loaded_at, run_id, code_version, parsed_rows, inserted_rows, updated_rows, unchanged_rows,
        duplicate_rows, quarantined_rows, missing_values, quarantine_reasons, quality_suite, first_measured_at, last_measured_at,
        remarks
    FROM api.document
    WHERE document_id < :before
        AND (CAST(:feed AS text) IS NULL OR feed = :feed)
        AND (CAST(:state AS text) IS NULL OR state = :state)
        AND (CAST(:run_id AS text) IS NULL OR document_id IN (SELECT l.document_id FROM api.load AS l WHERE l.run_id = :run_id))
    ORDER BY document_id DESC
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY document_id DESC), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(min(document_id))::text END AS next_key
FROM page

-- name: read_document
-- One document of the manifest.
SELECT row_to_json(d)::text FROM api.document AS d WHERE d.document_id = :document_id

-- name: list_loads
-- Loads, newest first, of one run or document where given.
WITH found AS (
    SELECT
        load_id, document_id, feed, original_name, run_id, code_version, loaded_at, parsed_rows, inserted_rows, updated_rows,
        unchanged_rows, duplicate_rows, quarantined_rows, missing_values, quarantine_reasons, first_measured_at, last_measured_at,
        remarks, plant_ids
    FROM api.load
    WHERE load_id < :before
        AND (CAST(:run_id AS text) IS NULL OR run_id = :run_id)
        AND (CAST(:document_id AS bigint) IS NULL OR document_id = :document_id)
    ORDER BY load_id DESC
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY load_id DESC), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(min(load_id))::text END AS next_key
FROM page

-- name: read_run
-- What all loads of a run did together.
WITH found AS (
    SELECT * FROM api.load WHERE run_id = :run_id
), reason AS (
    SELECT r.rule, sum(r.rows::bigint) AS rows
    FROM found CROSS JOIN LATERAL jsonb_each_text(quarantine_reasons) AS r (rule, rows)
    GROUP BY r.rule
), plant AS (
    SELECT plant_id, name FROM api.plant WHERE plant_id IN (SELECT unnest(plant_ids) FROM found)
)
SELECT json_build_object(
    'run_id', CAST(:run_id AS text),
    'documents', count(DISTINCT document_id),
    'feeds', coalesce(json_agg(DISTINCT feed) FILTER (WHERE feed IS NOT NULL), '[]'),
    'first_loaded_at', min(loaded_at), 'last_loaded_at', max(loaded_at),
    'parsed_rows', coalesce(sum(parsed_rows), 0), 'inserted_rows', coalesce(sum(inserted_rows), 0),
    'updated_rows', coalesce(sum(updated_rows), 0), 'unchanged_rows', coalesce(sum(unchanged_rows), 0),
    'duplicate_rows', coalesce(sum(duplicate_rows), 0), 'quarantined_rows', coalesce(sum(quarantined_rows), 0),
    'missing_values', coalesce(sum(missing_values), 0),
    'quarantine_reasons', coalesce((SELECT json_object_agg(rule, rows ORDER BY rows DESC, rule) FROM reason), '{}'),
    'first_measured_at', min(first_measured_at), 'last_measured_at', max(last_measured_at),
    'plants', coalesce((SELECT json_agg(row_to_json(plant) ORDER BY name, plant_id) FROM plant), '[]'),
    'unnoted_loads', count(*) FILTER (WHERE plant_ids IS NULL)
)::text
FROM found

-- name: list_quarantine
-- Quarantined rows, of the newest documents first, by row and quantity.
WITH found AS (
    SELECT document_id, row_number, quantity, subject, broken_rules, payload, feed, original_name, received_at
    FROM api.quarantine
    WHERE document_id <= :in_document
        AND (document_id < :in_document OR (row_number, quantity) > (:after_row, CAST(:after_quantity AS text)))
        AND (CAST(:document_id AS bigint) IS NULL OR document_id = :document_id)
        AND (CAST(:rule AS text) IS NULL OR :rule = ANY (broken_rules))
    ORDER BY document_id DESC, row_number, quantity
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY document_id DESC, row_number, quantity), '[]')::text AS data,
    CASE
        WHEN (SELECT count(*) FROM found) > :limit
        THEN (
            SELECT json_build_array(document_id, row_number, quantity)
            FROM page
            ORDER BY document_id, row_number DESC, quantity DESC
            LIMIT 1
        )::text
    END AS next_key
FROM page

-- name: list_plant_quarantine
-- grain: (document, device, rule) · rows of a plant and its devices that are set aside, of the documents received last first.
WITH found AS (
    SELECT document_id, device_id, rule, feed, received_at, rows, quantities, first_measured_at, last_measured_at
    FROM api.plant_quarantine_count
    WHERE plant_id = :plant_id
        AND (document_id, coalesce(device_id, 0), rule) < (:before_document, :before_device, CAST(:before_rule AS text))
    ORDER BY document_id DESC, coalesce(device_id, 0) DESC, rule DESC
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY document_id DESC, coalesce(device_id, 0) DESC, rule DESC), '[]')::text AS data,
    CASE
        WHEN (SELECT count(*) FROM found) > :limit
        THEN (
            SELECT json_build_array(document_id, coalesce(device_id, 0), rule)
            FROM page
            ORDER BY document_id, coalesce(device_id, 0), rule
            LIMIT 1
        )::text
    END AS next_key
FROM page

-- name: list_reports
-- Reports, newest first, without their figures.
WITH found AS (
    SELECT
        report_id, plant_id, about, customer_group, kind, starts_on, ends_on, language, revision, fingerprint, pdf_sha256, xlsx_sha256,
        csv_sha256, size_bytes, issued_at, is_stale
    FROM api.report
    WHERE report_id < :before
        AND (CAST(:plant_id AS int) IS NULL OR plant_id = :plant_id)
        AND (CAST(:about AS text) IS NULL OR about = :about)
        AND (CAST(:kind AS text) IS NULL OR kind = :kind)
        AND (CAST(:language AS text) IS NULL OR language = :language)
    ORDER BY report_id DESC
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY report_id DESC), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(min(report_id))::text END AS next_key
FROM page

-- name: read_report
-- One report with its figures.
SELECT row_to_json(r)::text
FROM (
    SELECT
        report_id, plant_id, about, customer_group, kind, starts_on, ends_on, language, revision, fingerprint, pdf_sha256, xlsx_sha256,
        csv_sha256, size_bytes, issued_at, is_stale, document_ids, figures
    FROM api.report
    WHERE report_id = :report_id
) AS r

-- name: find_report_file
-- Where a file of a report rests (the others stand beside the PDF), its sha256, and a name for people who save it.
SELECT
    regexp_replace(r.uri, '\.pdf$', CAST(:suffix AS text)) AS uri,
    CASE CAST(:suffix AS text) WHEN '.pdf' THEN r.pdf_sha256 WHEN '.xlsx' THEN r.xlsx_sha256 ELSE r.csv_sha256 END AS sha256,
    r.about || coalesce('-' || r.plant_id, '') || '-' || r.kind || '-' || r.starts_on
    || CASE WHEN r.kind IN ('cycle', 'span') THEN '-' || r.ends_on ELSE '' END || '-' || r.language || '-r' || r.revision || :suffix
        AS file_name
FROM api.report AS r
WHERE r.report_id = :report_id

-- name: read_state_of_work
-- What is late, for one tenant.
WITH feeds AS (
    SELECT
        d.feed,
        max(d.last_received_at) AS last_received_at,
        max(d.loaded_at) AS last_loaded_at,
        max(d.last_measured_at) AS last_measured_at,
        count(*) FILTER (WHERE d.state = 'landed') AS pending_documents,
        min(d.received_at) FILTER (WHERE d.state = 'landed') AS oldest_pending_at,
        count(*) FILTER (WHERE d.state = 'loaded') AS loaded_documents,
        count(*) FILTER (WHERE d.state = 'refused') AS refused_documents
    FROM api.document AS d
    GROUP BY d.feed
), dirty AS (
    SELECT count(DISTINCT (series_id, local_day)) AS dirty_days FROM api.dirty_day
), mail AS (
    SELECT
        count(*) FILTER (WHERE state = 'held') AS held,
        count(*) FILTER (WHERE state = 'pending') AS pending,
        count(*) FILTER (WHERE state = 'sent') AS sent,
        count(*) FILTER (WHERE state = 'failed') AS failed
    FROM api.outbox
)
SELECT json_build_object(
    'feeds', (SELECT coalesce(json_agg(row_to_json(feeds) ORDER BY feeds.feed), '[]') FROM feeds),
    'pending_documents', (SELECT coalesce(sum(pending_documents), 0) FROM feeds),
    'dirty_days', (SELECT dirty_days FROM dirty),
    'outbox', (SELECT row_to_json(mail) FROM mail)
)::text
