-- What a call is called where there is no room for its statement: the verb and the table, or the whole shape of others.
CREATE OR REPLACE TEMP MACRO call_name(kind, operation, target, shape) AS (
    if(kind IN ('sql', 'document'), concat_ws(' ', operation, target), shape)
);

-- What log records tell of calls, where no span tells of the same. A connection of a database serves many requests, one
-- after another: what belongs together there is a transaction, or ends with a pause that is long for this connection.
CREATE OR REPLACE TEMP VIEW log_units AS
WITH told AS (
    SELECT
        log_calls.*
    FROM log_calls
    ANTI JOIN (
        SELECT DISTINCT shape_id FROM span_nodes WHERE shape_id IS NOT NULL
    ) AS in_spans
        USING (shape_id)
    ANTI JOIN (
        SELECT
            span_structure.trace_id AS trace_id,
            span_structure.service  AS service
        FROM span_structure
        SEMI JOIN log_calls USING (trace_id)
        WHERE calls IS NOT NULL
    ) AS traced
        ON log_calls.trace_id = traced.trace_id
        AND log_calls.service IS NOT DISTINCT FROM traced.service
),
bounded AS (
    SELECT
        told.*,
        CASE
            WHEN operation IN ('BEGIN', 'START') THEN 'begin'
            WHEN operation IN ('COMMIT', 'ROLLBACK', 'END') AND NOT starts_with(shape, 'ROLLBACK TO') THEN 'end'
        END                                                                                             AS bound
    FROM told
    JOIN query_shapes USING (shape_id)
    WHERE grouped_by = 'session'
),
paused AS (
    SELECT
        *,
        last_value(bound IGNORE NULLS) OVER (
            statements ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )                                                                                               AS last_bound,
        lag(bound) OVER statements                                                                      AS bound_before,
        begin_ns - lag(finish_ns) OVER statements                                                       AS pause_ns,
        (max(finish_ns) OVER session - min(begin_ns) OVER session) / count(*) OVER session              AS usual_ns
    FROM bounded
    WINDOW
        session AS (PARTITION BY group_id, service),
        statements AS (PARTITION BY group_id, service ORDER BY begin_ns, source_id, line, ordinal)
),
begun AS (
    SELECT
        * EXCLUDE (bound, last_bound, bound_before, pause_ns, usual_ns),
        coalesce(bound = 'begin', false)
        OR coalesce(bound_before = 'end', false)
        OR coalesce(last_bound, 'end') = 'end' AND coalesce(pause_ns > least(100000000, usual_ns / 10), false)
                                                                                                        AS is_first
    FROM paused
)
SELECT
    told.*,
    hash(group_id, service)                                                                             AS unit
FROM told
WHERE grouped_by <> 'session'
UNION ALL BY NAME
SELECT
    * EXCLUDE (is_first),
    hash(group_id, service, sum(is_first::INTEGER) OVER (
        PARTITION BY group_id, service
        ORDER BY begin_ns, source_id, line, ordinal
    ))                                                                                                  AS unit
FROM begun;

-- Every call that can be left out: of spans by the invocation that made it, of log records by what they share.
CREATE OR REPLACE TEMP VIEW calls_made AS
SELECT
    'spans'                                     AS told_by,
    invocation::UBIGINT                         AS unit,
    node                                        AS node,
    parent                                      AS parent,
    path                                        AS path,
    service                                     AS service,
    trace_id                                    AS trace_id,
    shape_id                                    AS shape_id,
    params_id                                   AS params_id,
    calls                                       AS calls,
    items                                       AS items,
    returned_rows                               AS returned_rows,
    begin_ns                                    AS begin_ns,
    finish_ns                                   AS finish_ns,
    finish_ns - begin_ns                        AS length_ns,
    CASE WHEN duration_ns >= 0 THEN duration_ns END AS duration_ns,
    is_error                                    AS is_error,
    start_ns                                    AS start_ns,
    source_id                                   AS source_id,
    line                                        AS line,
    ordinal                                     AS ordinal
FROM span_structure
WHERE shape_id IS NOT NULL
UNION ALL
SELECT
    grouped_by                                  AS told_by,
    unit                                        AS unit,
    NULL::BIGINT                                AS node,
    NULL::BIGINT                                AS parent,
    NULL::BIGINT                                AS path,
    service                                     AS service,
    trace_id                                    AS trace_id,
    shape_id                                    AS shape_id,
    params_id                                   AS params_id,
    1                                           AS calls,
    items                                       AS items,
    NULL::BIGINT                                AS returned_rows,
    begin_ns                                    AS begin_ns,
    finish_ns                                   AS finish_ns,
    duration_ns                                 AS length_ns,
    CASE WHEN duration_ns >= 0 THEN duration_ns END AS duration_ns,
    is_error                                    AS is_error,
    begin_ns                                    AS start_ns,
    source_id                                   AS source_id,
    line                                        AS line,
    ordinal                                     AS ordinal
FROM log_units;

-- The requests that log records with a trace or request id belong to.
CREATE OR REPLACE TEMP VIEW logged_requests AS
SELECT
    'trace'                                     AS told_by,
    hash(id_hash(trace_id), service)            AS unit,
    route                                       AS route,
    CASE WHEN duration_ns >= 0 THEN duration_ns END AS duration_ns
FROM all_requests
WHERE trace_id IS NOT NULL
UNION ALL
SELECT
    'request'                                   AS told_by,
    hash(id_hash(request_id), service)          AS unit,
    route                                       AS route,
    CASE WHEN duration_ns >= 0 THEN duration_ns END AS duration_ns
FROM all_requests
WHERE request_id IS NOT NULL;

-- Calls with the request each was made for. A wrapper around a call of the same kind, as an ORM records beside its
-- driver, is no call of its own.
CREATE OR REPLACE TEMP VIEW calls AS
WITH kinds AS NOT MATERIALIZED (
    SELECT shape_id, kind FROM query_shapes
),
by_spans AS NOT MATERIALIZED (
    SELECT calls_made.*, kind FROM calls_made JOIN kinds USING (shape_id) WHERE told_by = 'spans'
),
answered AS NOT MATERIALIZED (
    SELECT
        told_by                                 AS told_by,
        unit                                    AS unit,
        arg_max(route, duration_ns)             AS route,
        max(duration_ns)                        AS duration_ns
    FROM logged_requests
    SEMI JOIN log_units USING (unit)
    GROUP BY told_by, unit
)
SELECT
    'span'                                      AS origin,
    by_spans.* EXCLUDE (kind, length_ns),
    entries.operation                           AS route,
    greatest(entries.finish_ns - entries.begin_ns, 0) AS unit_ns,
    by_spans.path = entries.path                AS is_waited_for
FROM by_spans
JOIN span_structure AS entries
    ON by_spans.unit::BIGINT = entries.node
ANTI JOIN by_spans AS inner_calls
    ON by_spans.node = inner_calls.parent
    AND by_spans.unit = inner_calls.unit
    AND by_spans.kind = inner_calls.kind
UNION ALL
SELECT
    'log'                                       AS origin,
    calls_made.* EXCLUDE (length_ns),
    answered.route                              AS route,
    answered.duration_ns                        AS unit_ns,
    NULL                                        AS is_waited_for
FROM calls_made
LEFT JOIN answered USING (told_by, unit)
WHERE calls_made.told_by <> 'spans';

-- Where in the code a span was made: app/orders.py:42 in load.
CREATE OR REPLACE TEMP MACRO code_of(attributes) AS (
    nullif(concat_ws(
        ' in ',
        nullif(concat_ws(
            ':',
            coalesce(attributes ->> '$."code.file.path"', attributes ->> '$."code.filepath"'),
            coalesce(attributes ->> '$."code.line.number"', attributes ->> '$."code.lineno"')
        ), ''),
        coalesce(attributes ->> '$."code.function.name"', attributes ->> '$."code.function"')
    ), '')
);
