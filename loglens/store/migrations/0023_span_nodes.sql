-- Made again by the next derivation. What ten million spans have in common with many others, or with their whole trace,
-- is written once: text takes as long to write as all numbers.
DELETE FROM derived_sources WHERE derivation = 'trace_structure';
DROP TABLE span_structure;

CREATE TABLE span_nodes (
    node            BIGINT NOT NULL,
    parent          BIGINT,
    root            BIGINT NOT NULL,
    invocation      BIGINT NOT NULL,
    path            BIGINT NOT NULL,
    class_id        UINTEGER NOT NULL,
    source_id       INTEGER NOT NULL,
    line            BIGINT NOT NULL,
    ordinal         INTEGER NOT NULL,
    start_ns        BIGINT,
    duration_ns     BIGINT,
    depth           SMALLINT NOT NULL,
    skew_ns         BIGINT NOT NULL,
    begin_ns        BIGINT,
    finish_ns       BIGINT,
    self_ns         BIGINT,
    path_ns         BIGINT,
    shape_id        UBIGINT,
    params_id       UBIGINT,
    calls           INTEGER,
    items           INTEGER,
    returned_rows   BIGINT
);
COMMENT ON TABLE span_nodes IS 'The place of one span in its trace; loglens derive makes it, the view span_tree reads it.';
COMMENT ON COLUMN span_nodes.node IS 'Number of the span, unique in the store; derived again it gets another one.';
COMMENT ON COLUMN span_nodes.parent IS 'Node of its parent; null for a root and where no parent was found.';
COMMENT ON COLUMN span_nodes.root IS 'Node of the root above it, which may be the head of a fragment.';
COMMENT ON COLUMN span_nodes.invocation IS 'Node of the entry span it was run for: the nearest one above in the same service.';
COMMENT ON COLUMN span_nodes.path IS 'Node of the span whose critical path it is on: the root, or the last span above that nobody waited for.';
COMMENT ON COLUMN span_nodes.class_id IS 'What it has in common with others: a row of span_classes.';
COMMENT ON COLUMN span_nodes.source_id IS 'Source it came from.';
COMMENT ON COLUMN span_nodes.line IS 'Line its piece of the file starts on, counted from 1.';
COMMENT ON COLUMN span_nodes.ordinal IS 'Position among the spans that start on the same line, from 0.';
COMMENT ON COLUMN span_nodes.start_ns IS 'Start as recorded, nanoseconds since the epoch, UTC.';
COMMENT ON COLUMN span_nodes.duration_ns IS 'Duration as recorded, in nanoseconds; negative where the record says so.';
COMMENT ON COLUMN span_nodes.depth IS 'Spans above it, up to its root.';
COMMENT ON COLUMN span_nodes.skew_ns IS 'Correction of its clock that is in begin_ns and finish_ns, in nanoseconds.';
COMMENT ON COLUMN span_nodes.begin_ns IS 'Start of its effective interval: corrected, and inside that of its parent where that waited.';
COMMENT ON COLUMN span_nodes.finish_ns IS 'End of its effective interval.';
COMMENT ON COLUMN span_nodes.self_ns IS 'Effective duration less the time in which a child it waited for ran, in nanoseconds.';
COMMENT ON COLUMN span_nodes.path_ns IS 'Its own part of the critical path it is on, in nanoseconds.';
COMMENT ON COLUMN span_nodes.shape_id IS 'Shape of its query; null where it has none.';
COMMENT ON COLUMN span_nodes.params_id IS 'Hash of the values in its query; null where they are hidden.';
COMMENT ON COLUMN span_nodes.calls IS 'Calls it stands for: more than 1 where an agent recorded several as one; null where it is no call.';
COMMENT ON COLUMN span_nodes.items IS 'How much the call does at once: rows of a VALUES list, members of an IN list, commands of a pipeline.';
COMMENT ON COLUMN span_nodes.returned_rows IS 'Rows the call returned or changed, where the span says.';

CREATE TABLE span_classes (
    class_id        UINTEGER NOT NULL,
    service         VARCHAR,
    instance        VARCHAR,
    operation       VARCHAR,
    kind            VARCHAR NOT NULL,
    is_entry        BOOLEAN NOT NULL,
    is_error        BOOLEAN NOT NULL,
    peer            VARCHAR,
    is_async        BOOLEAN NOT NULL,
    parent_state    VARCHAR NOT NULL
);
COMMENT ON TABLE span_classes IS 'What spans have in common with many others; loglens derive makes it, the view span_tree reads it.';
COMMENT ON COLUMN span_classes.class_id IS 'Number of the class, unique in the store; derived again it gets another one.';
COMMENT ON COLUMN span_classes.service IS 'service.name of the resource.';
COMMENT ON COLUMN span_classes.instance IS 'Instance of the service.';
COMMENT ON COLUMN span_classes.operation IS 'Route of an entry span, where it has one; else the span name.';
COMMENT ON COLUMN span_classes.kind IS 'SERVER, CLIENT, PRODUCER, CONSUMER, INTERNAL or UNSPECIFIED.';
COMMENT ON COLUMN span_classes.is_entry IS 'Whether it heads an invocation: a root, a server or consumer span, or a child of another service.';
COMMENT ON COLUMN span_classes.is_error IS 'Whether the status code is 500 or above, or the span status ERROR.';
COMMENT ON COLUMN span_classes.peer IS 'What it calls: peer service, else database system, messaging destination, or host of the URL.';
COMMENT ON COLUMN span_classes.is_async IS 'Whether its parent did not wait for it: it takes no part in the times of the spans above.';
COMMENT ON COLUMN span_classes.parent_state IS 'How its parent was found: root, local, remote, attached, missing; or why it stands alone: cycle, too deep, duplicate, oversized.';

CREATE TABLE span_traces (
    root            BIGINT NOT NULL,
    trace_id        VARCHAR NOT NULL USING COMPRESSION zstd
);
COMMENT ON TABLE span_traces IS 'The trace of one root; loglens derive makes it, the view span_tree reads it.';
COMMENT ON COLUMN span_traces.root IS 'Node of the root.';
COMMENT ON COLUMN span_traces.trace_id IS 'Trace id, lower-case hex.';
