-- What log records tell of calls, where no span tells of the same. A connection of a database serves many requests, one
-- after another: what belongs together there ends with a transaction, or with a pause that is long for this connection.
CREATE OR REPLACE TEMP VIEW log_units AS
WITH told AS (
    SELECT
        log_calls.*
    FROM log_calls
    ANTI JOIN (
        SELECT DISTINCT shape_id FROM span_structure WHERE shape_id IS NOT NULL
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
paused AS (
    SELECT
        told.*,
        coalesce(query_shapes.operation IN ('BEGIN', 'START'), false)
        OR coalesce(lag(query_shapes.operation IN ('COMMIT', 'ROLLBACK', 'END')) OVER statements, false) AS is_bounded,
        begin_ns - lag(finish_ns) OVER statements                                                       AS pause_ns,
        (max(finish_ns) OVER session - min(begin_ns) OVER session) / count(*) OVER session              AS usual_ns
    FROM told
    JOIN query_shapes USING (shape_id)
    WHERE grouped_by = 'session'
    WINDOW
        session AS (PARTITION BY group_id, service),
        statements AS (PARTITION BY group_id, service ORDER BY begin_ns, source_id, line, ordinal)
)
SELECT
    told.*,
    hash(group_id, service)                                                                             AS unit
FROM told
WHERE grouped_by <> 'session'
UNION ALL BY NAME
SELECT
    * EXCLUDE (is_bounded, pause_ns, usual_ns),
    hash(group_id, service, sum((
        is_bounded OR pause_ns > least(100000000, usual_ns / 10)
    )::INTEGER) OVER (
        PARTITION BY group_id, service
        ORDER BY begin_ns, source_id, line, ordinal
    ))                                                                                                  AS unit
FROM paused;

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
    is_error                                    AS is_error,
    start_ns                                    AS start_ns,
    source_id                                   AS source_id,
    line                                        AS line,
    ordinal                                     AS ordinal
FROM span_structure
WHERE
    shape_id IS NOT NULL
    AND begin_ns IS NOT NULL
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
    is_error                                    AS is_error,
    begin_ns                                    AS start_ns,
    source_id                                   AS source_id,
    line                                        AS line,
    ordinal                                     AS ordinal
FROM log_units
WHERE begin_ns IS NOT NULL;

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
