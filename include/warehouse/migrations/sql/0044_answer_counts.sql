ALTER TABLE landing.answer ADD COLUMN reading_counts int[];
COMMENT ON COLUMN landing.answer.reading_counts IS
    'how many readings of each of series_ids it had; null: loaded before that was kept, so it counts as one that had more';
-- A tenant is written as a range: GiST has these without an extension.
CREATE INDEX ON landing.answer USING gist (int4range(tenant_id, tenant_id, '[]'), tstzrange(starts_at, ends_at));
