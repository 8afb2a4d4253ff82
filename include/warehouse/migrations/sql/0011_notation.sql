-- How a tenant's files of a feed write numbers, as far as loaded ones prove it.

CREATE TABLE landing.notation (
    tenant_id    int NOT NULL REFERENCES fleet.tenant,
    feed         text NOT NULL,
    decimal_mark text NOT NULL CHECK (decimal_mark IN ('.', ',')),
    document_id  int NOT NULL REFERENCES landing.document,
    PRIMARY KEY (tenant_id, feed, decimal_mark)
);
COMMENT ON TABLE landing.notation IS 'decimal marks that loaded documents of a feed prove, each with the first document that does';
ALTER TABLE landing.notation ENABLE ROW LEVEL SECURITY;
