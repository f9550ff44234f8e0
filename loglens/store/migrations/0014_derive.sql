COMMENT ON TABLE log_calls IS 'One log record, or several of one statement, that tell of a statement or an outgoing call; loglens derive makes it.';
COMMENT ON COLUMN log_calls.grouped_by IS 'What holds calls of one request together: trace, request or session; record where nothing does.';
COMMENT ON COLUMN log_calls.group_id IS 'Hash of that id, or of the place of the record.';
COMMENT ON COLUMN log_calls.finish_ns IS 'Time of the record, or of the one that tells its duration.';
