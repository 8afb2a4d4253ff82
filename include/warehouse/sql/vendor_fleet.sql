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

-- name: note_listed_plants
-- What a whole list of an account's plants lacks, three times in a row and at least half a day apart, is retired.
UPDATE fleet.plant AS p
SET
    missed_lists = CASE WHEN p.plant_key = ANY (:listed) THEN 0 ELSE p.missed_lists + 1 END,
    missed_at = CASE WHEN p.plant_key <> ALL (:listed) THEN CAST(:now AS timestamptz) END,
    retired_at = CASE WHEN p.plant_key <> ALL (:listed) AND p.missed_lists >= 2 THEN coalesce(p.retired_at, :now) END
WHERE
    p.integration_id = :integration_id
    AND CASE
        WHEN p.plant_key = ANY (:listed) THEN p.missed_lists > 0 OR p.retired_at IS NOT NULL
        ELSE (p.missed_at > CAST(:now AS timestamptz) - interval '12 hours') IS NOT TRUE
    END;

-- name: note_listed_devices
-- The same of devices: of the plants that were asked about, or of all. Tells which of their plants expect another number of them now.
UPDATE fleet.device AS d
SET
    missed_lists = CASE WHEN d.device_key = ANY (:listed) THEN 0 ELSE d.missed_lists + 1 END,
    missed_at = CASE WHEN d.device_key <> ALL (:listed) THEN CAST(:now AS timestamptz) END,
    retired_at = CASE WHEN d.device_key <> ALL (:listed) AND d.missed_lists >= 2 THEN coalesce(d.retired_at, :now) END
FROM fleet.plant AS p, fleet.device AS before
WHERE
    before.device_id = d.device_id
    AND p.plant_id = d.plant_id AND p.integration_id = :integration_id AND d.vendor_type IS NOT NULL
    AND (CAST(:of_plants AS text[]) IS NULL OR p.plant_key = ANY (CAST(:of_plants AS text[])))
    AND CASE
        WHEN d.device_key = ANY (:listed) THEN d.missed_lists > 0 OR d.retired_at IS NOT NULL
        ELSE (d.missed_at > CAST(:now AS timestamptz) - interval '12 hours') IS NOT TRUE
    END
RETURNING d.plant_id, (before.retired_at IS NULL) <> (d.retired_at IS NULL) AS is_changed;
