-- Whose clock wrote a local time, in which order a tenant writes dates, and known bytes that are received once more.

ALTER TABLE fleet.tenant ADD COLUMN date_order text CHECK (date_order IN ('day first', 'month first'));
COMMENT ON COLUMN fleet.tenant.date_order IS 'how its drops write dates such as 05/07/2025; null: only the file can prove it';

ALTER TABLE fleet.plant ADD COLUMN utc_offset text CHECK (utc_offset ~ '^[+-][0-9]{2}:[0-9]{2}$');
ALTER TABLE fleet.device
    ADD COLUMN timezone text,
    ADD COLUMN utc_offset text CHECK (utc_offset ~ '^[+-][0-9]{2}:[0-9]{2}$');
COMMENT ON COLUMN fleet.plant.utc_offset IS 'clock of its loggers, where it is never set; null: the plant''s zone';
COMMENT ON COLUMN fleet.device.timezone IS 'IANA zone of the device''s own clock; null: that of what it belongs to';
COMMENT ON COLUMN fleet.device.utc_offset IS 'the device''s own clock, where it is never set';

ALTER TABLE landing.document ADD COLUMN repeat_of int REFERENCES landing.document;
ALTER TABLE landing.document DROP CONSTRAINT document_tenant_id_feed_sha256_key;
ALTER TABLE landing.document ADD UNIQUE NULLS NOT DISTINCT (tenant_id, feed, sha256, repeat_of);
CREATE INDEX ON landing.document (repeat_of) WHERE repeat_of IS NOT NULL;
CREATE INDEX ON landing.load (tenant_id, document_id) WHERE updated_rows > 0;
COMMENT ON TABLE landing.document IS 'the manifest: what was delivered; document_id rises in the order of receipt';
COMMENT ON COLUMN landing.document.repeat_of IS 'the document with the same bytes before this one, where receiving them again may change something';
