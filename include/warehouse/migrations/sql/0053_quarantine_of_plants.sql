-- grain: (plant, quarantined row) · rows of plants and their devices that were not trusted. Keys of different sources may be the same.
CREATE VIEW api.plant_quarantine WITH (security_invoker = true) AS
    WITH subject AS (
        SELECT tenant_id, plant_id, NULL::int AS device_id, plant_key AS key, ARRAY[source || '_plants', source || '_alarms'] AS feeds
        FROM fleet.plant
        WHERE source <> 'drops'
        UNION ALL
        SELECT tenant_id, plant_id, device_id, device_key, CASE WHEN source <> 'drops' THEN ARRAY[source || '_devices'] END
        FROM fleet.device
        WHERE plant_id IS NOT NULL
    )
    SELECT
        s.plant_id, s.device_id, q.document_id, q.row_number, q.quantity, q.broken_rules, q.payload ->> 'measured_at' AS told_at,
        d.feed, d.received_at
    FROM subject AS s
    JOIN landing.quarantine AS q ON q.tenant_id = s.tenant_id AND q.subject = s.key
    JOIN landing.document AS d USING (document_id)
    WHERE CASE WHEN s.feeds IS NULL THEN d.integration_id IS NULL ELSE d.feed = ANY (s.feeds) END;
GRANT SELECT ON api.plant_quarantine TO heliograph_api;
