CREATE TABLE acks (
    fingerprint VARCHAR NOT NULL PRIMARY KEY,
    detector    VARCHAR NOT NULL,
    service     VARCHAR,
    subject     VARCHAR NOT NULL,
    reason      VARCHAR NOT NULL,
    until_ns    BIGINT,
    acked_ns    BIGINT NOT NULL
);

COMMENT ON TABLE acks IS 'Findings that somebody has acknowledged; they stay when sources go.';
COMMENT ON COLUMN acks.fingerprint IS 'Fingerprint of the finding.';
COMMENT ON COLUMN acks.detector IS 'Detector that found it.';
COMMENT ON COLUMN acks.service IS 'Service it is in.';
COMMENT ON COLUMN acks.subject IS 'What is accused.';
COMMENT ON COLUMN acks.reason IS 'Why it is tolerated.';
COMMENT ON COLUMN acks.until_ns IS 'When it is reported again; null for never.';
COMMENT ON COLUMN acks.acked_ns IS 'When it was acknowledged.';
