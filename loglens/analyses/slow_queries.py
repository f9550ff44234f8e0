"""Slow queries: which statements take long, how often, and for which requests."""

from __future__ import annotations

from loglens.analysis import Analysis, Param

ANALYSIS = Analysis(
    name="slow_queries",
    title="Slow queries",
    question="Which statements take long, how often, and for which requests?",
    params=(
        Param("slow_ms", 500.0, "Count a call as slow from this duration on, whatever its median."),
        Param("times_median", 10.0, "Count a call as slow from this many times the median of its statement."),
        Param("min_ms", 100.0, "Count no call as slow that took less than this."),
        Param("trace_id", None, "Only calls of this trace."),
    ),
    columns={
        "service": "Service that calls.",
        "kind": "sql, redis or document.",
        "call": "Verb, and what it is about.",
        "shape": "The statement without its parameters.",
        "calls": "Calls with a duration.",
        "p50_ms": "Half took no longer.",
        "p95_ms": "95 in 100 took no longer.",
        "max_ms": "The longest.",
        "limit_ms": "A call counts as slow from this duration on.",
        "slow_calls": "Slow calls.",
        "long_calls": "Calls of at least slow_ms.",
        "slow_p50_ms": "Half of the slow calls took no longer.",
        "slow_time_s": "Time of the slow calls, all together.",
        "requests": "Requests that made the call.",
        "request_time_s": "Time of these requests, all together; null where it is not known.",
        "route": "Route, or operation, whose requests spent most time in slow calls.",
        "routes": "Routes with slow calls.",
        "first_ts": "Begin of the first slow call.",
        "last_ts": "Begin of the last.",
        "exemplar_trace_id": "A request with a slow call that took as long as most of them.",
        "origin": "span or log: what it was read from.",
    },
    key=("service", "kind", "shape"),
    aside=lambda _: (
        *(
            "origin",
            "kind",
            "routes",
            "exemplar_trace_id",
            "request_time_s",
            "requests",
            "last_ts",
            "first_ts",
            "limit_ms",
        ),
        *("long_calls", "max_ms", "slow_p50_ms", "route", "call"),
    ),
    spread="local",
    needs=("query_shapes", "trace_structure"),
    sql="""
        WITH chosen AS MATERIALIZED (
            SELECT
                calls.*,
                duration_ns // calls.calls                              AS each_ns,
                query_shapes.kind                                       AS kind,
                query_shapes.shape                                      AS shape,
                concat_ws(' ', operation, target)                       AS call
            FROM calls
            JOIN query_shapes USING (shape_id)
            WHERE
                query_shapes.kind IN ('sql', 'redis', 'document')
                AND NOT query_shapes.is_routine
                AND duration_ns IS NOT NULL
                AND in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
                AND ($trace_id IS NULL OR trace_id = $trace_id)
        ),
        statements AS MATERIALIZED (
            SELECT
                row_number() OVER ()                                    AS number,
                service                                                 AS service,
                kind                                                    AS kind,
                shape                                                   AS shape,
                min(shape_id)                                           AS shape_id,
                min(call)                                               AS call,
                min(origin)                                             AS origin,
                sum(calls)::BIGINT                                      AS calls,
                quantile_disc(each_ns, 0.5)                             AS median,
                quantile_disc(each_ns, 0.95)                            AS p95,
                max(each_ns)                                            AS longest,
                least(
                    $slow_ms::DOUBLE * 1e6,
                    greatest($times_median::DOUBLE * median, $min_ms::DOUBLE * 1e6)
                )                                                       AS bound
            FROM chosen
            GROUP BY service, kind, shape
        ),
        numbered AS NOT MATERIALIZED (
            SELECT
                chosen.*,
                statements.number                                       AS number,
                each_ns >= bound                                        AS is_slow
            FROM chosen
            JOIN statements
                ON chosen.shape_id = statements.shape_id
                AND chosen.service IS NOT DISTINCT FROM statements.service
        ),
        units AS (
            SELECT
                number                                                  AS number,
                count(*)                                                AS requests,
                sum(unit_ns)                                            AS requests_ns
            FROM (SELECT DISTINCT number, told_by, unit, unit_ns FROM numbered) AS distinct_units
            GROUP BY number
        ),
        slow AS MATERIALIZED (
            SELECT
                number                                                  AS number,
                sum(calls)::BIGINT                                      AS slow_calls,
                (sum(calls) FILTER (WHERE each_ns >= $slow_ms::DOUBLE * 1e6))::BIGINT AS long_calls,
                quantile_disc(each_ns, 0.5)                             AS median,
                sum(duration_ns)                                        AS total,
                count(DISTINCT route)                                   AS routes,
                min(start_ns)                                           AS first_ns,
                max(start_ns)                                           AS last_ns
            FROM numbered
            WHERE is_slow
            GROUP BY number
        ),
        exemplars AS (
            SELECT
                number                                                  AS number,
                min((each_ns, trace_id))[2]                             AS trace_id
            FROM numbered
            JOIN slow USING (number)
            WHERE
                each_ns >= slow.median
                AND trace_id IS NOT NULL
            GROUP BY number
        ),
        routes AS (
            SELECT
                number                                                  AS number,
                max((duration_ns, route))[2]                            AS route
            FROM (
                SELECT
                    number                                              AS number,
                    route                                               AS route,
                    sum(duration_ns)                                    AS duration_ns
                FROM numbered
                WHERE
                    is_slow
                    AND route IS NOT NULL
                GROUP BY number, route
            ) AS times
            GROUP BY number
        )
        SELECT
            service                                                     AS service,
            kind                                                        AS kind,
            call                                                        AS call,
            shape                                                       AS shape,
            calls                                                       AS calls,
            statements.median / 1e6                                     AS p50_ms,
            p95 / 1e6                                                   AS p95_ms,
            longest / 1e6                                               AS max_ms,
            bound / 1e6                                                 AS limit_ms,
            coalesce(slow_calls, 0)                                     AS slow_calls,
            coalesce(long_calls, 0)                                     AS long_calls,
            slow.median / 1e6                                           AS slow_p50_ms,
            coalesce(slow.total, 0) / 1e9                               AS slow_time_s,
            requests                                                    AS requests,
            requests_ns / 1e9                                           AS request_time_s,
            routes.route                                                AS route,
            coalesce(slow.routes, 0)                                    AS routes,
            make_timestamp_ns(slow.first_ns)                            AS first_ts,
            make_timestamp_ns(slow.last_ns)                             AS last_ts,
            exemplars.trace_id                                          AS exemplar_trace_id,
            origin                                                      AS origin
        FROM statements
        JOIN units USING (number)
        LEFT JOIN slow USING (number)
        LEFT JOIN exemplars USING (number)
        LEFT JOIN routes USING (number)
        ORDER BY
            slow_time_s DESC,
            service ASC NULLS LAST,
            shape ASC,
            kind ASC
    """,
    examples=("loglens slow-queries", "loglens slow-queries --slow-ms 200 --service llm-api"),
)
