-- name: find_known
-- The last document with these bytes.
SELECT document_id, repeat_of FROM landing.document
WHERE tenant_id = :tenant_id AND feed = :feed AND sha256 = :sha256
ORDER BY document_id DESC
LIMIT 1;

-- name: may_change
-- Known bytes are received again: may reading them once more change anything? They were refused, or held rows from a future that has come;
-- or a document after them contradicts them, or may, being authoritative about the same, loaded before them, or not yet.
SELECT
    k.state = 'refused'
    OR EXISTS (
        SELECT 1 FROM landing.quarantine AS q
        WHERE
            q.document_id = k.document_id AND 'time_plausible' = ANY (q.broken_rules)
            AND CAST(q.payload ->> 'measured_at' AS timestamptz) > k.last_received_at
            AND CAST(q.payload ->> 'measured_at' AS timestamptz) <= :received_at
    )
    OR EXISTS (
        SELECT 1 FROM landing.document AS n
        WHERE
            n.state = 'landed' AND n.tenant_id = k.tenant_id AND n.document_id > k.document_id AND n.document_id < :until
            AND (n.feed = k.feed OR k.integration_id IS NULL AND n.integration_id IS NULL AND 'registry' NOT IN (n.feed, k.feed))
    )
    OR k.state = 'landed' AND EXISTS (
        SELECT 1 FROM landing.document AS n
        WHERE n.tenant_id = k.tenant_id AND n.document_id > k.document_id AND n.document_id < :until
    )
    OR EXISTS (
        SELECT 1 FROM landing.load AS l
        JOIN landing.document AS n USING (document_id)
        WHERE
            l.tenant_id = k.tenant_id AND l.document_id > k.document_id AND l.document_id < :until
            AND (l.updated_rows > 0 OR l.load_id < loaded.load_id)
            AND (
                'registry' = n.feed AND 'registry' = k.feed
                OR (n.feed = k.feed OR k.integration_id IS NULL AND n.integration_id IS NULL)
                AND l.first_measured_at <= loaded.last AND l.last_measured_at >= loaded.first
            )
    )
    OR EXISTS (
        SELECT 1 FROM landing.answer AS a
        JOIN landing.answer AS b ON b.document_id = k.document_id AND b.series_ids && a.series_ids
        WHERE
            a.tenant_id = k.tenant_id AND a.feed = k.feed AND a.document_id > k.document_id AND a.document_id < :until
            AND a.starts_at < b.ends_at AND a.ends_at > b.starts_at
    ) AS may_change
FROM landing.document AS k
CROSS JOIN LATERAL (
    SELECT max(load_id) AS load_id, min(first_measured_at) AS first, max(last_measured_at) AS last
    FROM landing.load
    WHERE document_id = k.document_id
) AS loaded
WHERE k.document_id = :document_id;

-- name: note_delivery
-- One row per document; bytes that repeat a document as another one did only count. A vendor's list of its fleet or its alarms is then
-- loaded again: what another list reported in between no longer holds.
INSERT INTO landing.document AS d (
    tenant_id, feed, original_name, sha256, uri, size_bytes, stored_bytes, received_at, last_received_at, integration_id, is_snapshot, repeat_of
)
VALUES (
    :tenant_id, :feed, :original_name, :sha256, :uri, :size_bytes, :stored_bytes, :received_at, :received_at, :integration_id,
    :is_snapshot, :repeat_of
)
ON CONFLICT (tenant_id, feed, sha256, repeat_of)
    DO UPDATE SET
        delivery_count = d.delivery_count + 1, last_received_at = EXCLUDED.received_at,
        state = CASE WHEN :reopens THEN 'landed' ELSE d.state END, reason = CASE WHEN :reopens THEN NULL ELSE d.reason END,
        integration_id = coalesce(EXCLUDED.integration_id, d.integration_id)
RETURNING document_id, delivery_count = 1 AND repeat_of IS NULL AS is_new;

-- name: note_claim
-- The document of a claimed file; it goes in the transaction that notes the document.
INSERT INTO landing.claim (claim_id, document_id) VALUES (:claim_id, :document_id);

-- name: read_claims
-- Documents of claimed files that are noted.
SELECT claim_id, document_id FROM landing.claim WHERE claim_id = ANY (:claim_ids);

-- name: forget_claims
-- Claimed files that were released.
DELETE FROM landing.claim WHERE NOT claim_id = ANY (:left);

-- name: fold_repeat
-- A repeat that changes nothing, or is refused as its bytes were before, is one more delivery of the document that it repeats.
WITH gone AS (
    DELETE FROM landing.document AS d
    USING landing.document AS k
    WHERE
        d.document_id = :document_id AND k.document_id = d.repeat_of
        AND (d.state = 'landed' OR d.state = 'refused' AND k.state = 'refused')
        AND NOT EXISTS (SELECT 1 FROM landing.load AS l WHERE l.document_id = d.document_id)
        AND NOT EXISTS (SELECT 1 FROM landing.document AS n WHERE n.repeat_of = d.document_id)
    RETURNING d.repeat_of, d.delivery_count, d.last_received_at, d.reason
)
UPDATE landing.document AS k
SET
    delivery_count = k.delivery_count + gone.delivery_count, last_received_at = gone.last_received_at,
    reason = coalesce(gone.reason, k.reason)
FROM gone
WHERE k.document_id = gone.repeat_of;

-- name: read_pending
-- Work list: landed documents of the given feeds in the order of receipt.
SELECT document_id, tenant_id, stored_bytes FROM landing.document
WHERE state = 'landed' AND feed = ANY (:feeds)
ORDER BY document_id;

-- name: read_landed_feeds
-- Feeds of a vendor of which documents wait that were received lately.
SELECT DISTINCT feed FROM landing.document
WHERE state = 'landed' AND starts_with(feed, :prefix) AND last_received_at >= :since
ORDER BY feed;

-- name: read_left
-- Work list of a tenant, beside some.
SELECT document_id, tenant_id, stored_bytes FROM landing.document
WHERE state = 'landed' AND feed = ANY (:feeds) AND tenant_id = :tenant_id AND document_id <> ALL (:beside)
ORDER BY document_id;

-- name: lock_document
-- The document to load; none when somebody else loads or has loaded it.
SELECT
    d.document_id, d.tenant_id, t.slug AS tenant, d.feed, d.original_name, d.sha256, d.uri, d.stored_bytes, d.received_at,
    d.last_received_at, d.integration_id, d.repeat_of
FROM landing.document AS d
JOIN fleet.tenant AS t USING (tenant_id)
WHERE d.document_id = :document_id AND d.state = 'landed'
FOR UPDATE OF d SKIP LOCKED;

-- name: read_states
-- State and reason of documents. FOR SHARE waits for whoever is at work on one: its outcome is what counts.
SELECT state, reason FROM landing.document WHERE document_id = ANY (:document_ids) ORDER BY document_id FOR SHARE;

-- name: read_registration
-- State of the last registry document with these bytes (a repeat may have become one with it) and the balance of its last load. FOR SHARE
-- waits for whoever is at work on it.
SELECT d.document_id, d.state, d.reason, l.parsed_rows, l.quarantined_rows
FROM landing.document AS d
LEFT JOIN LATERAL (
    SELECT parsed_rows, quarantined_rows FROM landing.load WHERE document_id = d.document_id ORDER BY load_id DESC LIMIT 1
) AS l ON true
WHERE d.tenant_id = :tenant_id AND d.feed = 'registry' AND d.sha256 = :sha256
ORDER BY d.document_id DESC
LIMIT 1
FOR SHARE OF d;

-- name: read_set_aside
-- The first rows of a document that were not trusted.
SELECT row_number, quantity, subject, broken_rules, payload FROM landing.quarantine
WHERE document_id = :document_id
ORDER BY row_number, quantity LIMIT :most;

-- name: read_tenant_id
-- Whose documents these are.
SELECT tenant_id FROM landing.document WHERE document_id = ANY (:document_ids) LIMIT 1;

-- name: read_small_answers
-- Landed answers of vendors that are small enough to be checked together. Nothing is locked: each is locked when it is loaded.
SELECT
    d.document_id, d.tenant_id, t.slug AS tenant, d.feed, d.original_name, d.sha256, d.uri, d.stored_bytes, d.received_at,
    d.last_received_at, d.integration_id, d.repeat_of
FROM landing.document AS d
JOIN fleet.tenant AS t USING (tenant_id)
WHERE
    d.document_id = ANY (:document_ids) AND d.state = 'landed' AND d.integration_id IS NOT NULL AND d.stored_bytes <= :most_bytes
    AND d.feed NOT LIKE '%\_alarms'
ORDER BY d.document_id;

-- name: read_earlier_load
-- Span that all committed loads of this document covered.
SELECT min(first_measured_at) AS first, max(last_measured_at) AS last FROM landing.load WHERE document_id = :document_id;

-- name: insert_load
-- One row per load; a constraint refuses counts that do not balance.
INSERT INTO landing.load (
    document_id, tenant_id, loaded_at, run_id, code_version, parsed_rows, inserted_rows, updated_rows, unchanged_rows,
    duplicate_rows, quarantined_rows, missing_values, quarantine_reasons, quality_suite, first_measured_at, last_measured_at,
    remarks, plant_ids
)
VALUES (
    :document_id, :tenant_id, :loaded_at, :run_id, :code_version, :parsed_rows, :inserted_rows, :updated_rows, :unchanged_rows,
    :duplicate_rows, :quarantined_rows, :missing_values, CAST(:quarantine_reasons AS jsonb), :quality_suite,
    :first_measured_at, :last_measured_at, CAST(:remarks AS text[]), CAST(:plant_ids AS int[])
);

-- name: mark_loaded
-- The document is loaded, in the transaction of its rows.
UPDATE landing.document SET state = 'loaded', reason = NULL WHERE document_id = :document_id;

-- name: mark_refused
-- The document cannot be read; the reason is for the person who delivered it.
UPDATE landing.document SET state = 'refused', reason = :reason WHERE document_id = :document_id AND state = 'landed';

-- name: reopen_newer
-- Documents received later that were loaded over the same time are loaded again: the last received wins, and what a document says as it
-- was said before is not kept a second time.
UPDATE landing.document AS d
SET state = 'landed'
FROM landing.load AS l
WHERE
    l.document_id = d.document_id
    AND d.tenant_id = :tenant_id
    AND (CAST(:feed AS text) IS NULL OR d.feed = :feed)
    AND d.document_id > :since
    AND d.document_id <> :document_id
    AND d.state = 'loaded'
    AND l.first_measured_at <= :last
    AND l.last_measured_at >= :first;

-- name: reopen_waiting
-- Loaded documents whose rows wait in quarantine for something that is known now.
UPDATE landing.document AS d
SET state = 'landed'
WHERE
    d.tenant_id = :tenant_id
    AND d.state = 'loaded'
    AND (
        d.document_id IN (
            SELECT q.document_id FROM landing.quarantine AS q
            WHERE q.tenant_id = :tenant_id AND :rule = ANY (q.broken_rules)
                AND (CAST(:subjects AS text[]) IS NULL OR q.subject = ANY (:subjects))
        )
        -- Of a document with more bad rows than are kept, nobody knows whose they were.
        OR EXISTS (
            SELECT 1 FROM landing.load AS l
            WHERE
                l.document_id = d.document_id AND l.quarantine_reasons ? CAST(:rule AS text)
                AND l.load_id = (SELECT max(load_id) FROM landing.load WHERE document_id = d.document_id)
                AND l.quarantined_rows > (SELECT count(*) FROM landing.quarantine AS q WHERE q.document_id = d.document_id)
        )
    );

-- name: reopen_feeds
-- Loaded documents of a tenant and of these feeds.
UPDATE landing.document SET state = 'landed' WHERE tenant_id = :tenant_id AND feed = ANY (:feeds) AND state = 'loaded';

-- name: delete_quarantine
-- Rows of earlier loads of the document, and of the same bytes that it repeats.
DELETE FROM landing.quarantine
WHERE document_id IN (
    SELECT :document_id UNION ALL SELECT repeat_of FROM landing.document WHERE document_id = :document_id AND repeat_of IS NOT NULL
);

-- name: insert_quarantine
-- Rows that were not trusted. The first entry of a (row, quantity) stays.
INSERT INTO landing.quarantine (document_id, row_number, quantity, tenant_id, subject, broken_rules, payload)
SELECT :document_id, q.row_number, q.quantity, :tenant_id, q.subject, string_to_array(q.broken_rules, ','), q.payload
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS q (row_number int, quantity text, subject text, broken_rules text, payload jsonb)
ON CONFLICT (document_id, row_number, quantity) DO NOTHING;

-- name: read_remarks
-- The newest documents of which something was not used, as their newest loads say.
SELECT t.slug AS tenant, d.feed, d.document_id, d.original_name, newest.remarks
FROM landing.document AS d
JOIN fleet.tenant AS t USING (tenant_id)
CROSS JOIN LATERAL (
    SELECT remarks FROM landing.load WHERE document_id = d.document_id ORDER BY load_id DESC LIMIT 1
) AS newest
WHERE d.state = 'loaded' AND cardinality(newest.remarks) > 0
ORDER BY d.document_id DESC
LIMIT :most;

-- name: read_status
-- State of the documents per tenant and feed, for the operator. Of bytes that were received again the last document tells.
SELECT
    t.slug AS tenant, d.feed,
    count(*) AS documents,
    count(*) FILTER (WHERE d.state = 'landed') AS waiting,
    count(*) FILTER (WHERE d.state = 'refused' AND again.document_id IS NULL) AS refused,
    coalesce(sum(l.inserted_rows), 0) AS inserted_rows,
    coalesce(sum(newest.quarantined_rows) FILTER (WHERE again.document_id IS NULL), 0) AS quarantined_rows,
    max(d.last_received_at) AS last_received_at,
    max(newest.last_measured_at) AS last_measured_at
FROM landing.document AS d
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN landing.document AS again ON again.repeat_of = d.document_id
LEFT JOIN LATERAL (
    SELECT sum(inserted_rows) AS inserted_rows FROM landing.load WHERE document_id = d.document_id
) AS l ON true
LEFT JOIN LATERAL (
    SELECT quarantined_rows, last_measured_at FROM landing.load
    WHERE document_id = d.document_id ORDER BY load_id DESC LIMIT 1
) AS newest ON true
GROUP BY t.slug, d.feed
ORDER BY t.slug, d.feed;
