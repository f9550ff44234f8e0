"""Errors: what went wrong where it began, in how many requests, and whether users saw it."""

from __future__ import annotations

from loglens.analysis import Analysis, Param

ANALYSIS = Analysis(
    name="errors",
    title="Errors",
    question="What went wrong, where did it begin, in how many requests, and who saw it?",
    params=(
        Param("route", None, "Only errors of requests to this route, wherever in their traces they began."),
        Param("outcome", "any", "Only errors that came to this.", choices=("any", "failed", "retried", "swallowed")),
        Param(
            "by",
            "route",
            "Count an error for each route, once for a service where several of its routes have it, or both ways.",
            choices=("route", "service", "both"),
        ),
        Param("trace_id", None, "Only errors of this trace."),
    ),
    columns={
        "error_id": "The error by name, the same on any day.",
        "service": "Service in which it began.",
        "route": "Route, or operation, of that service; null where several are counted as one.",
        "routes": "Routes of the service in which it happened, where they are counted as one, else 1.",
        "operation": "Call or step of it in which it began; null where that is the request itself.",
        "error": "Exception; where none is named the template of the record, or the message without ids and numbers.",
        "status_code": "HTTP status.",
        "code": "SQLSTATE, or status of gRPC.",
        "requests": "Requests in which it happened, each counted once.",
        "failed": "Those that failed with it: what users saw.",
        "retried": "Those in which the call succeeded at a later attempt.",
        "swallowed": "Those that succeeded all the same.",
        "users": "Users whose requests these are.",
        "lines": "Error lines that were logged about it.",
        "services": "Services that passed it on, itself included, at most.",
        "seen_route": "Route, with its service, of most requests that were made from outside.",
        "quiet_ratio": "Share of the requests of its service that came before it happened first.",
        "early_ratio": "Share of the requests of its service up to the tenth in which it happened, or to the last.",
        "since_requests": "Requests of its service from then on.",
        "trend": "How it is spread over the time of all errors.",
        "first_ts": "When it happened first.",
        "last_ts": "When it happened last.",
        "message": "What is said of it most often.",
        "exemplar_trace_id": "The last request in which it happened.",
        "told_by": "span or log: what it was read from.",
    },
    key=("error_id",),
    aside=lambda values: (
        *(() if values["by"] != "route" else ("routes",)),
        *("told_by", "exemplar_trace_id", "message", "since_requests", "early_ratio", "quiet_ratio", "services"),
        *("code", "last_ts", "seen_route", "first_ts", "lines", "users", "operation", "retried", "swallowed"),
        "status_code",
    ),
    subject="error",
    spread="local",
    needs=("query_shapes", "trace_structure", "log_templates"),
    sql="""
        WITH asked AS MATERIALIZED (
            SELECT
                *
            FROM error_events
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
                AND (
                    $route IS NULL
                    OR $route IN (route, seen_route)
                    OR regexp_replace($route, '^[A-Z]+ /', '/') IN (route, seen_route)
                )
                AND ($outcome = 'any' OR outcome = $outcome)
                AND ($trace_id IS NULL OR $by <> 'route' OR trace_id = $trace_id)
        ),
        spread AS (
            SELECT
                service_error_id                                        AS service_error_id,
                count(DISTINCT route)                                   AS routes
            FROM asked
            GROUP BY service_error_id
        ),
        chosen AS MATERIALIZED (
            SELECT
                asked.*,
                1                                                       AS routes
            FROM asked
            JOIN spread USING (service_error_id)
            WHERE
                ($trace_id IS NULL OR trace_id = $trace_id)
                AND ($by <> 'service' OR routes <= 1)
            UNION ALL BY NAME
            SELECT
                asked.* REPLACE (service_error_id AS error_id, NULL AS route, NULL AS operation),
                routes                                                  AS routes
            FROM asked
            JOIN spread USING (service_error_id)
            WHERE
                ($trace_id IS NULL OR trace_id = $trace_id)
                AND $by <> 'route'
                AND routes > 1
        ),
        stretch AS (
            SELECT
                min(start_ns)                                           AS first_ns,
                max(start_ns)                                           AS last_ns
            FROM chosen
        ),
        groups AS (
            SELECT
                error_id                                                AS error_id,
                any_value(service)                                      AS service,
                any_value(route)                                        AS route,
                any_value(routes)                                       AS routes,
                any_value(operation)                                    AS operation,
                any_value(error)                                        AS error,
                any_value(chosen.status_code)                           AS status_code,
                any_value(code)                                         AS code,
                count(DISTINCT unit)                                    AS requests,
                count(DISTINCT unit) FILTER (WHERE outcome = 'failed')  AS failed,
                count(DISTINCT unit) FILTER (WHERE outcome = 'retried') AS retried,
                count(DISTINCT unit) FILTER (WHERE outcome = 'swallowed') AS swallowed,
                count(DISTINCT user_id)                                 AS users,
                sum(lines)::BIGINT                                      AS lines,
                max(services)                                           AS services,
                min(start_ns)                                           AS first_seen_ns,
                max(start_ns)                                           AS last_seen_ns,
                max((coalesce(start_ns, 0), trace_id)) FILTER (WHERE trace_id IS NOT NULL) AS exemplar,
                min(told_by)                                            AS told_by,
                histogram(time_slice(start_ns, first_ns, last_ns))      AS buckets
            FROM chosen
            CROSS JOIN stretch
            GROUP BY error_id
        ),
        early AS (
            SELECT
                error_id                                                AS error_id,
                list_last(min(met_ns, 10))                              AS early_ns
            FROM (
                SELECT error_id, unit, min(start_ns) AS met_ns
                FROM chosen
                GROUP BY error_id, unit
            ) AS met
            GROUP BY error_id
        ),
        minutes AS MATERIALIZED (
            SELECT
                service                                                 AS service,
                start_ns // 60000000000                                 AS minute,
                count(*)                                                AS number
            FROM requests
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND start_ns IS NOT NULL
            GROUP BY service, minute
        ),
        traffic AS (
            SELECT
                error_id                                                AS error_id,
                sum(number)::BIGINT                                     AS number,
                coalesce(sum(number) FILTER (WHERE minute < first_seen_ns // 60000000000), 0)::BIGINT AS before,
                coalesce(sum(number) FILTER (WHERE minute <= early_ns // 60000000000), 0)::BIGINT AS early
            FROM groups
            JOIN early USING (error_id)
            JOIN minutes ON groups.service IS NOT DISTINCT FROM minutes.service
            GROUP BY error_id
        ),
        said AS (
            SELECT
                error_id                                                AS error_id,
                max((number, message))[2]                               AS message
            FROM (
                SELECT error_id, first_line(message) AS message, count(*) AS number
                FROM chosen
                WHERE message IS NOT NULL
                GROUP BY error_id, first_line(message)
            ) AS numbers
            GROUP BY error_id
        ),
        seen AS (
            SELECT
                error_id                                                AS error_id,
                max((number, seen))[2]                                  AS seen
            FROM (
                SELECT error_id, concat_ws(' ', seen_service, seen_route) AS seen, count(*) AS number
                FROM chosen
                WHERE seen_route IS NOT NULL
                GROUP BY ALL
            ) AS numbers
            GROUP BY error_id
        )
        SELECT
            error_id                                                    AS error_id,
            service                                                     AS service,
            route                                                       AS route,
            routes                                                      AS routes,
            operation                                                   AS operation,
            error                                                       AS error,
            status_code                                                 AS status_code,
            code                                                        AS code,
            requests                                                    AS requests,
            failed                                                      AS failed,
            retried                                                     AS retried,
            swallowed                                                   AS swallowed,
            users                                                       AS users,
            lines                                                       AS lines,
            services                                                    AS services,
            seen                                                        AS seen_route,
            coalesce(before, 0) / greatest(number, 1)                   AS quiet_ratio,
            coalesce(early, 0) / greatest(number, 1)                    AS early_ratio,
            coalesce(number - before, 0)                                AS since_requests,
            sparkline(buckets)                                          AS trend,
            make_timestamp_ns(first_seen_ns)                            AS first_ts,
            make_timestamp_ns(last_seen_ns)                             AS last_ts,
            message                                                     AS message,
            exemplar[2]                                                 AS exemplar_trace_id,
            told_by                                                     AS told_by
        FROM groups
        LEFT JOIN traffic USING (error_id)
        LEFT JOIN said USING (error_id)
        LEFT JOIN seen USING (error_id)
        ORDER BY
            failed DESC,
            requests DESC,
            service ASC NULLS LAST,
            error ASC,
            error_id ASC
    """,
    examples=(
        "loglens errors",
        "loglens errors --route /api/checkout --since 30m",
        "loglens errors --outcome retried --service llm-api",
        "loglens errors --by service",
    ),
)
