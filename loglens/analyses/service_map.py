"""Service map: who calls whom, how often, how long it takes, and how often it fails."""

from __future__ import annotations

from loglens.analysis import Analysis, Drawing, Param
from loglens.service_drawing import write_dot, write_mermaid

ANALYSIS = Analysis(
    name="service_map",
    title="Service map",
    question="Which services call which services, databases and queues, how often, and how long does that take?",
    params=(Param("include_health", False, "Include health checks."),),
    columns={
        "caller": "Service that calls, or queue that is read; (outside) where the data has no caller.",
        "callee": "Service that answers; where it recorded nothing, the peer that the caller names.",
        "kind": "sql, redis, document, http, grpc, messaging, llm, or call where nothing tells.",
        "requests": "Calls.",
        "errors": "Those of them that failed.",
        "error_ratio": "Share of the calls that failed.",
        "p50_ms": "Half took no longer, as the caller saw it.",
        "p95_ms": "95 in 100 took no longer.",
        "p99_ms": "99 in 100 took no longer.",
        "time_s": "Time of these calls, all together.",
        "time_ratio": "The same as a share of the time of the caller's requests; more than 1 where calls run at once.",
        "is_external": "Whether the callee recorded nothing of its own.",
        "is_recorded": "Whether the caller recorded something of its own.",
        "exemplar_trace_id": "The trace of the call that took longest.",
    },
    key=("caller", "callee", "kind"),
    rows_named="calls between services",
    limit=0,
    aside=lambda _: (
        *("is_recorded", "is_external", "exemplar_trace_id", "p99_ms", "p50_ms", "error_ratio", "time_s", "errors"),
    ),
    drawings=(
        Drawing("dot", "a graph for Graphviz", write_dot, suffixes=(".dot", ".gv")),
        Drawing("mermaid", "a flowchart for Markdown pages", write_mermaid, suffixes=(".mmd",)),
    ),
    needs=("query_shapes", "trace_structure"),
    spread="trace",
    sql="""
        WITH answered AS MATERIALIZED (
            SELECT
                coalesce(upper.service, if(entry.kind = 'CONSUMER', entry.peer, NULL), '(outside)') AS caller,
                coalesce(entry.service, '(no service)')                                             AS callee,
                coalesce(shapes.kind, if(entry.kind = 'CONSUMER', 'messaging', 'call'))             AS kind,
                entry.is_error OR coalesce(upper.kind = 'CLIENT' AND upper.is_error, false)         AS is_error,
                if(upper.kind = 'CLIENT', upper.duration_ns, entry.duration_ns)                     AS duration_ns,
                entry.duration_ns                                                                   AS own_ns,
                entry.trace_id                                                                      AS trace_id,
                upper.node                                                                          AS call
            FROM span_tree AS entry
            LEFT JOIN span_tree AS upper
                ON entry.parent = upper.node
            LEFT JOIN query_shapes AS shapes
                ON upper.shape_id = shapes.shape_id
            WHERE
                entry.kind IN ('SERVER', 'CONSUMER')
                AND in_scope(entry.start_ns, $since_ns, $until_ns)
                AND ($include_health OR NOT is_health_route(entry.operation))
            UNION ALL
            SELECT
                '(outside)', coalesce(service, '(no service)'), 'call', is_error,
                duration_ns, duration_ns, trace_id, NULL
            FROM requests
            WHERE
                origin = 'log'
                AND in_scope(start_ns, $since_ns, $until_ns)
                AND ($include_health OR NOT is_health)
        ),
        -- Calls of which the other side recorded nothing; of a wrapper around a call only the wrapper.
        unanswered AS (
            SELECT
                coalesce(calling.service, '(no service)')   AS caller,
                coalesce(calling.peer, '(unknown)')         AS callee,
                coalesce(shapes.kind, 'call')               AS kind,
                calling.is_error                            AS is_error,
                calling.duration_ns                         AS duration_ns,
                calling.trace_id                            AS trace_id
            FROM span_tree AS calling
            ANTI JOIN answered
                ON calling.node = answered.call
            LEFT JOIN span_tree AS upper
                ON calling.parent = upper.node
                AND upper.kind = 'CLIENT'
                AND upper.peer IS NOT DISTINCT FROM calling.peer
            LEFT JOIN query_shapes AS shapes
                ON calling.shape_id = shapes.shape_id
            WHERE
                calling.kind IN ('CLIENT', 'PRODUCER')
                AND upper.node IS NULL
                AND in_scope(calling.start_ns, $since_ns, $until_ns)
        ),
        services AS (
            SELECT
                callee                                      AS service,
                sum(own_ns) FILTER (WHERE own_ns >= 0)      AS total_ns
            FROM answered
            GROUP BY callee
            UNION ALL
            SELECT '(outside)', sum(own_ns) FILTER (WHERE own_ns >= 0)
            FROM answered
            WHERE caller = '(outside)'
        ),
        edges AS (
            SELECT
                caller                                                                        AS caller,
                callee                                                                        AS callee,
                kind                                                                          AS kind,
                count(*)                                                                      AS requests,
                count(*) FILTER (WHERE is_error)                                              AS errors,
                quantile_disc(duration_ns, [0.5, 0.95, 0.99]) FILTER (WHERE duration_ns >= 0) AS quantiles,
                sum(duration_ns) FILTER (WHERE duration_ns >= 0)                              AS time_ns,
                arg_max(trace_id, (duration_ns, trace_id))                                    AS exemplar_trace_id
            FROM (
                SELECT caller, callee, kind, is_error, duration_ns, trace_id FROM answered
                UNION ALL
                FROM unanswered
            ) AS calls
            WHERE $service IS NULL OR caller = $service OR callee = $service
            GROUP BY caller, callee, kind
        )
        SELECT
            caller                                                          AS caller,
            callee                                                          AS callee,
            kind                                                            AS kind,
            requests                                                        AS requests,
            errors                                                          AS errors,
            errors / requests                                               AS error_ratio,
            quantiles[1] / 1e6                                              AS p50_ms,
            quantiles[2] / 1e6                                              AS p95_ms,
            quantiles[3] / 1e6                                              AS p99_ms,
            time_ns / 1e9                                                   AS time_s,
            time_ns / nullif(services.total_ns, 0)                          AS time_ratio,
            callee NOT IN (SELECT service FROM services)                    AS is_external,
            caller <> '(outside)' AND caller IN (SELECT service FROM services) AS is_recorded,
            exemplar_trace_id                                               AS exemplar_trace_id
        FROM edges
        LEFT JOIN services
            ON edges.caller = services.service
        ORDER BY
            time_ns DESC NULLS LAST,
            caller,
            callee,
            kind
    """,
    examples=(
        "loglens service-map",
        "loglens service-map --service llm-api --since 2h",
        "loglens service-map --format dot | dot -Tsvg -o services.svg",
        "loglens service-map --output services.mmd",
    ),
)
