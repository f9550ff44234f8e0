CREATE TABLE log_templates (
    template_id     UBIGINT NOT NULL,
    template        VARCHAR NOT NULL,
    frames          VARCHAR,
    records         BIGINT NOT NULL
);
COMMENT ON TABLE log_templates IS 'One template: what messages have in common, with <*> for their values; loglens derive makes it.';
COMMENT ON COLUMN log_templates.template_id IS 'Hash of template and frames: the same in every store.';
COMMENT ON COLUMN log_templates.template IS 'Message, and the error it names, with <*> for values.';
COMMENT ON COLUMN log_templates.frames IS 'Top frames of the stack trace without line numbers, the innermost first, one a line; null where there are none.';
COMMENT ON COLUMN log_templates.records IS 'Records that have it.';

CREATE TABLE log_masks (
    mask_id         UBIGINT NOT NULL,
    masked          VARCHAR NOT NULL,
    frames          VARCHAR,
    template_id     UBIGINT
);
COMMENT ON TABLE log_masks IS 'The template of one distinct masked message; loglens derive makes it.';
COMMENT ON COLUMN log_masks.mask_id IS 'Hash of the message with its values masked, and of the frames.';
COMMENT ON COLUMN log_masks.masked IS 'Message, and the error it names, with <*> for what is masked.';
COMMENT ON COLUMN log_masks.frames IS 'Top frames of the stack trace.';
COMMENT ON COLUMN log_masks.template_id IS 'Its template.';

CREATE TABLE log_record_masks (
    source_id       INTEGER NOT NULL,
    line            BIGINT NOT NULL,
    ordinal         INTEGER NOT NULL,
    mask_id         UBIGINT NOT NULL,
    ts_ns           BIGINT,
    service         VARCHAR,
    severity_number TINYINT
);
COMMENT ON TABLE log_record_masks IS 'The masked message of one log record; loglens derive makes it, the view log_record_templates reads it.';
COMMENT ON COLUMN log_record_masks.source_id IS 'Source of the record.';
COMMENT ON COLUMN log_record_masks.line IS 'Line it starts on, counted from 1.';
COMMENT ON COLUMN log_record_masks.ordinal IS 'Position among the records that start on the same line, from 0.';
COMMENT ON COLUMN log_record_masks.mask_id IS 'Its masked message.';
COMMENT ON COLUMN log_record_masks.ts_ns IS 'Time of the record, nanoseconds since the epoch, UTC; null when none could be read.';
COMMENT ON COLUMN log_record_masks.service IS 'Service that wrote it.';
COMMENT ON COLUMN log_record_masks.severity_number IS 'OpenTelemetry severity number, 1 to 24.';
