CREATE TABLE log_links (
    source_id       INTEGER NOT NULL,
    line            BIGINT NOT NULL,
    ordinal         INTEGER NOT NULL,
    ts_ns           BIGINT,
    service         VARCHAR,
    method          VARCHAR NOT NULL,
    trace_id        VARCHAR NOT NULL,
    span_id         VARCHAR
);
COMMENT ON TABLE log_links IS 'The span, or at least the trace, that one log record belongs to; loglens derive makes it.';
COMMENT ON COLUMN log_links.source_id IS 'Source of the record.';
COMMENT ON COLUMN log_links.line IS 'Line it starts on, counted from 1.';
COMMENT ON COLUMN log_links.ordinal IS 'Position among the records that start on the same line, from 0.';
COMMENT ON COLUMN log_links.ts_ns IS 'Time of the record, nanoseconds since the epoch, UTC; null when none could be read.';
COMMENT ON COLUMN log_links.service IS 'Service that wrote it.';
COMMENT ON COLUMN log_links.method IS 'How it was found: ids, trace_time, request_id, traceparent, session or thread_time. All but ids and traceparent are inferred.';
COMMENT ON COLUMN log_links.trace_id IS 'Trace, as its spans name it.';
COMMENT ON COLUMN log_links.span_id IS 'Span; null where only the trace is certain.';
