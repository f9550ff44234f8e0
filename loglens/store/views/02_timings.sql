-- What `--by` of an analysis chooses from; the condition on it leaves one branch of the plan.
CREATE OR REPLACE TEMP VIEW timings AS
SELECT
    'route'                                        AS grouped_by,
    service                                        AS service,
    route                                          AS route,
    start_ns                                       AS start_ns,
    CASE WHEN duration_ns >= 0 THEN duration_ns END AS duration_ns,
    is_error                                       AS is_error,
    trace_id                                       AS trace_id,
    origin = 'rebuilt'                             AS is_rebuilt
FROM all_requests
UNION ALL
SELECT
    'operation'                                    AS grouped_by,
    service                                        AS service,
    name                                           AS route,
    start_ns                                       AS start_ns,
    CASE WHEN duration_ns >= 0 THEN duration_ns END AS duration_ns,
    coalesce(status_code >= 500, false) OR status = 'ERROR' AS is_error,
    trace_id                                       AS trace_id,
    false                                          AS is_rebuilt
FROM spans;
