-- How much of a vendor's daily limits each account used stays known beyond the two days of single calls.
CREATE TABLE ops.vendor_call_day (
    integration_id int NOT NULL REFERENCES fleet.integration ON DELETE CASCADE,
    called_on      date NOT NULL,
    interface      text NOT NULL,
    caller         text NOT NULL,
    calls          int NOT NULL,
    allowed        int,
    PRIMARY KEY (integration_id, called_on, interface)
);
CREATE INDEX ON ops.vendor_call_day (caller, called_on);
COMMENT ON TABLE ops.vendor_call_day IS 'calls of an account on a UTC day, together (interface *) and of each interface with a limit of its own';
COMMENT ON COLUMN ops.vendor_call_day.allowed IS 'how many the caller may make in a day, as its vendor''s limit was with the last call; null: it has none';
ALTER TABLE ops.vendor_call_day ENABLE ROW LEVEL SECURITY;

INSERT INTO ops.vendor_call_day (integration_id, called_on, interface, caller, calls)
SELECT integration_id, (called_at AT TIME ZONE 'UTC')::date, '*', max(caller), count(*)
FROM ops.vendor_call
GROUP BY 1, 2;
