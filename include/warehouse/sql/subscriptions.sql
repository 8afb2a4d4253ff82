-- name: insert_subscription
-- A recipient is to get a kind of report from now on.
INSERT INTO fleet.subscription (tenant_id, email, about, kind, language, plant_ids, wait_days, hour, timezone, started_at, customer_group)
VALUES (:tenant_id, :email, :about, :kind, :language, CAST(:plant_ids AS int[]), :wait_days, :hour, :timezone, :started_at, :customer_group)
RETURNING subscription_id;

-- name: read_subscriptions
-- grain: subscription that goes on, of one tenant or of all; zone and language are the tenant's where it names none.
SELECT
    s.subscription_id, t.slug AS tenant, s.email, s.about, s.kind, coalesce(s.language, t.language) AS language, s.plant_ids, s.wait_days, s.hour,
    coalesce(s.timezone, t.timezone) AS timezone, s.started_at, s.customer_group
FROM fleet.subscription AS s
JOIN fleet.tenant AS t USING (tenant_id)
WHERE s.stopped_at IS NULL AND (CAST(:tenant AS text) IS NULL OR t.slug = :tenant)
ORDER BY t.slug, s.email, s.about, s.subscription_id;

-- name: stop_subscriptions
-- A recipient gets no such reports any longer; null: of no kind, about nothing.
UPDATE fleet.subscription
SET stopped_at = :at
WHERE
    tenant_id = :tenant_id AND email = :email AND stopped_at IS NULL AND (CAST(:about AS text) IS NULL OR about = :about)
    AND (CAST(:kinds AS text[]) IS NULL OR kind = ANY (CAST(:kinds AS text[])))
    AND (CAST(:customer_group AS text) IS NULL OR customer_group = :customer_group);

-- name: withdraw_mails
-- What waits in the outbox of such reports does not leave any more: a refused mail would be tried again, or told as a fault.
DELETE FROM ops.outbox AS o
USING mart.report AS r
WHERE
    r.report_id = o.report_id AND o.tenant_id = :tenant_id AND o.recipient = :email AND o.state IN ('held', 'pending')
    AND (CAST(:about AS text) IS NULL OR r.about = :about) AND (CAST(:kinds AS text[]) IS NULL OR r.kind = ANY (CAST(:kinds AS text[])))
    AND (CAST(:customer_group AS text) IS NULL OR r.customer_group = :customer_group);

-- name: stop_same
-- A recipient gets this kind of report in another way from now on.
UPDATE fleet.subscription
SET stopped_at = :started_at
WHERE
    tenant_id = :tenant_id AND email = :email AND about = :about AND kind = :kind AND stopped_at IS NULL
    AND customer_group IS NOT DISTINCT FROM CAST(:customer_group AS text)
RETURNING started_at;

-- name: read_meter_readings
-- Local days on which the utility reads the meters of plants.
SELECT plant_id, array_agg(read_on ORDER BY read_on) AS days
FROM fleet.meter_reading_day
WHERE plant_id = ANY (CAST(:plant_ids AS int[]))
GROUP BY plant_id;
