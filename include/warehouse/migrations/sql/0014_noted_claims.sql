-- A claimed file is noted in the transaction that notes its document, and forgotten once it is released: after a crash in between the next
-- landing releases it, instead of noting that its bytes were received again.
CREATE TABLE landing.claim (
    claim_id text PRIMARY KEY,
    document_id int NOT NULL
);
COMMENT ON TABLE landing.claim IS 'claimed files whose documents are noted, until they are released';
