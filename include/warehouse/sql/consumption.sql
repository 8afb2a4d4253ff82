-- name: find_changed_customers
-- The work list: customers whose months are not those that were checked last, or were checked by other rules, with what they are now.
WITH now AS (
    SELECT s.customer_id, md5(string_agg(concat_ws(' ', s.series_id, r.local_date, r.energy_kwh), ',' ORDER BY s.series_id, r.local_date)) AS fingerprint
    FROM fleet.series AS s
    JOIN mart.rollup AS r ON r.series_id = s.series_id AND r.grain = 'month'
    WHERE s.customer_id IS NOT NULL
    GROUP BY s.customer_id
)
SELECT c.customer_id, coalesce(n.fingerprint, '') AS fingerprint
FROM fleet.customer AS c
LEFT JOIN now AS n ON n.customer_id = c.customer_id
LEFT JOIN ops.checked_consumption AS k ON k.customer_id = c.customer_id
WHERE (coalesce(n.fingerprint, ''), CAST(:rules_version AS int)) IS DISTINCT FROM (coalesce(k.fingerprint, ''), coalesce(k.rules_version, CAST(:rules_version AS int)))
ORDER BY c.customer_id;

-- name: lock_checks
-- One run at a time checks consumption; held until the transaction ends.
SELECT pg_advisory_xact_lock(hashtext('heliograph.consumption'));

-- name: read_point_months
-- All months of the points of some customers.
SELECT customer_id, point_id, month, consumption_kwh
FROM api.point_consumption
WHERE customer_id = ANY (:customer_ids) AND consumption_kwh IS NOT NULL
ORDER BY customer_id, point_id, month;

-- name: write_checks
-- Write what differs of the checks of some customers, and remove what is no longer judged; returns how many rows changed.
WITH judged AS (
    SELECT j.*
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS j (
        customer_id int, point_id int, month date, consumption_kwh float8, method text, expected_kwh float8, lower_kwh float8,
        upper_kwh float8, score float8, verdict text, reason jsonb
    )
), gone AS (
    DELETE FROM mart.consumption_check AS k
    WHERE k.customer_id = ANY (:customer_ids) AND NOT EXISTS (
        SELECT FROM judged AS j
        WHERE j.customer_id = k.customer_id AND j.point_id IS NOT DISTINCT FROM k.point_id AND j.month = k.month
    )
    RETURNING 1
), written AS (
    INSERT INTO mart.consumption_check AS k (
        customer_id, point_id, month, tenant_id, consumption_kwh, method, expected_kwh, lower_kwh, upper_kwh, score, verdict, reason,
        checked_at
    )
    SELECT
        j.customer_id, j.point_id, j.month, c.tenant_id, j.consumption_kwh, j.method, j.expected_kwh, j.lower_kwh, j.upper_kwh, j.score,
        j.verdict, nullif(j.reason, 'null'), :checked_at
    FROM judged AS j
    JOIN fleet.customer AS c ON c.customer_id = j.customer_id
    ORDER BY j.customer_id, j.point_id, j.month
    ON CONFLICT (customer_id, point_id, month) DO UPDATE SET
        consumption_kwh = EXCLUDED.consumption_kwh, method = EXCLUDED.method, expected_kwh = EXCLUDED.expected_kwh,
        lower_kwh = EXCLUDED.lower_kwh, upper_kwh = EXCLUDED.upper_kwh, score = EXCLUDED.score, verdict = EXCLUDED.verdict,
        reason = EXCLUDED.reason, checked_at = EXCLUDED.checked_at
    WHERE
        (k.consumption_kwh, k.method, k.expected_kwh, k.lower_kwh, k.upper_kwh, k.score, k.verdict, k.reason)
        IS DISTINCT FROM (
            EXCLUDED.consumption_kwh, EXCLUDED.method, EXCLUDED.expected_kwh, EXCLUDED.lower_kwh, EXCLUDED.upper_kwh, EXCLUDED.score,
            EXCLUDED.verdict, EXCLUDED.reason
        )
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM written) AS changed;

-- name: note_checked
-- Of which months the stored checks are now.
INSERT INTO ops.checked_consumption (customer_id, tenant_id, fingerprint, rules_version, checked_at)
SELECT n.customer_id, c.tenant_id, n.fingerprint, :rules_version, :checked_at
FROM unnest(CAST(:customer_ids AS int[]), CAST(:fingerprints AS text[])) AS n (customer_id, fingerprint)
JOIN fleet.customer AS c ON c.customer_id = n.customer_id
ON CONFLICT (customer_id) DO UPDATE SET
    fingerprint = EXCLUDED.fingerprint, rules_version = EXCLUDED.rules_version, checked_at = EXCLUDED.checked_at;

-- name: read_group_months
-- grain: (customer of a tenant, or of a group, month) · consumption, null where nothing is known, whether every expected point told it, and
-- the check of it
SELECT
    c.customer_id, c.name, m.month::date AS month, u.consumption_kwh, coalesce(u.points_told = u.points_expected, false) AS is_whole, k.expected_kwh, k.lower_kwh, k.upper_kwh, k.verdict
FROM fleet.customer AS c
CROSS JOIN generate_series(CAST(:first_month AS timestamp), CAST(:last_month AS timestamp), interval '1 month') AS m (month)
LEFT JOIN api.customer_months(NULL) AS u ON u.customer_id = c.customer_id AND u.month = m.month::date
LEFT JOIN mart.consumption_check AS k ON k.customer_id = c.customer_id AND k.point_id IS NULL AND k.month = m.month::date
WHERE c.tenant_id = :tenant_id AND (CAST(:customer_group AS text) IS NULL OR c.group_name = :customer_group)
ORDER BY c.name, c.customer_id, m.month;

-- name: read_customer_groups
-- Groups of a tenant's customers by name.
SELECT DISTINCT group_name FROM fleet.customer WHERE tenant_id = :tenant_id AND group_name IS NOT NULL ORDER BY group_name;
