-- Reports of a tenant's choice wait for a person's yes before their mails leave.
ALTER TABLE fleet.tenant
    ADD COLUMN approval_kinds text[] NOT NULL DEFAULT '{}'
    CONSTRAINT tenant_approval_kinds_check CHECK (approval_kinds <@ ARRAY['day', 'week', 'month', 'cycle', 'span', 'restated']);
COMMENT ON COLUMN fleet.tenant.approval_kinds IS
'reports that wait for a person before they are mailed: kinds, and restated for later revisions of any kind; empty: none';

CREATE TABLE ops.approval (
    report_id   int PRIMARY KEY REFERENCES mart.report,
    tenant_id   int NOT NULL REFERENCES fleet.tenant,
    state       text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'rejected', 'superseded')),
    held_at timestamptz NOT NULL,
    asked_at    timestamptz,
    asked_in    text,
    decided_at  timestamptz,
    decided_by  text CHECK (decided_by <> ''),
    reason      text,
    CONSTRAINT approval_is_somebodys CHECK ((state IN ('approved', 'rejected')) = (decided_by IS NOT NULL AND decided_at IS NOT NULL))
);
CREATE INDEX approval_waiting ON ops.approval (tenant_id) WHERE state = 'waiting';
COMMENT ON TABLE ops.approval IS 'reports that wait, or waited, for a person before they are mailed; one that no setting holds has no row';
COMMENT ON COLUMN ops.approval.state IS 'superseded: a later revision came before anybody decided, and waits in its place';
COMMENT ON COLUMN ops.approval.asked_in IS 'the run of approve_reports that asks a person, since asked_at; null: none yet';
ALTER TABLE ops.approval ENABLE ROW LEVEL SECURITY;

ALTER TABLE ops.outbox
    DROP CONSTRAINT outbox_state_check,
    ADD CONSTRAINT outbox_state_check CHECK (state IN ('held', 'pending', 'sent', 'failed'));
COMMENT ON COLUMN ops.outbox.state IS 'held: its report waits for approval, or was rejected; pending: it leaves when an attempt is due';
