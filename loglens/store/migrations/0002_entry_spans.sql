-- Stored, because a question about requests would else read the kind and the parent of every span.
ALTER TABLE spans ADD COLUMN is_entry BOOLEAN;
-- Not by UPDATE: a column that was updated takes no constraint in the same transaction.
ALTER TABLE spans ALTER COLUMN is_entry TYPE BOOLEAN
USING (kind IN ('SERVER', 'CONSUMER') OR (kind IN ('INTERNAL', 'UNSPECIFIED') AND parent_span_id IS NULL));
ALTER TABLE spans ALTER COLUMN is_entry SET NOT NULL;
COMMENT ON COLUMN spans.is_entry IS 'Whether it is a request: kind SERVER or CONSUMER, or a root of kind INTERNAL or UNSPECIFIED.';
