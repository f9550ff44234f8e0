-- Groups of equal calls made by one invocation, or by what log records share: how many, one after another or at once,
-- with which values, and how long somebody waited for them. Groups smaller than `least_calls` are left out.
CREATE OR REPLACE TEMP MACRO call_groups(least_calls, from_ns, to_ns, of_service, of_trace) AS TABLE
WITH shapes AS MATERIALIZED (
    SELECT
        shape_id                                                        AS shape_id,
        shape                                                           AS shape,
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
        in_scope(start_ns, from_ns, to_ns)
        AND (of_service IS NULL OR service = of_service)
        AND (of_trace IS NULL OR trace_id = of_trace)
),
frequent AS MATERIALIZED (
    SELECT
        told_by                                                         AS told_by,
        unit                                                            AS unit,
        shape_id                                                        AS shape_id
    FROM made
    SEMI JOIN shapes USING (shape_id)
    GROUP BY told_by, unit, shape_id
    HAVING sum(calls) >= least_calls
),
-- Requests to another service whose caller recorded no span of its own.
crowds AS MATERIALIZED (
    SELECT
        root                                                            AS root,
        service                                                         AS service,
        operation                                                       AS operation
    FROM span_structure
    WHERE
        parent_state = 'remote'
        AND is_entry
        AND kind <> 'CONSUMER'
        AND begin_ns IS NOT NULL
        AND NOT is_async
        AND in_scope(start_ns, from_ns, to_ns)
        AND (of_trace IS NULL OR trace_id = of_trace)
    GROUP BY root, service, operation
    HAVING count(*) >= least_calls
),
answered AS MATERIALIZED (
    SELECT
        entries.*,
        callers.invocation::UBIGINT                                     AS unit,
        callers.service                                                 AS caller
    FROM span_structure AS entries
    SEMI JOIN crowds
        ON entries.root = crowds.root
        AND entries.service IS NOT DISTINCT FROM crowds.service
        AND entries.operation = crowds.operation
    JOIN span_structure AS callers
        ON entries.parent = callers.node
    WHERE
        entries.parent_state = 'remote'
        AND entries.is_entry
        AND entries.kind <> 'CONSUMER'
        AND callers.shape_id IS NULL
        AND (of_service IS NULL OR callers.service = of_service)
        AND callers.service IS DISTINCT FROM entries.service
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
        if(calls = 1, params_id, NULL)                                  AS params_id,
        greatest(items, if(is_write, returned_rows, 1))                 AS items
    FROM taken
    ANTI JOIN wrappers USING (node)
    LEFT JOIN callees USING (node)
    UNION ALL
    SELECT
        'spans', unit, node, path, trace_id, 'http', false, false, false, false, 1, is_error,
        begin_ns, finish_ns, finish_ns - begin_ns, source_id, line, ordinal,
        service, concat_ws(' ', service, operation), NULL, 1
    FROM answered
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
        found.*,
        requests.route                                                  AS route,
        NULL                                                            AS path,
        requests.duration_ns                                            AS duration_ns
    FROM (
        SELECT told_by, unit, any_value(service) AS service FROM taken WHERE told_by <> 'spans' GROUP BY told_by, unit
    ) AS found
    LEFT JOIN log_requests AS requests
        ON found.told_by = requests.told_by
        AND found.unit = requests.unit
),
turned AS (
    SELECT
        *,
        count_if(is_turn) OVER (
            PARTITION BY told_by, unit
            ORDER BY begin_ns, finish_ns, source_id, line, ordinal
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )                                                               AS turns
    FROM calls
),
followed AS MATERIALIZED (
    SELECT
        *,
        lag(finish_ns) OVER so_far                                      AS last_finish_ns,
        lag(length_ns) OVER so_far                                      AS last_length_ns,
        turns > lag(turns) OVER so_far                                  AS is_after_turn,
        coalesce(
            lag(is_error) OVER so_far AND coalesce(params_id = lag(params_id) OVER so_far, true), false
        )                                                               AS is_retry,
        what <> lag(what) OVER (
            PARTITION BY told_by, unit
            ORDER BY begin_ns, finish_ns, source_id, line, ordinal
        )                                                               AS is_between,
        max(finish_ns) OVER (so_far ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached_ns
    FROM turned
    WINDOW so_far AS (PARTITION BY told_by, unit, what ORDER BY begin_ns, finish_ns, source_id, line, ordinal)
),
groups AS MATERIALIZED (
    SELECT
        followed.told_by                                                AS told_by,
        followed.unit                                                   AS unit,
        what                                                            AS what,
        any_value(kind)                                                 AS kind,
        any_value(callee)                                               AS callee,
        any_value(is_write)                                             AS is_write,
        bool_or(is_truncated)                                           AS is_truncated,
        any_value(trace_id)                                             AS trace_id,
        sum(calls) FILTER (NOT is_retry)                                AS calls,
        (
            sum(calls - 1)
            + coalesce(count_if(begin_ns >= last_finish_ns - 0.01 * coalesce(last_length_ns, 0)), 0)
        )
        / (sum(calls) - 1)                                              AS sequential_ratio,
        (count(DISTINCT params_id) + coalesce(sum(calls) FILTER (params_id IS NULL), 0)) / sum(calls) AS distinct_ratio,
        coalesce(sum(calls) FILTER (params_id IS NULL), 0) / sum(calls) AS hidden_ratio,
        avg(items)                                                      AS items_per_call,
        avg(is_paging::INTEGER)                                         AS paging_ratio,
        coalesce(count_if(is_after_turn), 0) / greatest(count(*) - 1, 1)                       AS turn_ratio,
        median(begin_ns - last_finish_ns)                               AS pause_ns,
        coalesce(count_if(is_between), 0) / count(*)                                 AS between_ratio,
        min(begin_ns)                                                   AS first_ns,
        max(finish_ns)                                                  AS last_ns,
        if(
            count(length_ns) = 0,
            last_ns - first_ns,
            sum(greatest(finish_ns - greatest(begin_ns, coalesce(reached_ns, begin_ns)), 0))
        )::BIGINT                                                       AS together_ns,
        if(
            followed.told_by = 'spans',
            coalesce(sum(length_ns) FILTER (followed.path = units.path), 0),
            together_ns
        )::BIGINT                                                       AS waited_ns,
        coalesce(
            max(length_ns / followed.calls) FILTER (followed.told_by <> 'spans' OR followed.path = units.path),
            waited_ns / sum(calls)
        )                                                               AS longest_ns,
        any_value(units.service)                                        AS service,
        any_value(units.route)                                          AS route,
        any_value(units.duration_ns)                                    AS duration_ns,
        together_ns / nullif(any_value(units.duration_ns), 0)           AS time_ratio,
        arg_min(struct_pack(source_id, line, ordinal), (source_id, line, ordinal)) AS place
    FROM followed
    JOIN units USING (told_by, unit)
    GROUP BY followed.told_by, followed.unit, what
    HAVING
        count(*) > 1 OR sum(calls) > 1
),
moments AS (
    SELECT told_by, unit, what, begin_ns AS at_ns, calls AS step
    FROM followed
    SEMI JOIN (SELECT * FROM groups WHERE sequential_ratio < 0.8) AS parallel USING (told_by, unit, what)
    UNION ALL
    SELECT told_by, unit, what, finish_ns, -calls
    FROM followed
    SEMI JOIN (SELECT * FROM groups WHERE sequential_ratio < 0.8) AS parallel USING (told_by, unit, what)
),
running AS (
    SELECT
        told_by, unit, what,
        sum(step) OVER (
            PARTITION BY told_by, unit, what
            ORDER BY at_ns, step
            ROWS UNBOUNDED PRECEDING
        )                                                               AS calls
    FROM moments
),
peaks AS (
    SELECT told_by, unit, what, max(calls) AS concurrency
    FROM running
    GROUP BY told_by, unit, what
)
SELECT
    groups.*,
    coalesce(concurrency, 1)                                            AS concurrency
FROM groups
LEFT JOIN peaks USING (told_by, unit, what)
WHERE calls >= least_calls;
