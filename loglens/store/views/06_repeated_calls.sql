-- Calls that one invocation, or what log records share, makes at least `least_calls` times, each with the one before it,
-- and with the turns of a language model between them.
CREATE OR REPLACE TEMP MACRO repeated_calls(least_calls, from_ns, to_ns, of_service, of_trace) AS TABLE
WITH shapes AS MATERIALIZED (
    SELECT
        shape_id                                                        AS shape_id,
        shape                                                           AS shape,
        call_name(kind, operation, target, shape) AS call,
        kind                                                            AS kind,
        operation                                                       AS operation,
        is_write                                                        AS is_write,
        is_paging                                                       AS is_paging,
        is_truncated                                                    AS is_truncated,
        -- Of a request without a path only the callee knows what was asked.
        kind IN ('http', 'grpc', 'call') AND NOT contains(shape, '/')   AS is_vague,
        (kind = 'llm' AND operation NOT IN ('embeddings', 'embed', 'rerank'))
        OR (kind IN ('http', 'grpc') AND regexp_matches(shape, '(?i)/(?:chat/)?completions$|generateContent$|POST \S+/v1/(?:messages|responses)$')) AS is_turn
    FROM query_shapes
    WHERE
        NOT is_routine
        -- Cut off before its table, a statement may be any.
        AND NOT (is_truncated AND target IS NULL)
),
made AS NOT MATERIALIZED (
    SELECT
        *
    FROM calls_made
    WHERE
        begin_ns IS NOT NULL
        AND in_scope(start_ns, from_ns, to_ns)
        AND (of_service IS NULL OR service = of_service)
        AND (of_trace IS NULL OR trace_id = of_trace)
),
-- Spans and log records apart: numbers alone are grouped much faster.
frequent AS MATERIALIZED (
    SELECT 'spans' AS told_by, unit, shape_id
    FROM made
    SEMI JOIN shapes USING (shape_id)
    WHERE told_by = 'spans'
    GROUP BY unit, shape_id
    HAVING sum(calls) >= least_calls
    UNION ALL
    SELECT told_by, unit, shape_id
    FROM made
    SEMI JOIN shapes USING (shape_id)
    WHERE told_by <> 'spans'
    GROUP BY told_by, unit, shape_id
    HAVING sum(calls) >= least_calls
),
-- Requests to another service whose caller recorded no span of its own.
received AS NOT MATERIALIZED (
    SELECT
        *
    FROM span_structure
    WHERE
        parent_state = 'remote'
        AND is_entry
        AND kind <> 'CONSUMER'
        AND begin_ns IS NOT NULL
        AND NOT is_async
        AND in_scope(start_ns, from_ns, to_ns)
        AND (of_trace IS NULL OR trace_id = of_trace)
),
busy_roots AS MATERIALIZED (
    SELECT root FROM received GROUP BY root HAVING count(*) >= least_calls
),
entries AS MATERIALIZED (
    SELECT received.* FROM received SEMI JOIN busy_roots USING (root)
),
called AS MATERIALIZED (
    SELECT
        entries.*,
        callers.invocation::UBIGINT                                     AS unit
    FROM entries
    JOIN span_structure AS callers
        ON entries.parent = callers.node
    WHERE
        callers.shape_id IS NULL
        AND (of_service IS NULL OR callers.service = of_service)
        AND callers.service IS DISTINCT FROM entries.service
),
answered AS MATERIALIZED (
    SELECT
        *
    FROM called
    QUALIFY count(*) OVER (PARTITION BY unit, service, operation) >= least_calls
),
wanted AS MATERIALIZED (
    SELECT told_by, unit, shape_id FROM frequent
    UNION
    SELECT
        frequent.told_by                                                AS told_by,
        frequent.unit                                                   AS unit,
        turns.shape_id                                                  AS shape_id
    FROM frequent
    CROSS JOIN (SELECT shape_id FROM shapes WHERE is_turn) AS turns
),
taken AS MATERIALIZED (
    SELECT
        made.*,
        shapes.* EXCLUDE (shape_id)
    FROM made
    JOIN shapes USING (shape_id)
    SEMI JOIN wanted USING (told_by, unit, shape_id)
),
-- A call inside a call is the driver's below that of an ORM or of another client: the inner one is the call.
wrappers AS MATERIALIZED (
    SELECT DISTINCT
        taken.node                                                      AS node
    FROM made
    JOIN shapes USING (shape_id)
    JOIN taken
        ON made.parent = taken.node
        AND made.unit = taken.unit
        AND shapes.kind = taken.kind
),
callees AS MATERIALIZED (
    SELECT
        parent                                                          AS node,
        min(service)                                                    AS service,
        min(operation)                                                  AS operation
    FROM span_structure
    SEMI JOIN (
        SELECT node FROM taken WHERE kind IN ('http', 'grpc', 'call')
    ) AS outgoing
        ON span_structure.parent = outgoing.node
    WHERE is_entry
    GROUP BY parent
),
calls AS MATERIALIZED (
    SELECT
        told_by, unit, node, path, trace_id, kind, is_write, is_paging, is_truncated, is_turn, calls, is_error,
        begin_ns, finish_ns, length_ns, source_id, line, ordinal,
        callees.service                                                 AS callee,
        if(is_vague AND callee IS NOT NULL, concat_ws(' ', callee, callees.operation), shape) AS what,
        if(what = shape, call, what)                                    AS call,
        if(calls = 1, params_id, NULL)                                  AS params_id,
        greatest(items, if(is_write, returned_rows, 1))                 AS items
    FROM taken
    ANTI JOIN wrappers USING (node)
    LEFT JOIN callees USING (node)
    UNION ALL
    SELECT
        'spans', unit, node, path, trace_id, 'http', false, false, false, false, 1, is_error,
        begin_ns, finish_ns, finish_ns - begin_ns, source_id, line, ordinal,
        service, concat_ws(' ', service, operation), concat_ws(' ', service, operation), NULL, 1
    FROM answered
),
logged AS MATERIALIZED (
    SELECT told_by, unit, any_value(service) AS service FROM taken WHERE told_by <> 'spans' GROUP BY told_by, unit
),
units AS MATERIALIZED (
    SELECT
        'spans'                                                         AS told_by,
        node::UBIGINT                                                   AS unit,
        service                                                         AS service,
        operation                                                       AS route,
        path                                                            AS path,
        finish_ns - begin_ns                                            AS duration_ns
    FROM span_structure
    SEMI JOIN (SELECT unit FROM calls WHERE told_by = 'spans') AS found
        ON span_structure.node = found.unit::BIGINT
    UNION ALL
    SELECT
        logged.told_by                                                  AS told_by,
        logged.unit                                                     AS unit,
        any_value(service)                                              AS service,
        arg_max(route, duration_ns)                                     AS route,
        NULL                                                            AS path,
        max(duration_ns)                                                AS duration_ns
    FROM logged
    LEFT JOIN logged_requests USING (told_by, unit)
    GROUP BY logged.told_by, logged.unit
),
turned AS (
    SELECT
        *,
        hash(what)                                                      AS what_id,
        count_if(is_turn) OVER (so_far ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS turns,
        what <> lag(what) OVER so_far                                   AS is_between
    FROM calls
    WINDOW so_far AS (PARTITION BY unit ORDER BY begin_ns, source_id, line, ordinal)
),
followed AS (
    SELECT
        *,
        lag(finish_ns) OVER so_far                                      AS last_finish_ns,
        lag(length_ns) OVER so_far                                      AS last_length_ns,
        turns > lag(turns) OVER so_far                                  AS is_after_turn,
        coalesce(
            lag(is_error) OVER so_far AND coalesce(params_id = lag(params_id) OVER so_far, true), false
        )                                                               AS is_retry,
        max(finish_ns) OVER (so_far ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached_ns
    FROM turned
    WINDOW so_far AS (PARTITION BY unit, what_id ORDER BY begin_ns, source_id, line, ordinal)
)
SELECT
    followed.*,
    units.* EXCLUDE (told_by, unit, path),
    followed.told_by <> 'spans' OR followed.path = units.path           AS is_waited_for
FROM followed
JOIN units USING (told_by, unit);
