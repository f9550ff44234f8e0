"""Operations: which code the time of all traces is spent in, waiting for others left out."""

from __future__ import annotations

from loglens.analysis import Analysis, Param

ANALYSIS = Analysis(
    name="operations",
    title="Operations by own time",
    question="Which operations is the time spent in, the time in which they wait for calls left out?",
    params=(
        Param("include_health", False, "Include health checks."),
        Param(
            "sort",
            "self",
            "Rank by own time, by the part of it that a request waited for, or by the number of spans.",
            choices=("self", "critical", "spans"),
        ),
    ),
    columns={
        "service": "Service.",
        "operation": "Operation; a bare method or command with whom it calls.",
        "kind": "Kind of the spans.",
        "spans": "Spans.",
        "errors": "Those of them that failed.",
        "self_s": "Time in which none of their children ran, all together.",
        "self_ratio": "Share of that of all operations.",
        "critical_s": "The part of it on the critical path of a trace: what somebody waited for.",
        "self_ms": "Own time of a span, the mean.",
        "p50_ms": "Half of the spans took no longer, children and all.",
        "p99_ms": "99 in 100 took no longer.",
        "max_ms": "The longest.",
        "exemplar_trace_id": "The trace of the span with most time of its own.",
    },
    key=("service", "operation", "kind"),
    rows_named="operations",
    needs=("trace_structure",),
    spread="local",
    aside=lambda _: ("max_ms", "kind", "errors", "exemplar_trace_id", "p50_ms", "self_ms", "p99_ms"),
    sql="""
        WITH chosen AS NOT MATERIALIZED (
            SELECT
                service                                 AS service,
                component_of(NULL, operation, peer)     AS operation,
                kind                                    AS kind,
                is_error                                AS is_error,
                duration_ns                             AS duration_ns,
                self_ns                                 AS self_ns,
                critical_ns                             AS critical_ns,
                trace_id                                AS trace_id
            FROM span_tree
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
                -- A Redis PING is an operation and no health check.
                AND ($include_health OR NOT (is_health_route(operation) AND contains(operation, '/')))
        ),
        grouped AS (
            SELECT
                service                                                                 AS service,
                operation                                                               AS operation,
                kind                                                                    AS kind,
                count(*)                                                                AS spans,
                count(*) FILTER (WHERE is_error)                                        AS errors,
                sum(self_ns)                                                            AS own_ns,
                count(self_ns)                                                          AS measured,
                sum(critical_ns)                                                        AS critical_ns,
                quantile_disc(duration_ns, [0.5, 0.99]) FILTER (WHERE duration_ns >= 0) AS quantiles,
                max(duration_ns)                                                        AS longest_ns,
                arg_max(trace_id, (self_ns, trace_id))                                  AS exemplar_trace_id
            FROM chosen
            GROUP BY service, operation, kind
        )
        SELECT
            service                                             AS service,
            operation                                           AS operation,
            kind                                                AS kind,
            spans                                               AS spans,
            errors                                              AS errors,
            own_ns / 1e9                                        AS self_s,
            own_ns / nullif(sum(own_ns) OVER (), 0)             AS self_ratio,
            critical_ns / 1e9                                   AS critical_s,
            own_ns / nullif(measured, 0) / 1e6                  AS self_ms,
            quantiles[1] / 1e6                                  AS p50_ms,
            quantiles[2] / 1e6                                  AS p99_ms,
            longest_ns / 1e6                                    AS max_ms,
            exemplar_trace_id                                   AS exemplar_trace_id
        FROM grouped
        ORDER BY
            CASE $sort WHEN 'self' THEN own_ns WHEN 'critical' THEN critical_ns ELSE spans END DESC NULLS LAST,
            service ASC NULLS LAST,
            operation ASC NULLS LAST,
            kind ASC
    """,
    examples=("loglens operations", "loglens operations --sort critical --service llm-api --since 2h"),
)
