ALTER TABLE push_events ADD COLUMN content_id VARCHAR;
ALTER TABLE push_events ADD COLUMN again_to_line BIGINT DEFAULT 0;
COMMENT ON COLUMN push_events.content_id IS 'Content the source had when it was last pushed: lines that could still change may be others since.';
COMMENT ON COLUMN push_events.again_to_line IS 'Records up to this line were sent before they changed; they replace what the server has.';
