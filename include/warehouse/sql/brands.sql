-- name: read_brand
-- How a tenant's reports look now.
SELECT brand_id, main_colour, accent_colour, footer, logo_png FROM fleet.brand
WHERE tenant_id = :tenant_id
ORDER BY brand_id DESC LIMIT 1;

-- name: read_brand_of_report
-- How a report looked when it was issued.
SELECT b.brand_id, b.main_colour, b.accent_colour, b.footer, b.logo_png
FROM mart.report AS r
JOIN fleet.brand AS b USING (brand_id)
WHERE r.report_id = :report_id;

-- name: insert_brand
-- A tenant gets another look; earlier ones stay.
INSERT INTO fleet.brand (tenant_id, main_colour, accent_colour, footer, logo_png, set_at)
VALUES (:tenant_id, :main_colour, :accent_colour, :footer, :logo_png, :set_at);
