-- The call that leaves a full window first is found by its number: a window of a day holds tens of thousands.
ALTER TABLE ops.vendor_call ADD COLUMN call_number bigint;
UPDATE ops.vendor_call AS c SET call_number = n.call_number
FROM (SELECT ctid AS place, row_number() OVER (PARTITION BY caller ORDER BY called_at) AS call_number FROM ops.vendor_call) AS n
WHERE c.ctid = n.place;
ALTER TABLE ops.vendor_call ALTER COLUMN call_number SET NOT NULL;
CREATE INDEX ON ops.vendor_call (caller, call_number);
COMMENT ON COLUMN ops.vendor_call.call_number IS 'counts the calls of a caller in the order in which they were counted';
