-- The template of every log record.
CREATE OR REPLACE TEMP VIEW log_record_templates AS
SELECT
    records.source_id                               AS source_id,
    records.line                                    AS line,
    records.ordinal                                 AS ordinal,
    records.ts_ns                                   AS ts_ns,
    records.service                                 AS service,
    records.severity_number                         AS severity_number,
    log_masks.template_id                           AS template_id
FROM log_record_masks AS records
JOIN log_masks USING (mask_id);

COMMENT ON VIEW log_record_templates IS 'The template of one log record.';
COMMENT ON COLUMN log_record_templates.source_id IS 'Source of the record.';
COMMENT ON COLUMN log_record_templates.line IS 'Line it starts on, counted from 1.';
COMMENT ON COLUMN log_record_templates.ordinal IS 'Position among the records that start on the same line, from 0.';
COMMENT ON COLUMN log_record_templates.ts_ns IS 'Time of the record, nanoseconds since the epoch, UTC; null when none could be read.';
COMMENT ON COLUMN log_record_templates.service IS 'Service that wrote it.';
COMMENT ON COLUMN log_record_templates.severity_number IS 'OpenTelemetry severity number, 1 to 24.';
COMMENT ON COLUMN log_record_templates.template_id IS 'Its template.';
