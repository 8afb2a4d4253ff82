-- A lease says who is at work on what one may work on at a time: the landing, a tenant's documents, an account. No transaction stays open for
-- it, so a session serves others meanwhile, and a pooler may hand it on.
CREATE TABLE ops.lease (
    thing      text PRIMARY KEY,
    holder     text NOT NULL,
    ends_at    timestamptz NOT NULL
);
COMMENT ON TABLE ops.lease IS 'who is at work on what one may work on at a time; whoever is silent for too long is taken for dead';
COMMENT ON COLUMN ops.lease.holder IS 'machine and its start, process, its begin, and number of the work';
