CREATE TABLE query_shapes (
    shape_id        UBIGINT NOT NULL,
    shape           VARCHAR NOT NULL,
    kind            VARCHAR NOT NULL,
    operation       VARCHAR,
    target          VARCHAR,
    is_write        BOOLEAN NOT NULL,
    is_paging       BOOLEAN NOT NULL,
    is_truncated    BOOLEAN NOT NULL,
    is_routine      BOOLEAN NOT NULL,
    tags            JSON,
    example         VARCHAR NOT NULL
);
COMMENT ON TABLE query_shapes IS 'One shape of calls: a statement, command or request without its parameters; loglens derive makes it.';
COMMENT ON COLUMN query_shapes.shape_id IS 'Hash of kind and shape: the same in every store.';
COMMENT ON COLUMN query_shapes.shape IS 'What is called, with ? for literals and placeholders, (...) for lists and {id} for ids; an end that is missing is ….';
COMMENT ON COLUMN query_shapes.kind IS 'sql, redis, document, http, grpc, messaging, llm, or call where nothing tells.';
COMMENT ON COLUMN query_shapes.operation IS 'Verb: SELECT, GET, send, chat.';
COMMENT ON COLUMN query_shapes.target IS 'What it is about: table, key pattern, collection, host, service, destination, model.';
COMMENT ON COLUMN query_shapes.is_write IS 'Whether it changes rows or keys.';
COMMENT ON COLUMN query_shapes.is_paging IS 'Whether it asks for the next page: OFFSET, or from the last key on.';
COMMENT ON COLUMN query_shapes.is_truncated IS 'Whether its end was cut off before it was recorded.';
COMMENT ON COLUMN query_shapes.is_routine IS 'Whether it is housekeeping of a driver: BEGIN, SET, PING, SELECT 1, catalogues, tokens and health checks.';
COMMENT ON COLUMN query_shapes.tags IS 'What comments in the example say of the caller, as sqlcommenter or marginalia write them.';
COMMENT ON COLUMN query_shapes.example IS 'One text of this shape as it was recorded.';

CREATE TABLE query_texts (
    text_id         UBIGINT NOT NULL,
    shape_id        UBIGINT NOT NULL,
    params_id       UBIGINT,
    items           INTEGER NOT NULL
);
COMMENT ON TABLE query_texts IS 'The shape of one distinct text of a call; loglens derive makes it.';
COMMENT ON COLUMN query_texts.text_id IS 'Hash of the text and how it is read.';
COMMENT ON COLUMN query_texts.shape_id IS 'Its shape.';
COMMENT ON COLUMN query_texts.params_id IS 'Hash of the values in it; null where placeholders hide some.';
COMMENT ON COLUMN query_texts.items IS 'Rows of its longest VALUES list, members of its longest IN list, or commands of a pipeline.';

CREATE TABLE log_calls (
    source_id       INTEGER NOT NULL,
    line            BIGINT NOT NULL,
    ordinal         INTEGER NOT NULL,
    service         VARCHAR,
    trace_id        VARCHAR,
    grouped_by      VARCHAR NOT NULL,
    group_id        UBIGINT NOT NULL,
    shape_id        UBIGINT NOT NULL,
    params_id       UBIGINT,
    items           INTEGER NOT NULL,
    begin_ns        BIGINT,
    finish_ns       BIGINT,
    duration_ns     BIGINT,
    is_error        BOOLEAN NOT NULL
);
COMMENT ON TABLE log_calls IS 'One log record that tells of a statement or an outgoing call; loglens derive makes it.';
COMMENT ON COLUMN log_calls.source_id IS 'Source of the record.';
COMMENT ON COLUMN log_calls.line IS 'Line it starts on, counted from 1.';
COMMENT ON COLUMN log_calls.ordinal IS 'Position among the records that start on the same line, from 0.';
COMMENT ON COLUMN log_calls.service IS 'Service that wrote it.';
COMMENT ON COLUMN log_calls.trace_id IS 'Trace id of the record, or of the comment in its statement.';
COMMENT ON COLUMN log_calls.grouped_by IS 'What holds calls of one request together: trace, request or session.';
COMMENT ON COLUMN log_calls.group_id IS 'Hash of that id.';
COMMENT ON COLUMN log_calls.shape_id IS 'Shape of the call.';
COMMENT ON COLUMN log_calls.params_id IS 'Hash of the values in it; null where they are hidden.';
COMMENT ON COLUMN log_calls.items IS 'How much it does at once: rows, members of a list, commands.';
COMMENT ON COLUMN log_calls.begin_ns IS 'Time of the record less the duration it tells of, nanoseconds since the epoch.';
COMMENT ON COLUMN log_calls.finish_ns IS 'Time of the record.';
COMMENT ON COLUMN log_calls.duration_ns IS 'Duration it tells of; null where it tells none.';
COMMENT ON COLUMN log_calls.is_error IS 'Whether it failed: the level is ERROR or above, or the status 500 or above.';

ALTER TABLE span_structure ADD COLUMN calls INTEGER;
ALTER TABLE span_structure ADD COLUMN items INTEGER;
ALTER TABLE span_structure ADD COLUMN returned_rows BIGINT;
COMMENT ON COLUMN span_structure.calls IS 'Calls it stands for: more than 1 where an agent recorded several as one; null where it is no call.';
COMMENT ON COLUMN span_structure.items IS 'How much the call does at once: rows of a VALUES list, members of an IN list, commands of a pipeline.';
COMMENT ON COLUMN span_structure.returned_rows IS 'Rows the call returned or changed, where the span says.';
