CREATE TABLE push_events (
    target      VARCHAR NOT NULL,
    stream      VARCHAR NOT NULL,
    source_id   INTEGER NOT NULL,
    begun_ns    BIGINT,
    source_key  VARCHAR NOT NULL,
    lines_done  BIGINT NOT NULL,
    done_line   BIGINT NOT NULL,
    done_ordinal INTEGER NOT NULL,
    documents   BIGINT NOT NULL,
    PRIMARY KEY (target, stream, source_id)
);
COMMENT ON TABLE push_events IS 'How far the records of each source have been taken by a server they were pushed to.';
COMMENT ON COLUMN push_events.target IS 'Server, layout and names of the indices.';
COMMENT ON COLUMN push_events.stream IS 'Table the records are in.';
COMMENT ON COLUMN push_events.source_id IS 'Source they came from.';
COMMENT ON COLUMN push_events.begun_ns IS 'When the source had last been read from its first line.';
COMMENT ON COLUMN push_events.source_key IS 'Content the source had when it was first pushed; the ids of its documents begin so.';
COMMENT ON COLUMN push_events.lines_done IS 'Lines of the source that could no longer change.';
COMMENT ON COLUMN push_events.done_line IS 'Line of the last record the server has answered for.';
COMMENT ON COLUMN push_events.done_ordinal IS 'Position of that record on its line.';
COMMENT ON COLUMN push_events.documents IS 'Documents the server has of it.';

CREATE TABLE push_results (
    target      VARCHAR NOT NULL,
    index_name  VARCHAR NOT NULL,
    document_id VARCHAR NOT NULL,
    digest      VARCHAR NOT NULL,
    PRIMARY KEY (target, index_name, document_id)
);
COMMENT ON TABLE push_results IS 'What was pushed of each row of an answer, so that what has not changed is not sent again.';
COMMENT ON COLUMN push_results.target IS 'Server, layout and names of the indices.';
COMMENT ON COLUMN push_results.index_name IS 'Index it is in.';
COMMENT ON COLUMN push_results.document_id IS 'Id of the document.';
COMMENT ON COLUMN push_results.digest IS 'SHA-256 of the document.';

CREATE TABLE push_rejects (
    target      VARCHAR NOT NULL,
    index_name  VARCHAR NOT NULL,
    document_id VARCHAR NOT NULL,
    source_key  VARCHAR,
    status      INTEGER NOT NULL,
    reason      VARCHAR NOT NULL,
    request     VARCHAR NOT NULL,
    pushed_ns   BIGINT NOT NULL,
    PRIMARY KEY (target, index_name, document_id)
);
COMMENT ON TABLE push_rejects IS 'Documents a server refused; loglens push --retry-rejects tries them again.';
COMMENT ON COLUMN push_rejects.target IS 'Server, layout and names of the indices.';
COMMENT ON COLUMN push_rejects.index_name IS 'Index it was meant for.';
COMMENT ON COLUMN push_rejects.document_id IS 'Id of the document.';
COMMENT ON COLUMN push_rejects.source_key IS 'Source of the record, null for a row of an answer.';
COMMENT ON COLUMN push_rejects.status IS 'HTTP status of the refusal.';
COMMENT ON COLUMN push_rejects.reason IS 'What the server said.';
COMMENT ON COLUMN push_rejects.request IS 'The two lines of the bulk request: what to do, and the document.';
COMMENT ON COLUMN push_rejects.pushed_ns IS 'When it was refused.';
