-- Consumption of customers over any span of months. Lists fetch one row more than a page holds, as in `api_reads.sql`. A month of a customer
-- is whole when every expected point told it; only whole months enter means, limits, growth and rankings, and the others are counted.

-- name: read_customer_summary
-- One customer over a half-open range of months: totals, mean, limits, last month and its growth; and the same of each point.
WITH told AS (
    SELECT CAST(NULL AS int) AS point_id, month, consumption_kwh, points_told = points_expected AS is_whole
    FROM api.customer_months(ARRAY[CAST(:customer_id AS int)])
    UNION ALL
    SELECT point_id, month, consumption_kwh, true
    FROM api.point_consumption
    WHERE customer_id = :customer_id AND consumption_kwh IS NOT NULL
), counted AS (
    SELECT
        t.*, before.consumption_kwh AS month_before_kwh, year.consumption_kwh AS year_before_kwh,
        row_number() OVER (PARTITION BY t.point_id ORDER BY NOT t.is_whole, t.month DESC) AS newest
    FROM told AS t
    LEFT JOIN told AS before
        ON before.point_id IS NOT DISTINCT FROM t.point_id AND before.is_whole AND before.month = (t.month - interval '1 month')::date
    LEFT JOIN told AS year
        ON year.point_id IS NOT DISTINCT FROM t.point_id AND year.is_whole AND year.month = (t.month - interval '1 year')::date
    WHERE (CAST(:first AS date) IS NULL OR t.month >= :first) AND (CAST(:end AS date) IS NULL OR t.month < :end)
), figures AS (
    SELECT
        point_id, sum(consumption_kwh) AS total_kwh, count(*) FILTER (WHERE is_whole) AS months_counted,
        count(*) FILTER (WHERE NOT is_whole) AS months_incomplete, avg(consumption_kwh) FILTER (WHERE is_whole) AS mean_kwh,
        min(consumption_kwh) FILTER (WHERE is_whole) AS min_kwh, max(consumption_kwh) FILTER (WHERE is_whole) AS max_kwh,
        CASE WHEN count(*) FILTER (WHERE is_whole) >= 3 THEN stddev_samp(consumption_kwh) FILTER (WHERE is_whole) END AS stddev_kwh
    FROM counted
    GROUP BY point_id
), told_figures AS (
    SELECT
        f.point_id, p.point_key, f.total_kwh, f.months_counted, f.months_incomplete, f.mean_kwh, f.min_kwh, f.max_kwh, f.stddev_kwh,
        CASE WHEN f.stddev_kwh IS NOT NULL THEN greatest(f.mean_kwh - 2 * f.stddev_kwh, 0) END AS lower_kwh, f.mean_kwh + 2 * f.stddev_kwh AS upper_kwh,
        to_char(n.month, 'YYYY-MM') AS last_month, n.consumption_kwh AS last_kwh,
        n.consumption_kwh - n.month_before_kwh AS growth_kwh,
        100 * (n.consumption_kwh - n.month_before_kwh) / nullif(n.month_before_kwh, 0) AS growth_pct,
        100 * (n.consumption_kwh - n.year_before_kwh) / nullif(n.year_before_kwh, 0) AS year_growth_pct
    FROM figures AS f
    LEFT JOIN counted AS n ON n.point_id IS NOT DISTINCT FROM f.point_id AND n.newest = 1 AND n.is_whole
    LEFT JOIN api.consumption_point AS p ON p.point_id = f.point_id
)
SELECT
    coalesce(json_agg(row_to_json(f) ORDER BY (f.point_id IS NOT NULL), f.point_key NULLS FIRST, f.point_id), '[]')::text
FROM told_figures AS f;

-- name: list_customer_checks
-- grain: month. What was expected of one customer, or of one of its points, and what came.
WITH found AS (
    SELECT *
    FROM api.consumption_check
    WHERE
        customer_id = :customer_id AND point_id IS NOT DISTINCT FROM CAST(:point_id AS int) AND month > CAST(:after AS date)
        AND (CAST(:first AS date) IS NULL OR month >= :first) AND (CAST(:end AS date) IS NULL OR month < :end)
    ORDER BY month
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(
        json_agg(
            json_build_object(
                'month', to_char(month, 'YYYY-MM'), 'consumption_kwh', consumption_kwh, 'expected_kwh', expected_kwh, 'lower_kwh', lower_kwh,
                'upper_kwh', upper_kwh, 'score', score, 'method', method, 'verdict', verdict, 'reason', reason, 'checked_at', checked_at
            )
            ORDER BY month
        ),
        '[]'
    )::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(max(month))::text END AS next_key
FROM page;

-- name: list_anomalies
-- Unusual months of all customers or of one, newest first, then by customer and point.
WITH found AS (
    SELECT *, coalesce(point_id, 0) AS point_place
    FROM api.consumption_check
    WHERE
        verdict <> 'usual' AND (CAST(:customer_id AS int) IS NULL OR customer_id = :customer_id)
        AND (CAST(:first AS date) IS NULL OR month >= :first) AND (CAST(:end AS date) IS NULL OR month < :end)
        AND (
            CAST(:after_month AS date) IS NULL OR month < :after_month
            OR (month = :after_month AND (customer_id, coalesce(point_id, 0)) > (CAST(:after_customer AS int), CAST(:after_point AS int)))
        )
    ORDER BY month DESC, customer_id, point_place
    LIMIT :limit + 1
), page AS (
    SELECT *, row_number() OVER (ORDER BY month DESC, customer_id, point_place) AS place FROM found ORDER BY place LIMIT :limit
)
SELECT
    coalesce(
        json_agg(
            json_build_object(
                'customer_id', customer_id, 'document', document, 'name', name, 'point_id', point_id, 'point_key', point_key,
                'month', to_char(month, 'YYYY-MM'), 'consumption_kwh', consumption_kwh, 'expected_kwh', expected_kwh, 'lower_kwh', lower_kwh,
                'upper_kwh', upper_kwh, 'score', score, 'method', method, 'verdict', verdict, 'reason', reason, 'checked_at', checked_at
            )
            ORDER BY place
        ),
        '[]'
    )::text AS data,
    CASE
        WHEN (SELECT count(*) FROM found) > :limit
            THEN (SELECT json_build_array(month, customer_id, point_place) FROM page ORDER BY place DESC LIMIT 1)::text
    END AS next_key
FROM page;

-- name: list_ranking
-- Customers by their consumption in a half-open range of months, the largest first; `share_pct` is of all customers. By rank.
WITH figures AS (
    SELECT
        customer_id, sum(consumption_kwh) AS total_kwh, avg(consumption_kwh) FILTER (WHERE points_told = points_expected) AS mean_kwh,
        count(*) FILTER (WHERE points_told = points_expected) AS months_counted,
        count(*) FILTER (WHERE points_told < points_expected) AS months_incomplete
    FROM api.customer_months(NULL)
    WHERE (CAST(:first AS date) IS NULL OR month >= :first) AND (CAST(:end AS date) IS NULL OR month < :end)
    GROUP BY customer_id
), ranked AS (
    SELECT
        row_number() OVER (
            ORDER BY CASE WHEN :by = 'mean' THEN f.mean_kwh ELSE f.total_kwh END DESC NULLS LAST, f.customer_id
        ) AS rank,
        f.customer_id, c.document, c.name, f.total_kwh, f.mean_kwh, 100 * f.total_kwh / nullif(sum(f.total_kwh) OVER (), 0) AS share_pct,
        f.months_counted, f.months_incomplete
    FROM figures AS f
    JOIN api.customer AS c ON c.customer_id = f.customer_id
), found AS (
    SELECT * FROM ranked WHERE rank > :after ORDER BY rank LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(json_agg(row_to_json(page) ORDER BY rank), '[]')::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(max(rank))::text END AS next_key
FROM page;

-- name: list_tenant_months
-- grain: month. Consumption of all customers, and its growth over the month before by the customers that have both months whole.
WITH told AS (
    SELECT customer_id, month, consumption_kwh, points_told = points_expected AS is_whole FROM api.customer_months(NULL)
), found AS (
    SELECT
        t.month, sum(t.consumption_kwh) AS consumption_kwh, avg(t.consumption_kwh) FILTER (WHERE t.is_whole) AS mean_kwh, count(*) AS customers,
        count(*) FILTER (WHERE NOT t.is_whole) AS customers_incomplete,
        count(b.month) FILTER (WHERE t.is_whole AND b.is_whole) AS customers_compared,
        sum(t.consumption_kwh - b.consumption_kwh) FILTER (WHERE t.is_whole AND b.is_whole) AS growth_kwh,
        100 * sum(t.consumption_kwh - b.consumption_kwh) FILTER (WHERE t.is_whole AND b.is_whole)
            / nullif(sum(b.consumption_kwh) FILTER (WHERE t.is_whole AND b.is_whole), 0) AS growth_pct
    FROM told AS t
    LEFT JOIN told AS b ON b.customer_id = t.customer_id AND b.month = (t.month - interval '1 month')::date
    WHERE
        t.month > CAST(:after AS date) AND (CAST(:first AS date) IS NULL OR t.month >= :first)
        AND (CAST(:end AS date) IS NULL OR t.month < :end)
    GROUP BY t.month
    ORDER BY t.month
    LIMIT :limit + 1
), page AS (
    TABLE found LIMIT :limit
)
SELECT
    coalesce(
        json_agg(
            json_build_object(
                'month', to_char(month, 'YYYY-MM'), 'consumption_kwh', consumption_kwh, 'mean_kwh', mean_kwh, 'customers', customers,
                'customers_incomplete', customers_incomplete, 'customers_compared', customers_compared, 'growth_kwh', growth_kwh,
                'growth_pct', growth_pct
            )
            ORDER BY month
        ),
        '[]'
    )::text AS data,
    CASE WHEN (SELECT count(*) FROM found) > :limit THEN json_build_array(max(month))::text END AS next_key
FROM page;
