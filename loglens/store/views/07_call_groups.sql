-- Groups of equal calls made by one invocation, or by what log records share: how many, one after another or at once,
-- with which values, how long somebody waited for them, and how long other work ran beside them.
CREATE OR REPLACE TEMP MACRO call_groups(least_calls, from_ns, to_ns, of_service, of_trace) AS TABLE
WITH repeated AS MATERIALIZED (
    SELECT * FROM repeated_calls(least_calls, from_ns, to_ns, of_service, of_trace)
),
groups AS MATERIALIZED (
    SELECT
        told_by                                                         AS told_by,
        unit                                                            AS unit,
        what                                                            AS what,
        any_value(kind)                                                 AS kind,
        any_value(call)                                                 AS call,
        min(callee)                                                     AS callee,
        any_value(is_write)                                             AS is_write,
        bool_or(is_truncated)                                           AS is_truncated,
        min(trace_id)                                                   AS trace_id,
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
            told_by = 'spans',
            coalesce(sum(length_ns) FILTER (is_waited_for), 0),
            together_ns
        )::BIGINT                                                       AS waited_ns,
        coalesce(max(length_ns / repeated.calls) FILTER (is_waited_for), waited_ns / sum(repeated.calls)) AS longest_ns,
        any_value(service)                                              AS service,
        any_value(route)                                                AS route,
        any_value(duration_ns)                                          AS duration_ns,
        together_ns / nullif(any_value(repeated.duration_ns), 0)        AS time_ratio,
        arg_min(struct_pack(source_id, line, ordinal), (source_id, line, ordinal)) AS place
    FROM repeated
    GROUP BY told_by, unit, what
    HAVING
        count(*) > 1 OR sum(calls) > 1
),
moments AS (
    SELECT told_by, unit, what, begin_ns AS at_ns, calls AS step
    FROM repeated
    SEMI JOIN (SELECT * FROM groups WHERE sequential_ratio < 0.8) AS parallel USING (told_by, unit, what)
    UNION ALL
    SELECT told_by, unit, what, finish_ns, -calls
    FROM repeated
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
),
-- Work of the same request that nobody waited for, as long as the calls took longer.
beside AS MATERIALIZED (
    SELECT
        groups.told_by, groups.unit, groups.what,
        greatest(others.begin_ns, groups.first_ns)               AS begin_ns,
        least(others.finish_ns, groups.last_ns)                  AS finish_ns
    FROM span_structure AS others
    JOIN groups
        ON groups.told_by = 'spans'
        AND others.invocation = groups.unit::BIGINT
    JOIN span_nodes AS parents
        ON others.parent = parents.node
    LEFT JOIN query_shapes
        ON others.shape_id = query_shapes.shape_id
    WHERE
        others.path = others.node
        AND NOT others.is_async
        AND others.begin_ns < groups.last_ns
        AND others.finish_ns > groups.first_ns
        AND parents.shape_id IS NULL
        AND query_shapes.shape IS DISTINCT FROM groups.what
),
covering AS (
    SELECT
        *,
        max(finish_ns) OVER (
            PARTITION BY told_by, unit, what
            ORDER BY begin_ns, finish_ns
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )                                                       AS reached_ns
    FROM beside
),
busy AS (
    SELECT
        told_by, unit, what,
        sum(greatest(finish_ns - greatest(begin_ns, coalesce(reached_ns, begin_ns)), 0)) AS busy_ns
    FROM covering
    GROUP BY told_by, unit, what
)
SELECT
    groups.*,
    coalesce(concurrency, 1)                                            AS concurrency,
    coalesce(busy_ns, 0)                                                AS busy_ns
FROM groups
LEFT JOIN peaks USING (told_by, unit, what)
LEFT JOIN busy USING (told_by, unit, what)
WHERE calls >= least_calls;
