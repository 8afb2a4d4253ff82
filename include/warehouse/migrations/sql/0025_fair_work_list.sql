-- Requests that fail stand behind those of their purpose that fail less, and what has ended is forgotten by age and by number.
DROP INDEX ops.pull_in_turn;
CREATE INDEX pull_in_turn ON ops.pull (integration_id, priority, attempts, pull_id) WHERE state = 'waiting';
CREATE INDEX pull_ended ON ops.pull (integration_id, state, ended_at) WHERE state <> 'waiting';

-- A vendor counts the calls of its user or app, whatever accounts of ours make them.
ALTER TABLE ops.vendor_call ADD COLUMN caller text NOT NULL DEFAULT '';
ALTER TABLE ops.vendor_call ALTER COLUMN caller DROP DEFAULT;
CREATE INDEX ON ops.vendor_call (caller, called_at);
COMMENT ON COLUMN ops.vendor_call.caller IS
    'digest of the address and the user or app whose calls the vendor counts; empty before the first pull with this column';
