-- What a call is called where there is no room for its statement: the verb and the table, or the whole shape of others.
CREATE OR REPLACE TEMP MACRO call_name(kind, operation, target, shape) AS (
    if(kind IN ('sql', 'document'), concat_ws(' ', operation, target), shape)
);

-- Calls that requests make, from spans; of services without such spans, from log records. A wrapper around a call of
-- the same service, as an ORM records beside its driver, is not a call of its own.
CREATE OR REPLACE TEMP VIEW calls AS
WITH called AS NOT MATERIALIZED (
    SELECT * FROM span_tree WHERE shape_id IS NOT NULL
),
answered AS NOT MATERIALIZED (
    SELECT
        service                                                     AS service,
        hash(trace_id)                                              AS unit,
        'trace'                                                     AS grouped_by,
        max((duration_ns, route))                                   AS request
    FROM requests
    WHERE trace_id IS NOT NULL
    GROUP BY service, trace_id
    UNION ALL
    SELECT
        service                                                     AS service,
        hash(request_id)                                            AS unit,
        'request'                                                   AS grouped_by,
        max((duration_ns, route))                                   AS request
    FROM requests
    WHERE request_id IS NOT NULL
    GROUP BY service, request_id
)
SELECT
    'span'                                                          AS origin,
    called.service                                                  AS service,
    called.invocation::UBIGINT                                      AS unit,
    'invocation'                                                    AS unit_kind,
    entries.operation                                               AS route,
    greatest(entries.finish_ns - entries.begin_ns, 0)               AS unit_ns,
    called.trace_id                                                 AS trace_id,
    called.shape_id                                                 AS shape_id,
    called.params_id                                                AS params_id,
    coalesce(called.calls, 1)                                       AS calls,
    called.begin_ns                                                 AS begin_ns,
    called.finish_ns                                                AS finish_ns,
    CASE WHEN called.duration_ns >= 0 THEN called.duration_ns END   AS duration_ns,
    called.is_error                                                 AS is_error,
    called.path = entries.path                                      AS is_waited_for,
    called.start_ns                                                 AS start_ns
FROM called
JOIN span_tree AS entries ON called.invocation = entries.node
ANTI JOIN called AS inner_calls
    ON called.node = inner_calls.parent
    AND called.invocation = inner_calls.invocation
UNION ALL
SELECT
    'log'                                                           AS origin,
    records.service                                                 AS service,
    records.group_id                                                AS unit,
    records.grouped_by                                              AS unit_kind,
    answered.request[2]                                             AS route,
    CASE WHEN answered.request[1] >= 0 THEN answered.request[1] END AS unit_ns,
    records.trace_id                                                AS trace_id,
    records.shape_id                                                AS shape_id,
    records.params_id                                               AS params_id,
    1                                                               AS calls,
    records.begin_ns                                                AS begin_ns,
    records.finish_ns                                               AS finish_ns,
    CASE WHEN records.duration_ns >= 0 THEN records.duration_ns END AS duration_ns,
    records.is_error                                                AS is_error,
    NULL                                                            AS is_waited_for,
    records.begin_ns                                                AS start_ns
FROM log_calls AS records
ANTI JOIN (SELECT DISTINCT service FROM called) AS traced
    ON records.service IS NOT DISTINCT FROM traced.service
LEFT JOIN answered
    ON records.service IS NOT DISTINCT FROM answered.service
    AND records.grouped_by = answered.grouped_by
    AND records.group_id = answered.unit;
