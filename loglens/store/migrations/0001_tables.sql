CREATE TABLE sources (
    source_id       INTEGER NOT NULL,
    uri             VARCHAR NOT NULL,
    format          VARCHAR NOT NULL,
    shape           VARCHAR NOT NULL,
    options         JSON NOT NULL,
    assumptions     JSON NOT NULL,
    stored_bytes    BIGINT NOT NULL,
    mtime_ns        BIGINT,
    inode           UBIGINT,
    content_bytes   BIGINT NOT NULL,
    content_id      VARCHAR NOT NULL,
    head_bytes      INTEGER NOT NULL,
    head_id         VARCHAR NOT NULL,
    bytes_done      BIGINT NOT NULL,
    done_id         VARCHAR NOT NULL,
    lines_done      BIGINT NOT NULL,
    lines           BIGINT NOT NULL,
    blank_lines     BIGINT NOT NULL,
    reject_lines    BIGINT NOT NULL,
    record_lines    BIGINT NOT NULL,
    records         BIGINT NOT NULL,
    rejects         BIGINT NOT NULL,
    untimed         BIGINT NOT NULL,
    unread          BIGINT NOT NULL,
    state           VARCHAR NOT NULL,
    note            VARCHAR,
    ingested_ns     BIGINT NOT NULL,
    ingested_at     TIMESTAMP_NS GENERATED ALWAYS AS (make_timestamp_ns(ingested_ns)) VIRTUAL
);
COMMENT ON TABLE sources IS 'One ingested file: the ledger that makes ingest exactly once.';
COMMENT ON COLUMN sources.source_id IS 'Number of the source; every record, reject and span names it.';
COMMENT ON COLUMN sources.uri IS 'Path the content was last seen under, or the name given to standard input.';
COMMENT ON COLUMN sources.format IS 'Format it was read as.';
COMMENT ON COLUMN sources.shape IS 'How it was cut into pieces: lines or document.';
COMMENT ON COLUMN sources.options IS 'Reading options it was read with; others need --again.';
COMMENT ON COLUMN sources.assumptions IS 'What was assumed while reading: time zone, duration unit, service name, keys used for columns.';
COMMENT ON COLUMN sources.stored_bytes IS 'Bytes of the file as stored, compressed or not.';
COMMENT ON COLUMN sources.mtime_ns IS 'Modification time of the file when read, null for standard input.';
COMMENT ON COLUMN sources.inode IS 'Inode of the file when read, null for standard input.';
COMMENT ON COLUMN sources.content_bytes IS 'Bytes of the unpacked content that were read.';
COMMENT ON COLUMN sources.content_id IS 'XXH3-128 of the unpacked content: the identity of the source.';
COMMENT ON COLUMN sources.head_bytes IS 'How many leading bytes head_id covers.';
COMMENT ON COLUMN sources.head_id IS 'XXH3-128 of the leading bytes, to find candidates for renamed or rotated files.';
COMMENT ON COLUMN sources.bytes_done IS 'End of the last complete line: where reading goes on when the file has grown.';
COMMENT ON COLUMN sources.done_id IS 'XXH3-128 of the content up to bytes_done.';
COMMENT ON COLUMN sources.lines_done IS 'Number of lines up to bytes_done.';
COMMENT ON COLUMN sources.lines IS 'Lines read: blank_lines + reject_lines + record_lines.';
COMMENT ON COLUMN sources.blank_lines IS 'Lines of white space only.';
COMMENT ON COLUMN sources.reject_lines IS 'Lines that belong to rejects.';
COMMENT ON COLUMN sources.record_lines IS 'Lines that are part of records.';
COMMENT ON COLUMN sources.records IS 'Log records, spans, metric samples and health checks made from it.';
COMMENT ON COLUMN sources.rejects IS 'Rows in rejects.';
COMMENT ON COLUMN sources.untimed IS 'Records kept with a null time because none could be read.';
COMMENT ON COLUMN sources.unread IS 'Records of a kind that is recognised and not read yet.';
COMMENT ON COLUMN sources.state IS 'complete, or damaged when the content ended before its end or changed while it was read.';
COMMENT ON COLUMN sources.note IS 'What a reader of the ledger should know, such as a second path with the same content.';
COMMENT ON COLUMN sources.ingested_ns IS 'When it was last read, nanoseconds since the epoch.';
COMMENT ON COLUMN sources.ingested_at IS 'When it was last read.';

CREATE TABLE rejects (
    source_id       INTEGER NOT NULL,
    line            BIGINT NOT NULL,
    lines           INTEGER NOT NULL,
    reason          VARCHAR NOT NULL,
    raw             VARCHAR NOT NULL
);
COMMENT ON TABLE rejects IS 'One piece of a file that could not be read as a record.';
COMMENT ON COLUMN rejects.source_id IS 'Source it came from.';
COMMENT ON COLUMN rejects.line IS 'Line it starts on, counted from 1.';
COMMENT ON COLUMN rejects.lines IS 'Lines that count as rejected with it; 0 where other records of the same line were read.';
COMMENT ON COLUMN rejects.reason IS 'Why it could not be read.';
COMMENT ON COLUMN rejects.raw IS 'Its text; bytes that are not UTF-8 are written as \xNN.';

CREATE TABLE logs (
    source_id       INTEGER NOT NULL,
    line            BIGINT NOT NULL,
    ordinal         INTEGER NOT NULL,
    ts_ns           BIGINT,
    ts              TIMESTAMP_NS GENERATED ALWAYS AS (make_timestamp_ns(ts_ns)) VIRTUAL,
    service         VARCHAR,
    instance        VARCHAR,
    severity_number TINYINT,
    level           VARCHAR,
    logger          VARCHAR,
    message         VARCHAR,
    trace_id        VARCHAR USING COMPRESSION zstd,
    span_id         VARCHAR USING COMPRESSION zstd,
    request_id      VARCHAR USING COMPRESSION zstd,
    user_id         VARCHAR USING COMPRESSION zstd,
    error_type      VARCHAR,
    error_message   VARCHAR,
    http_method     VARCHAR,
    path            VARCHAR,
    route           VARCHAR,
    status_code     SMALLINT,
    duration_ns     BIGINT,
    attributes      JSON USING COMPRESSION zstd,
    resource        JSON,
    raw             VARCHAR
);
COMMENT ON TABLE logs IS 'One log record.';
COMMENT ON COLUMN logs.source_id IS 'Source it came from.';
COMMENT ON COLUMN logs.line IS 'Line it starts on, counted from 1.';
COMMENT ON COLUMN logs.ordinal IS 'Position among the records that start on the same line, from 0.';
COMMENT ON COLUMN logs.ts_ns IS 'Time of the record, nanoseconds since the epoch, UTC; null when none could be read.';
COMMENT ON COLUMN logs.ts IS 'Time of the record.';
COMMENT ON COLUMN logs.service IS 'Service that wrote it.';
COMMENT ON COLUMN logs.instance IS 'Instance of the service: service.instance.id, pod or host.';
COMMENT ON COLUMN logs.severity_number IS 'OpenTelemetry severity number, 1 to 24: 9 is INFO, 13 WARN, 17 ERROR, 21 FATAL.';
COMMENT ON COLUMN logs.level IS 'Level as it was written.';
COMMENT ON COLUMN logs.logger IS 'Name of the logger or instrumentation scope.';
COMMENT ON COLUMN logs.message IS 'Message or body; structured bodies as JSON text.';
COMMENT ON COLUMN logs.trace_id IS 'Trace id, lower-case hex.';
COMMENT ON COLUMN logs.span_id IS 'Span id, lower-case hex.';
COMMENT ON COLUMN logs.request_id IS 'Request or correlation id.';
COMMENT ON COLUMN logs.user_id IS 'User id.';
COMMENT ON COLUMN logs.error_type IS 'Type of the exception or error.';
COMMENT ON COLUMN logs.error_message IS 'Message of the exception or error.';
COMMENT ON COLUMN logs.http_method IS 'HTTP request method.';
COMMENT ON COLUMN logs.path IS 'Path or URL as it was written.';
COMMENT ON COLUMN logs.route IS 'Route template: http.route, or the path with ids replaced by {id}.';
COMMENT ON COLUMN logs.status_code IS 'HTTP response status code.';
COMMENT ON COLUMN logs.duration_ns IS 'Duration in nanoseconds.';
COMMENT ON COLUMN logs.attributes IS 'Everything else that was in the record, as a JSON object; null when nothing was left.';
COMMENT ON COLUMN logs.resource IS 'OpenTelemetry resource attributes, as a JSON object.';
COMMENT ON COLUMN logs.raw IS 'The record as it was written, byte for byte, where the columns would lose something.';

CREATE TABLE spans (
    source_id       INTEGER NOT NULL,
    line            BIGINT NOT NULL,
    ordinal         INTEGER NOT NULL,
    trace_id        VARCHAR NOT NULL,
    span_id         VARCHAR NOT NULL,
    parent_span_id  VARCHAR,
    service         VARCHAR,
    instance        VARCHAR,
    name            VARCHAR,
    kind            VARCHAR NOT NULL,
    start_ns        BIGINT,
    start_ts        TIMESTAMP_NS GENERATED ALWAYS AS (make_timestamp_ns(start_ns)) VIRTUAL,
    duration_ns     BIGINT,
    status          VARCHAR NOT NULL,
    status_message  VARCHAR,
    http_method     VARCHAR,
    path            VARCHAR,
    route           VARCHAR,
    status_code     SMALLINT,
    db_system       VARCHAR,
    db_query        VARCHAR,
    peer_service    VARCHAR,
    messaging_system      VARCHAR,
    messaging_destination VARCHAR,
    gen_ai_model          VARCHAR,
    gen_ai_input_tokens   BIGINT,
    gen_ai_output_tokens  BIGINT,
    user_id         VARCHAR,
    error_type      VARCHAR,
    scope_name      VARCHAR,
    events          JSON,
    links           JSON,
    attributes      JSON USING COMPRESSION zstd,
    resource        JSON,
    extra           JSON,
    raw             VARCHAR
);
COMMENT ON TABLE spans IS 'One span.';
COMMENT ON COLUMN spans.source_id IS 'Source it came from.';
COMMENT ON COLUMN spans.line IS 'Line its piece of the file starts on, counted from 1.';
COMMENT ON COLUMN spans.ordinal IS 'Position among the spans that start on the same line, from 0.';
COMMENT ON COLUMN spans.trace_id IS 'Trace id, lower-case hex.';
COMMENT ON COLUMN spans.span_id IS 'Span id, lower-case hex.';
COMMENT ON COLUMN spans.parent_span_id IS 'Span id of the parent, lower-case hex; null for a root.';
COMMENT ON COLUMN spans.service IS 'service.name of the resource.';
COMMENT ON COLUMN spans.instance IS 'Instance of the service: service.instance.id, k8s.pod.name or host.name.';
COMMENT ON COLUMN spans.name IS 'Span name.';
COMMENT ON COLUMN spans.kind IS 'SERVER, CLIENT, PRODUCER, CONSUMER, INTERNAL or UNSPECIFIED.';
COMMENT ON COLUMN spans.start_ns IS 'Start, nanoseconds since the epoch, UTC.';
COMMENT ON COLUMN spans.start_ts IS 'Start.';
COMMENT ON COLUMN spans.duration_ns IS 'End minus start in nanoseconds; negative where the record says so.';
COMMENT ON COLUMN spans.status IS 'UNSET, OK or ERROR.';
COMMENT ON COLUMN spans.status_message IS 'Description that came with the status.';
COMMENT ON COLUMN spans.http_method IS 'http.request.method.';
COMMENT ON COLUMN spans.path IS 'url.path, or url.full where that is all there is.';
COMMENT ON COLUMN spans.route IS 'Route template: http.route, or the path with ids replaced by {id}.';
COMMENT ON COLUMN spans.status_code IS 'http.response.status_code.';
COMMENT ON COLUMN spans.db_system IS 'db.system.name.';
COMMENT ON COLUMN spans.db_query IS 'db.query.text.';
COMMENT ON COLUMN spans.peer_service IS 'service.peer.name, or server.address of an outgoing call.';
COMMENT ON COLUMN spans.messaging_system IS 'messaging.system.';
COMMENT ON COLUMN spans.messaging_destination IS 'messaging.destination.name.';
COMMENT ON COLUMN spans.gen_ai_model IS 'gen_ai.request.model, or gen_ai.response.model.';
COMMENT ON COLUMN spans.gen_ai_input_tokens IS 'gen_ai.usage.input_tokens.';
COMMENT ON COLUMN spans.gen_ai_output_tokens IS 'gen_ai.usage.output_tokens.';
COMMENT ON COLUMN spans.user_id IS 'user.id.';
COMMENT ON COLUMN spans.error_type IS 'error.type, or exception.type of the first exception event.';
COMMENT ON COLUMN spans.scope_name IS 'Name of the instrumentation scope.';
COMMENT ON COLUMN spans.events IS 'Span events, as they were written.';
COMMENT ON COLUMN spans.links IS 'Span links, as they were written.';
COMMENT ON COLUMN spans.attributes IS 'All span attributes under their own names, as a JSON object.';
COMMENT ON COLUMN spans.resource IS 'Resource attributes, as a JSON object.';
COMMENT ON COLUMN spans.extra IS 'What else was in the record: trace state, flags, dropped counts, scope details, unknown keys.';
COMMENT ON COLUMN spans.raw IS 'The record as it was written, byte for byte, where the columns would lose something.';

CREATE TABLE metric_samples (
    source_id       INTEGER NOT NULL,
    line            BIGINT NOT NULL,
    ordinal         INTEGER NOT NULL,
    ts_ns           BIGINT,
    ts              TIMESTAMP_NS GENERATED ALWAYS AS (make_timestamp_ns(ts_ns)) VIRTUAL,
    service         VARCHAR,
    name            VARCHAR NOT NULL,
    type            VARCHAR NOT NULL,
    unit            VARCHAR,
    labels          JSON,
    value           DOUBLE,
    resource        JSON,
    extra           JSON
);
COMMENT ON TABLE metric_samples IS 'One sample of one series.';
COMMENT ON COLUMN metric_samples.source_id IS 'Source it came from.';
COMMENT ON COLUMN metric_samples.line IS 'Line its piece of the file starts on, counted from 1.';
COMMENT ON COLUMN metric_samples.ordinal IS 'Position among the samples that start on the same line, from 0.';
COMMENT ON COLUMN metric_samples.ts_ns IS 'Time of the sample, nanoseconds since the epoch, UTC.';
COMMENT ON COLUMN metric_samples.ts IS 'Time of the sample.';
COMMENT ON COLUMN metric_samples.service IS 'Service it belongs to.';
COMMENT ON COLUMN metric_samples.name IS 'Name of the series.';
COMMENT ON COLUMN metric_samples.type IS 'gauge, counter, histogram_bucket, histogram_sum, histogram_count, summary or unknown.';
COMMENT ON COLUMN metric_samples.unit IS 'Unit, where the record names one.';
COMMENT ON COLUMN metric_samples.labels IS 'Labels of the series, as a JSON object.';
COMMENT ON COLUMN metric_samples.value IS 'Value.';
COMMENT ON COLUMN metric_samples.resource IS 'Resource attributes, as a JSON object.';
COMMENT ON COLUMN metric_samples.extra IS 'What else was in the record: start time, exemplars, flags, temporality.';

CREATE TABLE health_checks (
    source_id       INTEGER NOT NULL,
    line            BIGINT NOT NULL,
    ordinal         INTEGER NOT NULL,
    ts_ns           BIGINT,
    ts              TIMESTAMP_NS GENERATED ALWAYS AS (make_timestamp_ns(ts_ns)) VIRTUAL,
    service         VARCHAR,
    status          VARCHAR,
    version         VARCHAR,
    uptime_s        DOUBLE,
    latency_ms      DOUBLE,
    checks          JSON
);
COMMENT ON TABLE health_checks IS 'One health response.';
COMMENT ON COLUMN health_checks.source_id IS 'Source it came from.';
COMMENT ON COLUMN health_checks.line IS 'Line it starts on, counted from 1.';
COMMENT ON COLUMN health_checks.ordinal IS 'Position among the responses that start on the same line, from 0.';
COMMENT ON COLUMN health_checks.ts_ns IS 'Time of the response, nanoseconds since the epoch, UTC.';
COMMENT ON COLUMN health_checks.ts IS 'Time of the response.';
COMMENT ON COLUMN health_checks.service IS 'Service that answered.';
COMMENT ON COLUMN health_checks.status IS 'Status as it was answered.';
COMMENT ON COLUMN health_checks.version IS 'Version of the service.';
COMMENT ON COLUMN health_checks.uptime_s IS 'Seconds since the service started.';
COMMENT ON COLUMN health_checks.latency_ms IS 'Milliseconds the answer took.';
COMMENT ON COLUMN health_checks.checks IS 'Answers of the single checks, as a JSON object.';
