"""Call sequences: which requests make calls one after the other that might run at the same time."""

from __future__ import annotations

from loglens.analysis import Analysis, Param

ANALYSIS = Analysis(
    name="call_sequences",
    title="Call sequences",
    question="Which requests make calls one after the other, and what would they save by making them at once?",
    params=(
        Param("min_calls", 3, "Only sequences of at least this many different calls."),
        Param("most_repeats", 4, "Leave out calls that a request makes more often: they are a loop."),
        Param("min_call_ratio", 0.05, "Leave out calls that take less than this share of the request."),
        Param("min_saved_ms", 100.0, "Only requests that would save at least this."),
        Param("min_saved_ratio", 0.2, "Only requests that would save at least this share of their time."),
        Param("trace_id", None, "Only requests of this trace."),
    ),
    columns={
        "service": "Service that calls.",
        "route": "Route, or operation, of the requests.",
        "requests": "Requests of the route; of log records, those that tell of calls.",
        "affected": "Requests that make such calls one after the other.",
        "affected_ratio": "Their share.",
        "calls": "Different calls in a sequence, in half of these requests at most.",
        "sequence": "The most common sequence, in its order.",
        "sequence_p50_ms": "What the calls of a sequence take together, in half of these requests at most.",
        "saved_p50_ms": "What half of these requests would save at most, with the calls made at once.",
        "saved_p95_ms": "What 95 in 100 of them would save at most.",
        "saved_p50_ratio": "Share of its time that half of these requests would save at most.",
        "saved_s": "What they would save all together.",
        "affected_time_s": "Time of these requests, all together.",
        "first_ts": "Begin of the first such request.",
        "last_ts": "Begin of the last.",
        "exemplar_trace_id": "A request that would save what half of them would.",
        "origin": "span or log: what it was read from.",
    },
    key=("service", "route", "origin"),
    aside=lambda _: (
        *("origin", "exemplar_trace_id", "last_ts", "first_ts", "affected_time_s", "affected_ratio", "requests"),
        *("saved_s", "sequence_p50_ms", "calls"),
    ),
    spread="local",
    needs=("query_shapes", "trace_structure"),
    # What changes something keeps its place, but for a POST, which may just ask.
    # The critical path says what a request waits for: the calls on it never overlap, and only to shorten them gains.
    # Log records say no more than when calls ran; there a call counts where no other one overlaps it by over 1 %.
    sql="""
        WITH shapes AS MATERIALIZED (
            SELECT
                shape_id                                                AS shape_id,
                NOT (is_routine OR is_write AND operation IS DISTINCT FROM 'POST') AS is_movable,
                call_name(kind, operation, target, shape)               AS call
            FROM query_shapes
        ),
        timed AS NOT MATERIALIZED (
            SELECT
                calls.*,
                hash(told_by, unit, service)                            AS doer,
                finish_ns - begin_ns                                    AS taken_ns
            FROM calls
            WHERE
                finish_ns > begin_ns
                AND in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
                AND ($trace_id IS NULL OR trace_id = $trace_id)
        ),
        logged AS (
            SELECT
                * EXCLUDE (unit_ns, is_waited_for),
                coalesce(unit_ns, max(finish_ns) OVER whole - min(begin_ns) OVER whole) AS unit_ns,
                coalesce(max(finish_ns) OVER before <= begin_ns + taken_ns // 100, true)
                AND coalesce(min(begin_ns) OVER after >= finish_ns - taken_ns // 100, true) AS is_waited_for
            FROM timed
            WHERE origin = 'log'
            WINDOW
                whole AS (PARTITION BY doer),
                before AS (whole ORDER BY begin_ns, finish_ns ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                after AS (whole ORDER BY begin_ns, finish_ns ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
        ),
        made AS NOT MATERIALIZED (
            SELECT * FROM timed WHERE origin = 'span'
            UNION ALL BY NAME
            SELECT * FROM logged
        ),
        -- An agent that asks a language model again does so with what it was told meanwhile.
        agents AS (
            SELECT
                doer                                                    AS doer
            FROM made
            JOIN query_shapes USING (shape_id)
            WHERE
                query_shapes.kind = 'llm'
                AND is_waited_for
            GROUP BY doer
            HAVING sum(calls) > 1
        ),
        lanes AS (
            SELECT
                doer                                                    AS doer,
                shape_id                                                AS shape_id,
                any_value(service)                                      AS service,
                any_value(origin)                                       AS origin,
                any_value(route)                                        AS route,
                any_value(unit_ns)                                      AS unit_ns,
                min(trace_id)                                           AS trace_id,
                sum(taken_ns)                                           AS lane_ns,
                min(begin_ns)                                           AS begin_ns,
                max(finish_ns)                                          AS finish_ns
            FROM made
            ANTI JOIN agents USING (doer)
            WHERE is_waited_for
            GROUP BY doer, shape_id
            HAVING
                sum(calls) <= $most_repeats
                AND lane_ns >= $min_call_ratio::DOUBLE * any_value(unit_ns)
        ),
        sequences AS MATERIALIZED (
            SELECT
                doer                                                    AS doer,
                any_value(service)                                      AS service,
                any_value(origin)                                       AS origin,
                any_value(route)                                        AS route,
                any_value(unit_ns)                                      AS unit_ns,
                min(trace_id)                                           AS trace_id,
                count(*)                                                AS calls,
                list(shape_id)                                          AS shape_ids,
                string_agg(call, ' → ' ORDER BY begin_ns, call)         AS sequence,
                sum(lane_ns)                                            AS sequence_ns,
                sum(lane_ns) - max(lane_ns)                             AS most_saved_ns,
                min(begin_ns)                                           AS begin_ns,
                max(finish_ns)                                          AS finish_ns
            FROM lanes
            JOIN shapes USING (shape_id)
            WHERE is_movable
            GROUP BY doer
            HAVING
                count(*) >= $min_calls
                AND most_saved_ns >= $min_saved_ms::DOUBLE * 1e6
                AND most_saved_ns >= $min_saved_ratio::DOUBLE * any_value(unit_ns)
        ),
        -- What else runs meanwhile is still to be waited for when these calls are made at once.
        others AS (
            SELECT
                doer                                                    AS doer,
                greatest(made.begin_ns, sequences.begin_ns)             AS from_ns,
                least(made.finish_ns, sequences.finish_ns)              AS to_ns
            FROM made
            JOIN sequences USING (doer)
            WHERE
                NOT list_contains(shape_ids, made.shape_id)
                OR NOT made.is_waited_for
        ),
        covered AS (
            SELECT
                doer                                                    AS doer,
                sum(greatest(new_ns, 0))                                AS covered_ns
            FROM (
                SELECT
                    doer                                                AS doer,
                    to_ns - greatest(from_ns, coalesce(max(to_ns) OVER (
                        PARTITION BY doer
                        ORDER BY from_ns, to_ns
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    ), from_ns))                                        AS new_ns
                FROM others
                WHERE to_ns > from_ns
            ) AS parts
            GROUP BY doer
        ),
        weighed AS (
            SELECT
                sequences.*,
                least(
                    most_saved_ns,
                    sequences.finish_ns - sequences.begin_ns - coalesce(covered_ns, 0)
                )                                                       AS saved_ns
            FROM sequences
            LEFT JOIN covered USING (doer)
        ),
        affected AS MATERIALIZED (
            SELECT *
            FROM weighed
            WHERE
                saved_ns >= $min_saved_ms::DOUBLE * 1e6
                AND saved_ns >= $min_saved_ratio::DOUBLE * unit_ns
        ),
        routes AS MATERIALIZED (
            SELECT
                service                                                 AS service,
                route                                                   AS route,
                origin                                                  AS origin,
                count(*)                                                AS affected,
                quantile_disc(calls, 0.5)                               AS calls,
                quantile_disc(sequence_ns, 0.5)                         AS sequence_p50,
                quantile_disc(saved_ns, 0.5)                            AS saved_p50,
                quantile_disc(saved_ns, 0.95)                           AS saved_p95,
                quantile_disc(saved_ns / unit_ns, 0.5)                  AS saved_ratio,
                sum(saved_ns)                                           AS saved_ns,
                sum(unit_ns)                                            AS unit_ns,
                min(begin_ns)                                           AS first_ns,
                max(begin_ns)                                           AS last_ns
            FROM affected
            GROUP BY service, route, origin
        ),
        counted AS (
            SELECT
                service                                                 AS service,
                operation                                               AS route,
                'span'                                                  AS origin,
                count(*)                                                AS requests
            FROM span_tree
            WHERE
                is_entry
                AND in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
                AND ($trace_id IS NULL OR trace_id = $trace_id)
            GROUP BY service, operation
            UNION ALL
            SELECT
                service                                                 AS service,
                route                                                   AS route,
                'log'                                                   AS origin,
                count(DISTINCT doer)                                    AS requests
            FROM logged
            GROUP BY service, route
        ),
        patterns AS (
            SELECT
                service                                                 AS service,
                route                                                   AS route,
                origin                                                  AS origin,
                max((number, sequence))[2]                              AS sequence
            FROM (
                SELECT
                    service                                             AS service,
                    route                                               AS route,
                    origin                                              AS origin,
                    sequence                                            AS sequence,
                    count(*)                                            AS number
                FROM affected
                GROUP BY service, route, origin, sequence
            ) AS numbers
            GROUP BY service, route, origin
        ),
        exemplars AS (
            SELECT
                routes.service                                          AS service,
                routes.route                                            AS route,
                routes.origin                                           AS origin,
                min((affected.saved_ns, trace_id))[2]                   AS trace_id
            FROM affected
            JOIN routes
                ON affected.origin = routes.origin
                AND affected.service IS NOT DISTINCT FROM routes.service
                AND affected.route IS NOT DISTINCT FROM routes.route
            WHERE
                affected.saved_ns >= saved_p50
                AND trace_id IS NOT NULL
            GROUP BY routes.service, routes.route, routes.origin
        )
        SELECT
            routes.service                                              AS service,
            routes.route                                                AS route,
            requests                                                    AS requests,
            affected                                                    AS affected,
            affected / requests                                         AS affected_ratio,
            calls                                                       AS calls,
            sequence                                                    AS sequence,
            sequence_p50 / 1e6                                          AS sequence_p50_ms,
            saved_p50 / 1e6                                             AS saved_p50_ms,
            saved_p95 / 1e6                                             AS saved_p95_ms,
            saved_ratio                                                 AS saved_p50_ratio,
            saved_ns / 1e9                                              AS saved_s,
            unit_ns / 1e9                                               AS affected_time_s,
            make_timestamp_ns(first_ns)                                 AS first_ts,
            make_timestamp_ns(last_ns)                                  AS last_ts,
            exemplars.trace_id                                          AS exemplar_trace_id,
            routes.origin                                               AS origin
        FROM routes
        JOIN patterns
            ON routes.origin = patterns.origin
            AND routes.service IS NOT DISTINCT FROM patterns.service
            AND routes.route IS NOT DISTINCT FROM patterns.route
        LEFT JOIN counted
            ON routes.origin = counted.origin
            AND routes.service IS NOT DISTINCT FROM counted.service
            AND routes.route IS NOT DISTINCT FROM counted.route
        LEFT JOIN exemplars
            ON routes.origin = exemplars.origin
            AND routes.service IS NOT DISTINCT FROM exemplars.service
            AND routes.route IS NOT DISTINCT FROM exemplars.route
        ORDER BY
            saved_s DESC,
            service ASC NULLS LAST,
            route ASC NULLS LAST,
            origin ASC
    """,
    examples=("loglens call-sequences", "loglens call-sequences --min-saved-ms 20 --service media-api"),
)
