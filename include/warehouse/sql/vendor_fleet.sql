-- name: read_known_plant
-- Those of a source's plants that are registered: their fields as they stand, and what the vendor reported of each.
SELECT
    plant_key AS key, vendor_reported AS reported,
    jsonb_build_object(
        'name', name, 'timezone', timezone, 'city', city, 'latitude', latitude, 'longitude', longitude,
        'capacity_kwp', capacity_kwp, 'capacity_kw', capacity_kw, 'commissioned_on', commissioned_on
    ) AS stored
FROM fleet.plant
WHERE tenant_id = :tenant_id AND source = :source AND plant_key = ANY (:keys);

-- name: read_known_device
-- The same of devices.
SELECT
    d.device_key AS key, d.vendor_reported AS reported,
    jsonb_build_object(
        'plant_key', p.plant_key, 'kind', d.kind, 'name', d.name, 'model', d.model, 'capacity_kw', d.capacity_kw
    ) AS stored
FROM fleet.device AS d
LEFT JOIN fleet.plant AS p USING (plant_id)
WHERE d.tenant_id = :tenant_id AND d.source = :source AND d.device_key = ANY (:keys);

-- name: write_plant_reported
-- What was reported of each plant. A plant that several accounts list is pulled through the oldest one that is active.
UPDATE fleet.plant AS p
SET
    vendor_reported = r.reported,
    integration_id = (
        SELECT i.integration_id
        FROM fleet.integration AS i
        WHERE i.integration_id IN (p.integration_id, :integration_id)
        ORDER BY i.state = 'active' DESC, i.integration_id
        LIMIT 1
    )
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (key text, reported jsonb)
WHERE p.tenant_id = :tenant_id AND p.source = :source AND p.plant_key = r.key;

-- name: write_device_reported
-- The vendor's type of device follows every report: no operator edits it.
UPDATE fleet.device AS d
SET vendor_reported = r.reported, vendor_type = coalesce(r.reported -> 'vendor_type' ->> 'value', d.vendor_type)
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (key text, reported jsonb)
WHERE d.tenant_id = :tenant_id AND d.source = :source AND d.device_key = r.key;
