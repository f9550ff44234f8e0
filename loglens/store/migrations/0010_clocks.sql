CREATE TABLE clock_offsets (
    caller          VARCHAR NOT NULL,
    callee          VARCHAR NOT NULL,
    period_ns       BIGINT NOT NULL,
    calls           BIGINT NOT NULL,
    low_ns          BIGINT NOT NULL,
    high_ns         BIGINT NOT NULL,
    offset_ns       BIGINT NOT NULL,
    agreeing_ratio  DOUBLE NOT NULL,
    correction_ns   BIGINT
);
COMMENT ON TABLE clock_offsets IS 'How far the clock of one instance is off that of another, from their calls of ten minutes.';
COMMENT ON COLUMN clock_offsets.caller IS 'Instance that calls; its service where it has no name.';
COMMENT ON COLUMN clock_offsets.callee IS 'Instance that is called.';
COMMENT ON COLUMN clock_offsets.period_ns IS 'Start of the ten minutes, by the clock of the callee.';
COMMENT ON COLUMN clock_offsets.calls IS 'Calls, both sides of which are in the data.';
COMMENT ON COLUMN clock_offsets.low_ns IS 'What has to be added to the clock of the callee at least, for 95 in 100 calls to start inside their caller.';
COMMENT ON COLUMN clock_offsets.high_ns IS 'What may be added at most, for 95 in 100 calls to end inside their caller.';
COMMENT ON COLUMN clock_offsets.offset_ns IS 'What fits best: 0 where that fits, else the middle.';
COMMENT ON COLUMN clock_offsets.agreeing_ratio IS 'Share of the calls that it fits.';
COMMENT ON COLUMN clock_offsets.correction_ns IS 'What is added to every span of the callee; null where calls disagree or are few: each is judged alone.';

COMMENT ON COLUMN span_structure.parent_state IS 'How its parent was found: root, local, remote, attached, missing; or why it stands alone: cycle, too deep, duplicate, oversized.';
