"""Critical path: which components the time of a request really goes to, and what a faster one would save.

The path of a request goes back from its end, always through the call that ended last before; what no such call covers
is the own time of the span. These own times add up to the request, so that of two calls at once only the one that was
waited for counts. Zhang et al., CRISP (USENIX ATC 2022); Eaton et al., Critical Path Tracing (ACM Queue 2022).
"""

from __future__ import annotations

from loglens.analysis import Analysis, Param
from loglens.folded_stacks import FOLDED
from loglens.what_if import answer_rows, bind_target, parse_what_if

ANALYSIS = Analysis(
    name="critical_path",
    title="Critical paths",
    question="Which components does the time of a request really go to, and what would a faster one save?",
    params=(
        Param("route", None, "Only requests of this route, as it is printed."),
        Param("components", 5, "Name this many components of each route, the rest as one; 0 for all."),
        Param(
            "what_if",
            None,
            "Run the traces again with the own time of a component that much shorter: llm-api:db.query=-50%.",
            metavar="COMPONENT=-N%",
            parse=parse_what_if,
        ),
        Param("include_health", False, "Include health checks."),
    ),
    columns={
        "service": "Service that answered.",
        "route": "Route; the span name where there is none.",
        "component": "Service and operation; (request) is the whole of it, (other) all that are not named.",
        "requests": "Requests on whose critical path it is.",
        "on_path_ratio": "Share of the requests of the route that these are.",
        "critical_ms": "Own time on the critical path, the mean of all requests of the route.",
        "share_ratio": "Share of the time of the requests.",
        "body_ms": "The same mean of typical requests, those from p40 to p60.",
        "tail_ms": "The same mean of slow ones: from p99 of 2,000 requests on, p95 of 400, p90 of 200; null of fewer.",
        "after_ms": "With --what-if: the mean after the change.",
        "saved_ms": "With --what-if: what that saves a request; negative where it waits for this instead.",
        "tail_saved_ms": "With --what-if: what that saves a slow request.",
        "exemplar_trace_id": "The trace of the request in which it takes most.",
    },
    key=("service", "route", "component"),
    rows_named="requests with a path",
    grouped=("service", "route"),
    drawings=(FOLDED,),
    limit=35,
    needs=("trace_structure",),
    spread="trace",
    aside=lambda values: (
        *(() if values["what_if"] else ("tail_saved_ms", "saved_ms", "after_ms")),
        *("exemplar_trace_id", "requests", "share_ratio", "body_ms", "tail_saved_ms", "tail_ms", "on_path_ratio"),
    ),
    prepare="""
        SELECT DISTINCT
            component AS component
        FROM span_tree
        WHERE
            $what_if IS NOT NULL
            AND path_ns IS NOT NULL
        ORDER BY component
    """,
    bind=bind_target,
    bound=("target", "factor"),
    compute_arrow=answer_rows,
    sql="""
        WITH RECURSIVE chosen AS MATERIALIZED (
            SELECT
                *
            FROM traced_requests($include_health, $since_ns, $until_ns, $service, $route)
        ),
        routes AS MATERIALIZED (
            SELECT
                row_number() OVER ()                                    AS number,
                service                                                 AS service,
                route                                                   AS route,
                count(*)                                                AS requests,
                sum(length_ns)                                          AS total_ns,
                quantile_disc(length_ns, [0.4, 0.6, 0.9, 0.95, 0.99])   AS cuts
            FROM chosen
            GROUP BY service, route
        ),
        sided AS MATERIALIZED (
            SELECT
                chosen.node                                             AS node,
                chosen.root                                             AS root,
                chosen.path                                             AS path,
                chosen.trace_id                                         AS trace_id,
                chosen.length_ns                                        AS length_ns,
                routes.number                                           AS number,
                length_ns BETWEEN cuts[1] AND cuts[2]                   AS is_body,
                CASE
                    WHEN requests >= 2000 THEN length_ns >= cuts[5]
                    WHEN requests >= 400 THEN length_ns >= cuts[4]
                    WHEN requests >= 200 THEN length_ns >= cuts[3]
                    ELSE false
                END                                                     AS is_tail
            FROM chosen
            JOIN routes
                ON chosen.service IS NOT DISTINCT FROM routes.service
                AND chosen.route = routes.route
        ),
        -- An entry span, and the invocation above it.
        entries AS MATERIALIZED (
            SELECT
                entry.node          AS node,
                upper.invocation    AS above
            FROM span_tree AS entry
            LEFT JOIN span_tree AS upper
                ON entry.parent = upper.node
            WHERE entry.is_entry
        ),
        ran_for (invocation, request) AS (
            SELECT node, node FROM entries
            UNION ALL
            SELECT ran_for.invocation, entries.above
            FROM ran_for
            JOIN entries
                ON ran_for.request = entries.node
            WHERE entries.above IS NOT NULL
        ),
        own AS (
            SELECT
                invocation                                  AS invocation,
                path                                        AS path,
                component                                   AS component,
                sum(path_ns)                                AS own_ns
            FROM span_tree
            WHERE path_ns IS NOT NULL
            GROUP BY invocation, path, component
        ),
        parts AS MATERIALIZED (
            SELECT
                sided.node                                  AS node,
                sided.number                                AS number,
                own.component                               AS component,
                any_value(sided.trace_id)                   AS trace_id,
                any_value(is_body)                          AS is_body,
                any_value(is_tail)                          AS is_tail,
                sum(own_ns)::BIGINT                         AS own_ns
            FROM sided
            JOIN ran_for
                ON sided.node = ran_for.request
            JOIN own
                ON ran_for.invocation = own.invocation
                AND sided.path = own.path
            GROUP BY sided.node, sided.number, own.component
        ),
        ranked AS (
            SELECT
                number                                                              AS number,
                component                                                           AS component,
                row_number() OVER (PARTITION BY number ORDER BY sum(own_ns) DESC, component)  AS place
            FROM parts
            GROUP BY number, component
        ),
        named AS (
            SELECT
                parts.number                                                        AS number,
                node                                                                AS node,
                trace_id                                                            AS trace_id,
                is_body                                                             AS is_body,
                is_tail                                                             AS is_tail,
                if($components = 0 OR place <= $components OR component = $target, component, '(other)')   AS component,
                if($components = 0 OR place <= $components OR component = $target, place, 1e9)             AS place,
                own_ns                                                              AS own_ns
            FROM parts
            JOIN ranked USING (number, component)
            UNION ALL
            SELECT
                number                                                              AS number,
                node                                                                AS node,
                trace_id                                                            AS trace_id,
                is_body                                                             AS is_body,
                is_tail                                                             AS is_tail,
                '(request)'                                                         AS component,
                0                                                                   AS place,
                length_ns                                                           AS own_ns
            FROM sided
        ),
        sizes AS (
            SELECT
                number                                      AS number,
                count(*) FILTER (is_body)                   AS bodies,
                count(*) FILTER (is_tail)                   AS tails
            FROM sided
            GROUP BY number
        ),
        measured AS (
            SELECT
                number                                      AS number,
                component                                   AS component,
                any_value(place)                            AS place,
                count(DISTINCT node)                        AS requests,
                sum(own_ns)                                 AS own_ns,
                sum(own_ns) FILTER (is_body)                AS body_ns,
                sum(own_ns) FILTER (is_tail)                AS tail_ns,
                max((own_ns, trace_id))[2]                  AS exemplar_trace_id
            FROM named
            GROUP BY number, component
        )
        SELECT
            'component'                                                 AS part,
            number                                                      AS number,
            routes.requests                                             AS all_requests,
            tails                                                       AS tails,
            place                                                       AS place,
            total_ns                                                    AS total_ns,
            routes.service                                              AS service,
            routes.route                                                AS route,
            component                                                   AS component,
            measured.requests                                           AS requests,
            measured.requests / routes.requests                         AS on_path_ratio,
            own_ns / routes.requests / 1e6                              AS critical_ms,
            own_ns / nullif(total_ns, 0)                                AS share_ratio,
            coalesce(body_ns, 0) / bodies / 1e6                         AS body_ms,
            if(tails > 0, coalesce(tail_ns, 0) / tails / 1e6, NULL)     AS tail_ms,
            NULL::DOUBLE                                                AS after_ms,
            NULL::DOUBLE                                                AS saved_ms,
            NULL::DOUBLE                                                AS tail_saved_ms,
            exemplar_trace_id                                           AS exemplar_trace_id
        FROM measured
        JOIN routes USING (number)
        JOIN sizes USING (number)
        UNION ALL BY NAME
        SELECT
            'span'                                                      AS part,
            number                                                      AS number,
            span_tree.node                                              AS node,
            parent                                                      AS parent,
            invocation                                                  AS invocation,
            depth                                                       AS depth,
            is_async                                                    AS is_async,
            begin_ns                                                    AS begin_ns,
            finish_ns                                                   AS finish_ns,
            span_tree.component                                         AS span_component,
            is_tail                                                     AS is_tail
        FROM span_tree
        LEFT JOIN sided
            ON span_tree.node = sided.node
        WHERE
            span_tree.root IN (SELECT root FROM span_tree WHERE component = $target)
            AND span_tree.root IN (SELECT root FROM sided)
        ORDER BY
            part ASC,
            total_ns DESC,
            service ASC NULLS LAST,
            route ASC,
            place ASC,
            node ASC
    """,
    examples=(
        "loglens critical-path",
        "loglens critical-path --route /v1/responses --components 0",
        "loglens critical-path --what-if 'llm-api:db.query=-50%'",
        "loglens critical-path --format folded > critical.folded",
    ),
)
