-- What is wrong with the operation is an incident: found in the tables, told once when it opens and once when it has ended.
CREATE TABLE ops.incident (
    incident_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL,
    subject     text NOT NULL,
    tenant_id   int REFERENCES fleet.tenant,
    severity    text NOT NULL CHECK (severity IN ('critical', 'major', 'minor')),
    summary     text NOT NULL,
    action      text NOT NULL,
    began_at    timestamptz NOT NULL,
    opened_at   timestamptz NOT NULL,
    absent_at   timestamptz,
    ended_at    timestamptz,
    told_at     timestamptz,
    end_told_at timestamptz
);
CREATE UNIQUE INDEX incident_open_once ON ops.incident (kind, subject) WHERE ended_at IS NULL;
CREATE INDEX ON ops.incident (opened_at);
COMMENT ON COLUMN ops.incident.subject IS 'what it is about: tenant and feed, account, plant, DAG and task, folder';
COMMENT ON COLUMN ops.incident.began_at IS 'since when it is wrong, as far as the tables tell; opened_at is when the watch saw it';
COMMENT ON COLUMN ops.incident.absent_at IS 'since when it was no longer seen; it has ended once it stayed away';

CREATE TABLE ops.observation (
    kind     text NOT NULL,
    subject  text NOT NULL,
    value    text NOT NULL,
    since_at timestamptz NOT NULL,
    PRIMARY KEY (kind, subject)
);
COMMENT ON TABLE ops.observation IS 'the head of each work list as the watch saw it last, and since when it is the same';

CREATE TABLE ops.watch (
    is_only      boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    looked_at    timestamptz,
    digested_at  timestamptz,
    backed_up_at timestamptz
);
INSERT INTO ops.watch DEFAULT VALUES;
COMMENT ON TABLE ops.watch IS 'when the watch looked last, when it wrote the last daily digest, and when the last backup was made';

CREATE TABLE ops.task_failure (
    dag_id         text NOT NULL,
    task_id        text NOT NULL,
    failed_at      timestamptz NOT NULL,
    last_failed_at timestamptz NOT NULL,
    error          text NOT NULL,
    PRIMARY KEY (dag_id, task_id)
);
COMMENT ON TABLE ops.task_failure IS 'tasks that failed for good and have not succeeded since; failed_at is the first failure';

-- ----------------------------------------------------------------------------------------------------------------- outbox
CREATE TABLE ops.notice (
    notice_id  int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       text NOT NULL CHECK (kind IN ('at_once', 'digest')),
    content    jsonb NOT NULL,
    written_at timestamptz NOT NULL
);
COMMENT ON TABLE ops.notice IS 'mails to the operator: what opened and what ended, as it was when they were written';

ALTER TABLE ops.outbox
    ALTER COLUMN tenant_id DROP NOT NULL,
    ALTER COLUMN report_id DROP NOT NULL,
    ADD COLUMN notice_id int REFERENCES ops.notice,
    ADD CHECK (num_nonnulls(report_id, notice_id) = 1),
    ADD CHECK ((report_id IS NULL) = (tenant_id IS NULL)),
    ADD UNIQUE (notice_id, recipient);
COMMENT ON COLUMN ops.outbox.notice_id IS 'the notice of a mail to the operator; such a mail belongs to no tenant';

DO $$
DECLARE
    operator_table text;
BEGIN
    FOREACH operator_table IN ARRAY ARRAY['incident', 'observation', 'watch', 'task_failure', 'notice'] LOOP
        EXECUTE format('ALTER TABLE ops.%I ENABLE ROW LEVEL SECURITY', operator_table);
    END LOOP;
END $$;

-- ---------------------------------------------------------------------------------------------------- what the watch reads
CREATE INDEX document_receipts ON landing.document (tenant_id, feed, last_received_at);
CREATE INDEX document_refusals ON landing.document (last_received_at) WHERE state = 'refused';
CREATE INDEX load_times ON landing.load USING brin (loaded_at);
CREATE INDEX alarm_open ON mart.alarm (plant_id) WHERE is_open;

-- --------------------------------------------------------------------------------------------------------------- sessions
CREATE FUNCTION ops.limit_own_sessions(lock_s float8, statement_s float8, idle_transaction_s float8) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    limited record;
BEGIN
    FOR limited IN
        SELECT * FROM (VALUES
            ('lock_timeout', lock_s), ('statement_timeout', statement_s), ('idle_in_transaction_session_timeout', idle_transaction_s)
        ) AS l (name, seconds)
    LOOP
        EXECUTE format(
            'ALTER ROLE %I IN DATABASE %I SET %I = %L', current_user, current_database(), limited.name,
            round(1000 * limited.seconds)::bigint || 'ms'
        );
    END LOOP;
END $$;
COMMENT ON FUNCTION ops.limit_own_sessions IS 'limits [s] of every session that the caller''s role begins in this database from now on; 0 is none';
REVOKE EXECUTE ON FUNCTION ops.limit_own_sessions FROM PUBLIC;
