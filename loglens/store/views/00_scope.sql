-- A record without a time lies in no range, and belongs to every answer that has none.
CREATE OR REPLACE TEMP MACRO in_scope(time_ns, since_ns, until_ns) AS (
    (time_ns >= since_ns AND time_ns < until_ns)
    OR (time_ns IS NULL AND since_ns = -9223372036854775808 AND until_ns = 9223372036854775807)
);
-- The sources that hold records of a time and service; all where neither is asked for, those without records too.
CREATE OR REPLACE TEMP MACRO sources_in_scope(since_ns, until_ns, of_service) AS TABLE
SELECT source_id
FROM sources
WHERE
    since_ns = -9223372036854775808
    AND until_ns = 9223372036854775807
    AND of_service IS NULL
UNION
SELECT source_id FROM logs WHERE in_scope(ts_ns, since_ns, until_ns) AND (of_service IS NULL OR service = of_service)
UNION
SELECT source_id FROM spans WHERE in_scope(start_ns, since_ns, until_ns) AND (of_service IS NULL OR service = of_service)
UNION
SELECT source_id FROM metric_samples WHERE in_scope(ts_ns, since_ns, until_ns) AND (of_service IS NULL OR service = of_service)
UNION
SELECT source_id FROM health_checks WHERE in_scope(ts_ns, since_ns, until_ns) AND (of_service IS NULL OR service = of_service);
-- Ids of 64 bits as people type them.
CREATE OR REPLACE TEMP MACRO hex_id(id) AS printf('%016x', id);
-- Names of the severity numbers of OpenTelemetry.
CREATE OR REPLACE TEMP MACRO level_name(severity_number) AS (
    CASE
        WHEN severity_number BETWEEN 1 AND 24
        THEN ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'][(severity_number - 1) // 4 + 1]
    END
);
-- Which of 16 slices of the time from `first_ns` to `last_ns` a time lies in, from 0.
CREATE OR REPLACE TEMP MACRO time_slice(time_ns, first_ns, last_ns) AS (
    if(
        time_ns IS NULL,
        NULL,
        least(((time_ns::HUGEINT - first_ns) * 16 // greatest(last_ns::HUGEINT - first_ns, 1))::INTEGER, 15)
    )
);
-- How often something happened over time: a bar for each slice, of which `numbers` maps those it happened in.
CREATE OR REPLACE TEMP MACRO sparkline(numbers) AS (
    array_to_string([
        if(
            coalesce(numbers[slice], 0) = 0,
            '·',
            substr('▁▂▃▄▅▆▇█', ceil(numbers[slice] / list_max(map_values(numbers)) * 8)::INTEGER, 1)
        )
        FOR slice IN range(16)
    ], '')
);
