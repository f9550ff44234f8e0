"""Retries: which calls are made again after they failed, how often, how soon, and with what success."""

from __future__ import annotations

from loglens.analysis import Analysis, Param

ANALYSIS = Analysis(
    name="retries",
    title="Retries",
    question="Which calls are made again after they failed, how often, how soon, and does it help?",
    params=(Param("trace_id", None, "Only calls of this trace."),),
    columns={
        "service": "Service that calls.",
        "call": "What is called, without its parameters.",
        "calls": "Calls, each counted once however often it was tried.",
        "attempts": "Attempts, all together.",
        "amplification_ratio": "Attempts for each call.",
        "retried": "Calls that were tried again.",
        "retried_ratio": "Their share.",
        "retries": "Attempts after the first.",
        "retry_ratio": "Attempts after the first, for each call.",
        "attempts_p95": "Attempts of 95 in 100 of the calls that were tried again, at most.",
        "attempts_max": "The most attempts of one call.",
        "succeeded": "Retried calls that succeeded in the end.",
        "gave_up": "Those that failed in the end.",
        "pause_p50_ms": "Half of the pauses before a retry are no longer.",
        "pause_spread_ratio": "Standard deviation of the pauses in means: near 0 where all wait the same time.",
        "retry_time_s": "Time from the first attempts to the begin of the last, all together.",
        "route": "Route, or operation, whose requests try again most often.",
        "first_ts": "Begin of the first call that was tried again.",
        "last_ts": "Begin of the last.",
        "exemplar_trace_id": "The request that tried most often.",
        "origin": "span or log: what it was read from.",
    },
    key=("service", "call", "origin"),
    aside=lambda _: (
        *("origin", "exemplar_trace_id", "last_ts", "first_ts", "pause_spread_ratio", "amplification_ratio"),
        *("attempts_p95", "retry_time_s", "route", "retry_ratio", "retries"),
    ),
    spread="local",
    needs=("query_shapes", "trace_structure"),
    # An attempt follows one of the same call in the same request that had failed and ended by then.
    sql="""
        WITH made AS MATERIALIZED (
            SELECT
                calls.origin                                            AS origin,
                calls.service                                           AS service,
                calls.route                                             AS route,
                calls.told_by                                           AS told_by,
                calls.unit                                              AS unit,
                calls.trace_id                                          AS trace_id,
                shape_id                                                AS shape_id,
                params_id                                               AS params_id,
                calls.begin_ns                                          AS begin_ns,
                calls.finish_ns                                         AS finish_ns,
                calls.is_error                                          AS is_error
            FROM calls
            JOIN query_shapes USING (shape_id)
            WHERE
                calls.begin_ns IS NOT NULL
                AND calls.calls = 1
                AND in_scope(calls.start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR calls.service = $service)
                AND ($trace_id IS NULL OR calls.trace_id = $trace_id)
        ),
        numbers AS (
            SELECT
                service                                                 AS service,
                shape_id                                                AS shape_id,
                origin                                                  AS origin,
                count(*)                                                AS attempts
            FROM made
            GROUP BY service, shape_id, origin
        ),
        -- Only where something failed can anything have been tried again.
        troubled AS (
            SELECT
                made.*,
                begin_ns - lag(finish_ns) OVER tries                    AS pause_ns,
                coalesce(lag(is_error) OVER tries AND begin_ns >= lag(finish_ns) OVER tries, false) AS is_retry
            FROM made
            SEMI JOIN (SELECT told_by, unit, shape_id FROM made WHERE is_error) AS failed
                USING (told_by, unit, shape_id)
            WINDOW tries AS (
                PARTITION BY told_by, unit, service, shape_id, params_id
                ORDER BY begin_ns, finish_ns
            )
        ),
        chained AS (
            SELECT
                *,
                sum((NOT is_retry)::INTEGER) OVER (
                    PARTITION BY told_by, unit, service, shape_id, params_id
                    ORDER BY begin_ns, finish_ns
                )                                                       AS chain
            FROM troubled
        ),
        chains AS MATERIALIZED (
            SELECT
                service                                                 AS service,
                shape_id                                                AS shape_id,
                origin                                                  AS origin,
                any_value(route)                                        AS route,
                min(trace_id)                                           AS trace_id,
                count(*)                                                AS attempts,
                arg_max(is_error, begin_ns)                             AS is_lost,
                min(begin_ns)                                           AS begin_ns,
                max(begin_ns) - min(begin_ns)                           AS time_ns,
                list(pause_ns) FILTER (WHERE is_retry)                  AS pauses
            FROM chained
            GROUP BY service, shape_id, origin, told_by, unit, params_id, chain
            HAVING count(*) > 1
        ),
        pauses AS (
            SELECT
                service                                                 AS service,
                shape_id                                                AS shape_id,
                origin                                                  AS origin,
                quantile_disc(pause_ns, 0.5)                            AS pause_p50,
                stddev_pop(pause_ns) / nullif(avg(pause_ns), 0)         AS spread
            FROM (SELECT service, shape_id, origin, unnest(pauses) AS pause_ns FROM chains) AS waits
            GROUP BY service, shape_id, origin
        ),
        retried AS (
            SELECT
                service                                                 AS service,
                shape_id                                                AS shape_id,
                origin                                                  AS origin,
                count(*)                                                AS retried,
                sum(attempts - 1)::BIGINT                               AS retries,
                quantile_disc(attempts, 0.95)                           AS attempts_p95,
                max(attempts)                                           AS attempts_max,
                count(*) FILTER (WHERE is_lost)                         AS gave_up,
                sum(time_ns)                                            AS time_ns,
                mode(route ORDER BY route)                              AS route,
                min(begin_ns)                                           AS first_ns,
                max(begin_ns)                                           AS last_ns,
                max((attempts, trace_id)) FILTER (WHERE trace_id IS NOT NULL) AS exemplar
            FROM chains
            GROUP BY service, shape_id, origin
        )
        SELECT
            retried.service                                             AS service,
            shape                                                       AS call,
            numbers.attempts - retries                                  AS calls,
            numbers.attempts                                            AS attempts,
            numbers.attempts / (numbers.attempts - retries)             AS amplification_ratio,
            retried                                                     AS retried,
            retried / (numbers.attempts - retries)                      AS retried_ratio,
            retries                                                     AS retries,
            retries / (numbers.attempts - retries)                      AS retry_ratio,
            attempts_p95                                                AS attempts_p95,
            attempts_max                                                AS attempts_max,
            retried - gave_up                                           AS succeeded,
            gave_up                                                     AS gave_up,
            pause_p50 / 1e6                                             AS pause_p50_ms,
            round(spread, 9)                                            AS pause_spread_ratio,
            time_ns / 1e9                                               AS retry_time_s,
            route                                                       AS route,
            make_timestamp_ns(first_ns)                                 AS first_ts,
            make_timestamp_ns(last_ns)                                  AS last_ts,
            exemplar[2]                                                 AS exemplar_trace_id,
            retried.origin                                              AS origin
        FROM retried
        JOIN numbers
            ON retried.shape_id = numbers.shape_id
            AND retried.origin = numbers.origin
            AND retried.service IS NOT DISTINCT FROM numbers.service
        JOIN pauses
            ON retried.shape_id = pauses.shape_id
            AND retried.origin = pauses.origin
            AND retried.service IS NOT DISTINCT FROM pauses.service
        JOIN query_shapes
            ON retried.shape_id = query_shapes.shape_id
        ORDER BY
            retries DESC,
            retried.service ASC NULLS LAST,
            call ASC,
            retried.origin ASC
    """,
    examples=("loglens retries", "loglens retries --service llm-api --since 1h"),
)
