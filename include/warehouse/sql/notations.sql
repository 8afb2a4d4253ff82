-- name: read_decimal_marks
-- Decimal marks that loaded documents of a tenant's feed prove.
SELECT decimal_mark FROM landing.notation WHERE tenant_id = :tenant_id AND feed = :feed ORDER BY decimal_mark;

-- name: add_decimal_marks
-- Marks that a document proves; those that an earlier one proved stay with that one.
INSERT INTO landing.notation (tenant_id, feed, decimal_mark, document_id)
SELECT :tenant_id, :feed, mark, :document_id FROM unnest(CAST(:marks AS text[])) AS mark
ON CONFLICT DO NOTHING;
