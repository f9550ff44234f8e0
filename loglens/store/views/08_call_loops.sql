-- Requests that repeat calls, with what the calls are; loops that take turns are one. A group counts where it takes
-- `least_ms`, or that share of the request, or is as many calls as `many`.
CREATE OR REPLACE TEMP MACRO call_loops(
    of_pattern, least_calls, least_ms, least_ratio, many, sequential_least, sequential_most, distinct_most, batch, turns,
    not_routes, of_route, from_ns, to_ns, of_service, of_trace
) AS TABLE
WITH loops AS MATERIALIZED (
    SELECT
        *,
        row_number() OVER ()                                    AS number,
        CASE
            WHEN turn_ratio >= turns THEN 'agent_loop'
            WHEN paging_ratio > 0.5 THEN 'paging'
            WHEN items_per_call >= batch THEN 'batched'
            WHEN distinct_ratio <= distinct_most THEN 'redundant'
            WHEN sequential_ratio >= sequential_least THEN 'n_plus_one'
            WHEN sequential_ratio <= sequential_most THEN 'fan_out'
            ELSE 'mixed'
        END                                                     AS pattern
    FROM call_groups(least_calls, from_ns, to_ns, of_service, of_trace)
    WHERE
        (of_route IS NULL OR route = of_route)
        AND NOT coalesce(regexp_matches(route, not_routes), false)
),
saving AS (
    SELECT
        *,
        if(pattern = 'redundant', waited_ns * distinct_ratio, longest_ns) AS one_ns,
        -- Whole nanoseconds: a sum of fractions differs in its last digit with the order the threads come in.
        greatest(waited_ns - greatest(round(one_ns), busy_ns), 0)::BIGINT AS saved_ns,
        pattern = 'n_plus_one' AND between_ratio >= 0.5         AS is_between
    FROM loops
),
chained AS (
    SELECT
        *,
        calls - lag(calls) OVER line > 1
        OR first_ns >= lag(last_ns) OVER line
        OR last_ns <= lag(first_ns) OVER line                  AS is_new
    FROM saving
    WHERE of_pattern = 'any' OR pattern = of_pattern
    WINDOW line AS (PARTITION BY told_by, unit, is_between ORDER BY calls, what)
),
-- Loops of one length that take turns are one loop with several steps.
looped AS (
    SELECT
        *,
        if(is_between, sum(coalesce(is_new, true)::INTEGER) OVER (
            PARTITION BY told_by, unit, is_between
            ORDER BY calls, what
        ), -number)                                             AS loop
    FROM chained
)
SELECT
    told_by                                                 AS told_by,
    unit                                                    AS unit,
    any_value(pattern)                                      AS pattern,
    any_value(service)                                      AS service,
    any_value(route)                                        AS route,
    any_value(trace_id)                                     AS trace_id,
    any_value(duration_ns)                                  AS duration_ns,
    string_agg(what, ' ; ' ORDER BY what)                   AS what,
    string_agg(call, ' ; ' ORDER BY what)                   AS call,
    string_agg(DISTINCT kind, ', ' ORDER BY kind)           AS kind,
    string_agg(DISTINCT callee, ', ' ORDER BY callee)       AS callee,
    bool_and(is_write)                                      AS is_write,
    bool_or(is_truncated)                                   AS is_truncated,
    count(*)                                                AS steps,
    max(calls)                                              AS calls,
    min(sequential_ratio)                                   AS sequential_ratio,
    min(distinct_ratio)                                     AS distinct_ratio,
    max(hidden_ratio)                                       AS hidden_ratio,
    max(items_per_call)                                     AS items_per_call,
    max(paging_ratio)                                       AS paging_ratio,
    max(turn_ratio)                                         AS turn_ratio,
    max(pause_ns)                                           AS pause_ns,
    max(concurrency)                                        AS concurrency,
    max(calls / concurrency)                                AS rounds,
    sum(together_ns)                                        AS together_ns,
    sum(saved_ns)                                           AS saved_ns,
    min(first_ns)                                           AS first_ns,
    max(last_ns)                                            AS last_ns,
    min(place)                                              AS place
FROM looped
GROUP BY told_by, unit, loop
HAVING
    sum(together_ns) >= least_ms::DOUBLE * 1e6
    OR sum(together_ns) >= least_ratio * any_value(duration_ns)
    OR max(calls) >= many;
