"""Queries: the statements and commands a system runs, by the time they take together."""

from __future__ import annotations

from loglens.analysis import Analysis, Param

ANALYSIS = Analysis(
    name="queries",
    title="Queries by total time",
    question="Which queries take most time together, for which requests, and which ask the same again?",
    params=(
        Param("route", None, "Only calls that requests of this route make, as it is printed."),
        Param(
            "kind",
            "database",
            "Only calls of this kind; database is sql, redis and document.",
            choices=("database", "sql", "redis", "document", "http", "grpc", "messaging", "llm", "call", "all"),
        ),
        Param(
            "sort",
            "total",
            "Rank by the time of all calls, their number, those that failed, the time of one in twenty, or those that "
            "asked the same again.",
            choices=("total", "calls", "errors", "p95", "repeats"),
        ),
        Param("include_routine", False, "Include what drivers do by themselves: BEGIN, SET, PING, SELECT 1."),
        Param("trace_id", None, "Only calls of this trace."),
    ),
    columns={
        "service": "Service that calls.",
        "kind": "sql, redis or document; with --kind also others.",
        "call": "Verb, and what it is about.",
        "shape": "The statement without its parameters.",
        "calls": "Calls.",
        "errors": "Calls that failed.",
        "total_s": "Time of all calls together; null where none is known.",
        "total_ratio": "Share of that of all queries.",
        "route_ratio": "Share of the time of all requests of their routes that is spent waiting for them.",
        "p50_ms": "Half took no longer.",
        "p95_ms": "95 in 100 took no longer.",
        "p99_ms": "99 in 100 took no longer.",
        "max_ms": "The longest.",
        "rows_per_call": "Rows returned or changed, the mean of the calls that say.",
        "repeated_ratio": "Share of the reads that ask what was asked before, as a cache could answer; null where "
        "values are hidden.",
        "requests": "Requests, or sessions' transactions, that make the call.",
        "route": "Route, or operation, whose requests spend most time in it.",
        "routes": "Routes whose requests make it.",
        "exemplar_trace_id": "The trace of a call that took as long as 95 in 100 at most.",
        "origin": "span or log: what it was read from.",
    },
    key=("service", "kind", "shape", "origin"),
    rows_named="queries",
    aside=lambda _: (
        *("origin", "kind", "total_ratio", "max_ms", "requests", "routes", "rows_per_call", "exemplar_trace_id"),
        *("p50_ms", "errors", "p99_ms", "repeated_ratio", "call", "route"),
    ),
    spread="local",
    needs=("query_shapes", "trace_structure"),
    sql=r"""
        WITH shapes AS NOT MATERIALIZED (
            SELECT
                shape_id                                                AS shape_id,
                kind                                                    AS kind,
                shape                                                   AS shape,
                call_name(kind, operation, target, shape)               AS call,
                NOT is_write
                AND (kind <> 'sql' OR operation IN ('SELECT', 'WITH'))
                AND NOT regexp_matches(shape, ' FOR (NO KEY )?UPDATE\b| FOR (KEY )?SHARE\b') AS is_read
            FROM query_shapes
            WHERE
                ($include_routine OR NOT is_routine)
                AND CASE $kind
                    WHEN 'all' THEN true
                    WHEN 'database' THEN kind IN ('sql', 'redis', 'document')
                    ELSE kind = $kind
                END
        ),
        chosen AS MATERIALIZED (
            SELECT
                calls.origin                                            AS origin,
                calls.service                                           AS service,
                shape_id                                                AS shape_id,
                calls.route                                             AS route,
                hash(calls.told_by, calls.unit)                         AS unit,
                calls.trace_id                                          AS trace_id,
                calls.params_id                                         AS params_id,
                calls.calls                                             AS calls,
                calls.returned_rows                                     AS returned_rows,
                calls.duration_ns                                       AS duration_ns,
                calls.duration_ns // calls.calls                        AS each_ns,
                if(coalesce(calls.is_waited_for, true), calls.finish_ns - calls.begin_ns, 0) AS waited_ns,
                calls.is_error                                          AS is_error
            FROM calls
            SEMI JOIN shapes USING (shape_id)
            WHERE
                in_scope(calls.start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR calls.service = $service)
                AND ($route IS NULL OR calls.route = $route)
                AND ($trace_id IS NULL OR calls.trace_id = $trace_id)
        ),
        measured AS MATERIALIZED (
            SELECT
                row_number() OVER ()                                    AS number,
                origin                                                  AS origin,
                service                                                 AS service,
                shape_id                                                AS shape_id,
                sum(calls)::BIGINT                                      AS calls,
                coalesce(sum(calls) FILTER (is_error), 0)::BIGINT       AS errors,
                sum(duration_ns)                                        AS total_ns,
                quantile_disc(each_ns, [0.5, 0.95, 0.99])               AS cuts,
                max(each_ns)                                            AS longest_ns,
                avg(returned_rows)                                      AS returned_rows,
                count(DISTINCT params_id)                               AS asked,
                count(params_id)                                        AS visible,
                count(DISTINCT unit)                                    AS requests
            FROM chosen
            GROUP BY origin, service, shape_id
        ),
        exemplars AS (
            SELECT
                number                                                  AS number,
                arg_min(trace_id, (abs(each_ns - cuts[2]), trace_id))   AS trace_id
            FROM chosen
            JOIN measured
                ON chosen.origin = measured.origin
                AND chosen.shape_id = measured.shape_id
                AND chosen.service IS NOT DISTINCT FROM measured.service
            WHERE
                chosen.trace_id IS NOT NULL
                AND each_ns IS NOT NULL
            GROUP BY number
        ),
        by_route AS MATERIALIZED (
            SELECT
                origin                                                  AS origin,
                service                                                 AS service,
                shape_id                                                AS shape_id,
                route                                                   AS route,
                sum(waited_ns)                                          AS waited_ns
            FROM chosen
            WHERE route IS NOT NULL
            GROUP BY origin, service, shape_id, route
        ),
        wanted AS NOT MATERIALIZED (
            SELECT DISTINCT origin, service, route FROM by_route
        ),
        served AS (
            SELECT
                'span'                                                  AS origin,
                service                                                 AS service,
                operation                                               AS route,
                sum(finish_ns - begin_ns)                               AS requests_ns
            FROM span_structure
            WHERE
                is_entry
                AND in_scope(start_ns, $since_ns, $until_ns)
                AND ($trace_id IS NULL OR trace_id = $trace_id)
                AND operation IN (SELECT route FROM wanted WHERE origin = 'span')
            GROUP BY service, operation
            UNION ALL
            SELECT
                'log'                                                   AS origin,
                requests.service                                        AS service,
                requests.route                                          AS route,
                sum(greatest(duration_ns, 0))                           AS requests_ns
            FROM requests
            JOIN wanted
                ON wanted.origin = 'log'
                AND requests.service IS NOT DISTINCT FROM wanted.service
                AND requests.route = wanted.route
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND ($trace_id IS NULL OR trace_id = $trace_id)
            GROUP BY requests.service, requests.route
        ),
        routes AS (
            SELECT
                by_route.origin                                         AS origin,
                by_route.service                                        AS service,
                by_route.shape_id                                       AS shape_id,
                max((waited_ns, by_route.route))[2]                     AS route,
                count(*)                                                AS routes,
                sum(waited_ns)                                          AS waited_ns,
                sum(requests_ns)                                        AS requests_ns
            FROM by_route
            LEFT JOIN served
                ON by_route.origin = served.origin
                AND by_route.service IS NOT DISTINCT FROM served.service
                AND by_route.route = served.route
            GROUP BY by_route.origin, by_route.service, by_route.shape_id
        )
        SELECT
            measured.service                                            AS service,
            shapes.kind                                                 AS kind,
            shapes.call                                                 AS call,
            shapes.shape                                                AS shape,
            calls                                                       AS calls,
            errors                                                      AS errors,
            total_ns / 1e9                                              AS total_s,
            total_ns / nullif(sum(total_ns) OVER (), 0)                 AS total_ratio,
            waited_ns / nullif(requests_ns, 0)                          AS route_ratio,
            cuts[1] / 1e6                                               AS p50_ms,
            cuts[2] / 1e6                                               AS p95_ms,
            cuts[3] / 1e6                                               AS p99_ms,
            longest_ns / 1e6                                            AS max_ms,
            returned_rows                                               AS rows_per_call,
            if(is_read, (visible - asked) / nullif(visible, 0), NULL)          AS repeated_ratio,
            requests                                                    AS requests,
            routes.route                                                AS route,
            coalesce(routes.routes, 0)                                  AS routes,
            exemplars.trace_id                                          AS exemplar_trace_id,
            measured.origin                                             AS origin
        FROM measured
        JOIN shapes USING (shape_id)
        LEFT JOIN exemplars USING (number)
        LEFT JOIN routes
            ON measured.origin = routes.origin
            AND measured.shape_id = routes.shape_id
            AND measured.service IS NOT DISTINCT FROM routes.service
        ORDER BY
            CASE $sort
                WHEN 'total' THEN total_ns
                WHEN 'calls' THEN calls
                WHEN 'errors' THEN errors
                WHEN 'p95' THEN cuts[2]
                ELSE repeated_ratio * calls
            END DESC NULLS LAST,
            calls DESC,
            measured.service ASC NULLS LAST,
            shapes.shape ASC,
            shapes.kind ASC,
            measured.origin ASC
    """,
    examples=(
        "loglens queries",
        "loglens queries --service llm-api --since 2h",
        "loglens queries --sort repeats",
        "loglens queries --kind http --route /v1/responses",
        "loglens queries postgresql-2026-01-15.log",
    ),
)
