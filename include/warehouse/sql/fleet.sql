-- name: upsert_tenant
-- Create a tenant, or change it by its slug.
INSERT INTO fleet.tenant AS t (slug, name, timezone, language, unknown_devices, register_under, date_order)
VALUES (:slug, :name, :timezone, :language, :unknown_devices, :register_under, :date_order)
ON CONFLICT (slug) DO UPDATE SET
    name = EXCLUDED.name, timezone = EXCLUDED.timezone, language = EXCLUDED.language,
    unknown_devices = EXCLUDED.unknown_devices, register_under = EXCLUDED.register_under,
    date_order = EXCLUDED.date_order
RETURNING tenant_id;

-- name: read_tenants
-- One tenant, or all of them.
SELECT tenant_id, slug, name, timezone, language, unknown_devices, register_under, date_order
FROM fleet.tenant
WHERE (CAST(:slug AS text) IS NULL OR slug = :slug)
ORDER BY slug;

-- name: list_tenants
-- Tenants as people look at them, with their number of plants.
SELECT
    t.slug AS tenant, t.name, t.timezone, t.language, t.unknown_devices, t.register_under, t.date_order,
    (SELECT count(*) FROM fleet.plant AS p WHERE p.tenant_id = t.tenant_id) AS plants
FROM fleet.tenant AS t
ORDER BY t.slug;

-- name: upsert_plant
-- Returns no row when nothing changed. What the registry leaves empty keeps its value.
INSERT INTO fleet.plant AS p (
    tenant_id, source, plant_key, name, timezone, city, latitude, longitude, capacity_kwp, capacity_kw, commissioned_on, utc_offset,
    tilt_deg, azimuth_deg, customer_document
)
VALUES (
    :tenant_id, :source, :plant_key, coalesce(CAST(:name AS text), :plant_key),
    coalesce(CAST(:timezone AS text), (SELECT timezone FROM fleet.tenant WHERE tenant_id = :tenant_id)), :city, :latitude, :longitude, :capacity_kwp, :capacity_kw, :commissioned_on,
    nullif(CAST(:utc_offset AS text), 'zone'), :tilt_deg, :azimuth_deg, :customer_document
)
ON CONFLICT (tenant_id, source, plant_key) DO UPDATE SET
    name = coalesce(CAST(:name AS text), p.name), timezone = coalesce(CAST(:timezone AS text), p.timezone),
    city = coalesce(EXCLUDED.city, p.city),
    latitude = coalesce(EXCLUDED.latitude, p.latitude), longitude = coalesce(EXCLUDED.longitude, p.longitude),
    capacity_kwp = coalesce(EXCLUDED.capacity_kwp, p.capacity_kwp), capacity_kw = coalesce(EXCLUDED.capacity_kw, p.capacity_kw),
    commissioned_on = coalesce(EXCLUDED.commissioned_on, p.commissioned_on),
    utc_offset = nullif(coalesce(CAST(:utc_offset AS text), p.utc_offset), 'zone'),
    tilt_deg = coalesce(EXCLUDED.tilt_deg, p.tilt_deg), azimuth_deg = coalesce(EXCLUDED.azimuth_deg, p.azimuth_deg),
    customer_document = coalesce(EXCLUDED.customer_document, p.customer_document)
WHERE (
        p.name, p.timezone, p.city, p.latitude, p.longitude, p.capacity_kwp, p.capacity_kw, p.commissioned_on, p.utc_offset, p.tilt_deg,
        p.azimuth_deg, p.customer_document
    )
    IS DISTINCT FROM (
        coalesce(CAST(:name AS text), p.name), coalesce(CAST(:timezone AS text), p.timezone), coalesce(EXCLUDED.city, p.city),
        coalesce(EXCLUDED.latitude, p.latitude), coalesce(EXCLUDED.longitude, p.longitude),
        coalesce(EXCLUDED.capacity_kwp, p.capacity_kwp), coalesce(EXCLUDED.capacity_kw, p.capacity_kw),
        coalesce(EXCLUDED.commissioned_on, p.commissioned_on), nullif(coalesce(CAST(:utc_offset AS text), p.utc_offset), 'zone'),
        coalesce(EXCLUDED.tilt_deg, p.tilt_deg), coalesce(EXCLUDED.azimuth_deg, p.azimuth_deg),
        coalesce(EXCLUDED.customer_document, p.customer_document)
    )
RETURNING plant_id, (xmax = 0) AS is_new;

-- name: upsert_device
-- Returns no row when nothing changed. What the registry leaves empty keeps its value.
INSERT INTO fleet.device AS d (
    tenant_id, source, device_key, plant_id, parent_device_id, kind, name, model, capacity_kw, timezone, utc_offset, dismantled_on
)
VALUES (
    :tenant_id, :source, :device_key,
    (SELECT plant_id FROM fleet.plant WHERE tenant_id = :tenant_id AND source = :source AND plant_key = :plant_key),
    (SELECT device_id FROM fleet.device WHERE tenant_id = :tenant_id AND source = :source AND device_key = :parent_key),
    coalesce(CAST(:kind AS text), 'inverter'), coalesce(CAST(:name AS text), :device_key), :model, :capacity_kw,
    :timezone, nullif(CAST(:utc_offset AS text), 'zone'), CAST(nullif(CAST(:dismantled_on AS text), 'never') AS date)
)
ON CONFLICT (tenant_id, source, device_key) DO UPDATE SET
    plant_id = coalesce(EXCLUDED.plant_id, d.plant_id), parent_device_id = coalesce(EXCLUDED.parent_device_id, d.parent_device_id),
    kind = coalesce(CAST(:kind AS text), d.kind), name = coalesce(CAST(:name AS text), d.name), model = coalesce(EXCLUDED.model, d.model),
    capacity_kw = coalesce(EXCLUDED.capacity_kw, d.capacity_kw), timezone = coalesce(EXCLUDED.timezone, d.timezone),
    utc_offset = nullif(coalesce(CAST(:utc_offset AS text), d.utc_offset), 'zone'),
    dismantled_on = CAST(nullif(coalesce(CAST(:dismantled_on AS text), d.dismantled_on::text), 'never') AS date)
WHERE (d.plant_id, d.parent_device_id, d.kind, d.name, d.model, d.capacity_kw, d.timezone, d.utc_offset, d.dismantled_on)
    IS DISTINCT FROM (
        coalesce(EXCLUDED.plant_id, d.plant_id), coalesce(EXCLUDED.parent_device_id, d.parent_device_id), coalesce(CAST(:kind AS text), d.kind),
        coalesce(CAST(:name AS text), d.name), coalesce(EXCLUDED.model, d.model), coalesce(EXCLUDED.capacity_kw, d.capacity_kw),
        coalesce(EXCLUDED.timezone, d.timezone), nullif(coalesce(CAST(:utc_offset AS text), d.utc_offset), 'zone'),
        CAST(nullif(coalesce(CAST(:dismantled_on AS text), d.dismantled_on::text), 'never') AS date)
    )
RETURNING device_id, (xmax = 0) AS is_new;

-- name: upsert_customer
-- Returns no row when nothing changed. A customer without a name is called by the document.
INSERT INTO fleet.customer AS c (tenant_id, document, name, group_name)
VALUES (:tenant_id, :document, coalesce(CAST(:name AS text), :document), nullif(CAST(:group_name AS text), ''))
ON CONFLICT (tenant_id, document) DO UPDATE SET
    name = coalesce(CAST(:name AS text), c.name), group_name = coalesce(EXCLUDED.group_name, c.group_name)
    WHERE (c.name, c.group_name) IS DISTINCT FROM (coalesce(CAST(:name AS text), c.name), coalesce(EXCLUDED.group_name, c.group_name))
RETURNING customer_id, (xmax = 0) AS is_new;

-- name: upsert_target
-- No row when the plant is unknown or the target is the same; else the next revision, too.
WITH written AS (
    INSERT INTO fleet.target AS t (plant_id, month, tenant_id, target_kwh)
    SELECT p.plant_id, :month, p.tenant_id, :target_kwh
    FROM fleet.plant AS p
    WHERE p.tenant_id = :tenant_id AND p.source = :source AND p.plant_key = :plant_key
    ON CONFLICT (plant_id, month) DO UPDATE SET target_kwh = EXCLUDED.target_kwh WHERE t.target_kwh <> EXCLUDED.target_kwh
    RETURNING plant_id, month, tenant_id, target_kwh, (xmax = 0) AS is_new
), noted AS (
    INSERT INTO fleet.target_revision (plant_id, month, revision, tenant_id, target_kwh, origin, document_id, told_at)
    SELECT
        w.plant_id, w.month, coalesce((SELECT max(r.revision) FROM fleet.target_revision AS r WHERE r.plant_id = w.plant_id AND r.month = w.month), 0) + 1,
        w.tenant_id, w.target_kwh, :origin, :document_id, :told_at
    FROM written AS w
)
SELECT plant_id, is_new FROM written;

-- name: delete_target
-- Remove the target of one month; that is a revision, too.
WITH gone AS (
    DELETE FROM fleet.target AS t USING fleet.plant AS p
    WHERE
        t.plant_id = p.plant_id AND p.tenant_id = :tenant_id AND p.source = :source AND p.plant_key = :plant_key AND t.month = :month
    RETURNING t.plant_id, t.month, t.tenant_id
)
INSERT INTO fleet.target_revision (plant_id, month, revision, tenant_id, origin, told_at)
SELECT
    g.plant_id, g.month, (SELECT max(r.revision) FROM fleet.target_revision AS r WHERE r.plant_id = g.plant_id AND r.month = g.month) + 1,
    g.tenant_id, :origin, :told_at
FROM gone AS g;

-- name: read_targets
-- Targets of one plant with the revision that holds, oldest month first.
SELECT t.month, t.target_kwh, r.revision, r.origin, r.told_at
FROM fleet.target AS t
JOIN LATERAL (
    SELECT revision, origin, told_at FROM fleet.target_revision AS r
    WHERE r.plant_id = t.plant_id AND r.month = t.month ORDER BY r.revision DESC LIMIT 1
) AS r ON true
WHERE t.plant_id = :plant_id
ORDER BY t.month;

-- name: upsert_tariff
-- No row when the plant is unknown or the tariff is the same.
INSERT INTO fleet.tariff AS t (plant_id, valid_from, tenant_id, price_per_kwh, currency)
SELECT p.plant_id, :valid_from, p.tenant_id, :price_per_kwh, :currency
FROM fleet.plant AS p
WHERE p.tenant_id = :tenant_id AND p.source = :source AND p.plant_key = :plant_key
ON CONFLICT (plant_id, valid_from) DO UPDATE SET price_per_kwh = EXCLUDED.price_per_kwh, currency = EXCLUDED.currency
    WHERE (t.price_per_kwh, t.currency) IS DISTINCT FROM (EXCLUDED.price_per_kwh, EXCLUDED.currency)
RETURNING plant_id, (xmax = 0) AS is_new;

-- name: upsert_emission_factor
-- Of a plant, or of all plants of the tenant; no row when the plant is unknown or the factor is the same.
INSERT INTO fleet.emission_factor AS f (tenant_id, plant_id, valid_from, co2_kg_kwh, factor_source)
SELECT :tenant_id, p.plant_id, :valid_from, :co2_kg_kwh, :factor_source
FROM (SELECT 1) AS one
LEFT JOIN fleet.plant AS p ON p.tenant_id = :tenant_id AND p.source = :source AND p.plant_key = :plant_key
WHERE p.plant_id IS NOT NULL OR CAST(:plant_key AS text) IS NULL
ON CONFLICT (tenant_id, plant_id, valid_from) DO UPDATE SET co2_kg_kwh = EXCLUDED.co2_kg_kwh, factor_source = EXCLUDED.factor_source
    WHERE (f.co2_kg_kwh, f.factor_source) IS DISTINCT FROM (EXCLUDED.co2_kg_kwh, EXCLUDED.factor_source)
RETURNING tenant_id, plant_id, (xmax = 0) AS is_new;

-- name: upsert_meter_reading
-- No row when the plant is unknown or the day is known.
INSERT INTO fleet.meter_reading_day (plant_id, read_on, tenant_id)
SELECT p.plant_id, :read_on, p.tenant_id
FROM fleet.plant AS p
WHERE p.tenant_id = :tenant_id AND p.source = :source AND p.plant_key = :plant_key
ON CONFLICT DO NOTHING
RETURNING plant_id, true AS is_new;

-- name: read_plant_keys
-- Keys of a tenant's plants, as one source names them.
SELECT plant_key FROM fleet.plant WHERE tenant_id = :tenant_id AND source = :source;

-- name: read_device_keys
-- Keys of the devices of one plant.
SELECT d.device_key
FROM fleet.device AS d
JOIN fleet.plant AS p USING (plant_id)
WHERE p.tenant_id = :tenant_id AND p.source = :source AND p.plant_key = :plant_key;

-- name: read_plants
-- One plant, those of one tenant, or all of them.
SELECT
    p.plant_id, p.tenant_id, p.source, p.plant_key, p.name, p.timezone, p.city, p.latitude, p.longitude, p.capacity_kwp, p.capacity_kw,
    t.slug AS tenant, t.name AS tenant_name, t.language
FROM fleet.plant AS p
JOIN fleet.tenant AS t USING (tenant_id)
WHERE (CAST(:tenant AS text) IS NULL OR t.slug = :tenant) AND (CAST(:plant_id AS int) IS NULL OR p.plant_id = :plant_id)
ORDER BY t.slug, p.plant_key, p.source;

-- name: read_zones
-- Every plant of a tenant with the zone of its days.
SELECT source, plant_key, timezone FROM fleet.plant WHERE tenant_id = :tenant_id;

-- name: read_device_zones
-- Devices of a source with the zone of their plant.
SELECT d.device_key, p.timezone
FROM fleet.device AS d
JOIN fleet.plant AS p USING (plant_id)
WHERE d.tenant_id = :tenant_id AND d.source = :source;

-- name: read_clocks
-- Devices of the drops whose clock is not the tenant's zone: their own, else that of what they belong to, else that of their plant.
SELECT d.device_key, c.clock
FROM fleet.device AS d
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN fleet.device AS e ON e.device_id = d.parent_device_id
LEFT JOIN fleet.plant AS p ON p.plant_id = coalesce(d.plant_id, e.plant_id)
CROSS JOIN LATERAL (
    SELECT coalesce(d.utc_offset, d.timezone, e.utc_offset, e.timezone, p.utc_offset, p.timezone) AS clock
) AS c
WHERE d.tenant_id = :tenant_id AND d.source = 'drops' AND c.clock <> t.timezone;

-- name: read_device_subjects
-- The rating bounds the power of an inverter; what a meter counts is not the plant's alone. A battery may be charged through inverters.
SELECT
    d.device_id AS subject_id, d.device_key AS subject, p.plant_id, coalesce(p.timezone, t.timezone) AS timezone,
    CASE WHEN d.kind = 'inverter' THEN coalesce(d.capacity_kw, greatest(p.capacity_kwp, p.capacity_kw)) END AS rated_kw,
    EXISTS (SELECT FROM fleet.device AS b WHERE b.plant_id = p.plant_id AND b.kind = 'battery')
        OR EXISTS (SELECT FROM fleet.series AS s WHERE s.plant_id = p.plant_id AND s.quantity IN ('battery_power_kw', 'battery_pct'))
        AS has_battery
FROM fleet.device AS d
JOIN fleet.tenant AS t USING (tenant_id)
LEFT JOIN fleet.plant AS p ON p.plant_id = d.plant_id
WHERE d.tenant_id = :tenant_id AND d.source = :source AND d.device_key = ANY (:subjects);

-- name: open_points
-- Customers get the points that a document names; a customer who is not registered gets none.
INSERT INTO fleet.consumption_point (tenant_id, customer_id, point_key)
SELECT DISTINCT c.tenant_id, c.customer_id, n.point_key
FROM unnest(CAST(:customers AS text[]), CAST(:points AS text[])) AS n (document, point_key)
JOIN fleet.customer AS c ON c.tenant_id = :tenant_id AND c.document = n.document
ON CONFLICT (customer_id, point_key) DO NOTHING;

-- name: read_point_subjects
-- Points by their customer and key, in the shape of read_device_subjects; nothing is rated.
SELECT p.point_id AS subject_id, n.subject, NULL::int AS plant_id, t.timezone, NULL::float8 AS rated_kw, false AS has_battery
FROM unnest(CAST(:subjects AS text[]), CAST(:customers AS text[]), CAST(:points AS text[])) AS n (subject, document, point_key)
JOIN fleet.customer AS c ON c.tenant_id = :tenant_id AND c.document = n.document
JOIN fleet.consumption_point AS p ON p.customer_id = c.customer_id AND p.point_key IS NOT DISTINCT FROM n.point_key
JOIN fleet.tenant AS t ON t.tenant_id = c.tenant_id;

-- name: read_plant_subjects
-- Plants by key, in the shape of read_device_subjects.
SELECT
    p.plant_id AS subject_id, p.plant_key AS subject, p.plant_id, p.timezone, greatest(p.capacity_kwp, p.capacity_kw) AS rated_kw,
    EXISTS (SELECT FROM fleet.device AS b WHERE b.plant_id = p.plant_id AND b.kind = 'battery')
        OR EXISTS (SELECT FROM fleet.series AS s WHERE s.plant_id = p.plant_id AND s.quantity IN ('battery_power_kw', 'battery_pct'))
        AS has_battery
FROM fleet.plant AS p
WHERE p.tenant_id = :tenant_id AND p.source = :source AND p.plant_key = ANY (:subjects);

-- name: read_device_series
-- Measured series of devices.
SELECT series_id, device_id AS subject_id, quantity FROM fleet.series
WHERE device_id = ANY (:subject_ids) AND origin = 'measured';

-- name: read_point_series
-- Measured series of consumption points.
SELECT series_id, point_id AS subject_id, quantity FROM fleet.series
WHERE point_id = ANY (:subject_ids) AND origin = 'measured';

-- name: read_plant_series
-- Measured series of plants; the derived ones are the roll-up's.
SELECT series_id, plant_id AS subject_id, quantity FROM fleet.series
WHERE plant_id = ANY (:subject_ids) AND origin = 'measured';

-- name: insert_series
-- A new series; another load may have made it a moment ago.
INSERT INTO fleet.series (tenant_id, plant_id, device_id, customer_id, point_id, quantity, kind)
VALUES (
    :tenant_id, :plant_id, :device_id, (SELECT customer_id FROM fleet.consumption_point WHERE point_id = :point_id), :point_id, :quantity,
    :kind
)
ON CONFLICT (plant_id, device_id, point_id, quantity, origin) DO NOTHING;

-- name: hold_plant
-- A roll-up at work on the plant's series would compute days by the old fleet that the marks below cannot see yet: wait for it, and
-- keep others away from these series until the transaction ends. Roll-ups of other series are not disturbed.
SELECT s.series_id
FROM fleet.series AS s
LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
WHERE coalesce(s.plant_id, d.plant_id) = :plant_id
ORDER BY s.series_id
FOR NO KEY UPDATE OF s;

-- name: mark_plant
-- A plant's zone or place changed: its days have other edges and other daylight. Marks that wait name days of the old zone.
INSERT INTO ops.dirty_day (series_id, local_day)
SELECT DISTINCT s.series_id, r.local_day + shift
FROM fleet.series AS s
LEFT JOIN fleet.device AS d ON d.device_id = s.device_id
CROSS JOIN LATERAL (
    SELECT r.local_date AS local_day FROM mart.rollup_day AS r WHERE r.series_id = s.series_id
    UNION
    SELECT w.local_day FROM ops.dirty_day AS w WHERE w.series_id = s.series_id
) AS r
CROSS JOIN generate_series(-1, 1) AS shift
WHERE coalesce(s.plant_id, d.plant_id) = :plant_id AND s.origin = 'measured';

-- name: mark_plant_days
-- A plant's own days are computed anew: those with a roll-up of the plant or of a device that is there now, or with a published energy,
-- and those that wait. A device that moved may bring days whose own buckets stay as they are.
INSERT INTO ops.dirty_plant_day (plant_id, local_day)
SELECT :plant_id, r.local_day + shift
FROM (
    SELECT e.local_date AS local_day FROM mart.energy_day AS e WHERE e.plant_id = :plant_id
    UNION
    SELECT w.local_day FROM ops.dirty_plant_day AS w WHERE w.plant_id = :plant_id
    UNION
    SELECT d.local_date
    FROM fleet.series AS s
    LEFT JOIN fleet.device AS v ON v.device_id = s.device_id
    JOIN mart.rollup_day AS d USING (series_id)
    WHERE coalesce(s.plant_id, v.plant_id) = :plant_id
) AS r
CROSS JOIN generate_series(-1, 1) AS shift
GROUP BY r.local_day + shift;

-- name: mark_unanswered_days
-- What is asked of a plant's days is asked again: a rating or a place changes answers, though no energy.
INSERT INTO ops.unanswered_day (subject, plant_id, local_day)
SELECT DISTINCT subject, plant_id, local_date
FROM mart.energy_day
CROSS JOIN (VALUES ('inverters'), ('yields')) AS s (subject)
WHERE plant_id = :plant_id;

-- name: hold_device
-- As hold_plant, for the series of one device.
SELECT series_id FROM fleet.series WHERE device_id = :device_id ORDER BY series_id FOR NO KEY UPDATE;

-- name: mark_device
-- A device moved, was rated anew or became another kind: every day of it may be another.
INSERT INTO ops.dirty_day (series_id, local_day)
SELECT DISTINCT s.series_id, r.local_day + shift
FROM fleet.series AS s
CROSS JOIN LATERAL (
    SELECT r.local_date AS local_day FROM mart.rollup_day AS r WHERE r.series_id = s.series_id
    UNION
    SELECT w.local_day FROM ops.dirty_day AS w WHERE w.series_id = s.series_id
) AS r
CROSS JOIN generate_series(-1, 1) AS shift
WHERE s.device_id = :device_id AND s.origin = 'measured';

-- name: find_device_plants
-- The plants to which devices belong.
SELECT DISTINCT d.plant_id
FROM fleet.device AS d
JOIN unnest(CAST(:tenant_ids AS int4[]), CAST(:sources AS text[]), CAST(:device_keys AS text[])) AS k (tenant_id, source, device_key)
    ON d.tenant_id = k.tenant_id AND d.source = k.source AND d.device_key = k.device_key
WHERE d.plant_id IS NOT NULL;

-- name: lock_plants
-- Plants whose devices change: no roll-up computes them until the transaction ends.
SELECT plant_id FROM fleet.plant WHERE plant_id = ANY (:plant_ids) ORDER BY plant_id FOR NO KEY UPDATE;

-- name: read_form_choices
-- Keys that forms offer: of all tenants, of plants and devices that their vendor still lists; a key of several is offered once.
SELECT kind, key
FROM (
    SELECT 1 AS rank, 'tenants' AS kind, slug AS key FROM fleet.tenant
    UNION
    SELECT 2, 'plants', plant_key FROM fleet.plant WHERE retired_at IS NULL
    UNION
    SELECT 3, 'devices', device_key FROM fleet.device WHERE retired_at IS NULL AND dismantled_on IS NULL AND kind = 'inverter'
) AS choice
ORDER BY rank, key
LIMIT :most;
