-- Traces are reckoned with times from 1933 to 2116, so that no sum or difference leaves 64 bits. What starts outside has
-- no place in time, what ends outside ends there.
CREATE OR REPLACE TEMP MACRO earliest_ns() AS (-1152921504606846976);
CREATE OR REPLACE TEMP MACRO latest_ns() AS (4611686018427387904);
CREATE OR REPLACE TEMP MACRO begin_of(start_ns) AS (
    CASE WHEN start_ns BETWEEN earliest_ns() AND latest_ns() THEN start_ns END
);
CREATE OR REPLACE TEMP MACRO finish_of(start_ns, duration_ns) AS (
    begin_of(start_ns) + least(greatest(coalesce(duration_ns, 0), 0), latest_ns() - begin_of(start_ns))
);
CREATE OR REPLACE TEMP MACRO is_in_range(start_ns, duration_ns) AS (
    start_ns IS NULL
    OR (begin_of(start_ns) IS NOT NULL AND coalesce(duration_ns, 0) <= latest_ns() - begin_of(start_ns))
);
