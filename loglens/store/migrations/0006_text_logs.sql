ALTER TABLE sources ADD COLUMN open_blank_lines BIGINT DEFAULT 0;
COMMENT ON COLUMN sources.shape IS 'How it was cut into pieces: lines, records (a line and those that go on with it) or document.';
COMMENT ON COLUMN sources.open_blank_lines IS 'Blank lines behind lines_done, among lines that may still change.';
