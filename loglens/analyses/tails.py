"""Tails: which requests of a route take many times its median, how many they are, and since when."""

from __future__ import annotations

from loglens.analysis import Analysis, Param

# Parts the time is cut into to find the stretch that stands out: a day into twelve minutes each.
_SLICES = 120

ANALYSIS = Analysis(
    name="tails",
    title="Tails of routes",
    question="Which routes have requests far slower than their median, how many, and since when?",
    params=(
        Param("times_median", 10.0, "Count a request as slow from this many times the median of its route."),
        Param("min_ms", 100.0, "Count no request as slow that took less than this."),
        Param("slo_ms", None, "Count a request as slow from this duration, whatever the median.", type=float),
        Param("route", None, "Only this route, as it is printed."),
        Param("include_health", False, "Include health checks."),
    ),
    columns={
        "service": "Service that answered.",
        "route": "Route; the span name where there is none.",
        "requests": "Requests with a duration.",
        "errors": "Those of them that failed.",
        "p50_ms": "Half took no longer.",
        "limit_ms": "A request counts as slow from this duration on.",
        "slow_requests": "Slow requests.",
        "slow_ratio": "Share of the requests that were slow.",
        "slow_p50_ms": "Half of the slow requests took no longer.",
        "max_ms": "The longest.",
        "excess_s": "Time the slow requests took beyond the median, all together.",
        "total_s": "All durations together.",
        "first_ts": "Begin of the stretch of time that stands out by its slow requests; else of the first of them.",
        "last_ts": "Begin of the last slow request in that stretch.",
        "stretch_slow": "Slow requests in that stretch.",
        "stretch_requests": "Requests in that stretch.",
        "stretch_llr": "How far it stands out: the log of a likelihood ratio, 10 and more is no accident.",
        "exemplar_trace_id": "A slow request that took as long as most of them.",
    },
    key=("service", "route"),
    rows_named="routes with a tail",
    aside=lambda _: (
        *("stretch_llr", "stretch_requests", "stretch_slow", "errors", "total_s", "exemplar_trace_id"),
        *("limit_ms", "max_ms", "last_ts", "excess_s", "slow_requests"),
    ),
    spread="local",
    bound=("slices",),
    bind=lambda _, __: {"slices": _SLICES},
    sql="""
        WITH chosen AS NOT MATERIALIZED (
            SELECT
                *
            FROM requests
            WHERE
                duration_ns >= 0
                AND ($include_health OR NOT is_health)
                AND in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
                AND ($route IS NULL OR route = $route)
        ),
        routes AS MATERIALIZED (
            SELECT
                row_number() OVER ()                                    AS number,
                service                                                 AS service,
                route                                                   AS route,
                count(*)                                                AS requests,
                count(*) FILTER (WHERE is_error)                        AS errors,
                quantile_disc(duration_ns, 0.5)                         AS median,
                max(duration_ns)                                        AS longest,
                sum(duration_ns)                                        AS total,
                coalesce(
                    $slo_ms::DOUBLE * 1e6,
                    greatest($times_median::DOUBLE * median, $min_ms::DOUBLE * 1e6)
                )                                                       AS bound
            FROM chosen
            GROUP BY service, route
        ),
        extent AS (
            SELECT
                min(start_ns)                                           AS begin_ns,
                max(start_ns)::HUGEINT - min(start_ns) + 1              AS length_ns
            FROM chosen
        ),
        measured AS MATERIALIZED (
            SELECT
                number                                                  AS number,
                (start_ns::HUGEINT - begin_ns) * $slices // length_ns   AS slice,
                start_ns                                                AS start_ns,
                duration_ns                                             AS duration_ns,
                duration_ns - median                                    AS excess,
                duration_ns >= bound                                    AS is_slow,
                trace_id                                                AS trace_id
            FROM chosen
            JOIN routes
                ON chosen.service IS NOT DISTINCT FROM routes.service
                AND chosen.route IS NOT DISTINCT FROM routes.route
            CROSS JOIN extent
            WHERE longest >= bound
        ),
        slow AS MATERIALIZED (
            SELECT
                number                                                  AS number,
                count(*)                                                AS slow_requests,
                quantile_disc(duration_ns, 0.5)                         AS median,
                sum(excess)                                             AS excess
            FROM measured
            WHERE is_slow
            GROUP BY number
        ),
        exemplars AS (
            SELECT
                number                                                  AS number,
                min((duration_ns, trace_id))[2]                         AS trace_id
            FROM measured
            JOIN slow USING (number)
            WHERE
                duration_ns >= slow.median
                AND trace_id IS NOT NULL
            GROUP BY number
        ),
        slices AS (
            SELECT
                number                                                  AS number,
                slice                                                   AS slice,
                count(*)                                                AS requests,
                count(*) FILTER (WHERE is_slow)                         AS slow,
                min(start_ns) FILTER (WHERE is_slow)                    AS first_ns,
                max(start_ns) FILTER (WHERE is_slow)                    AS last_ns
            FROM measured
            WHERE slice IS NOT NULL
            GROUP BY number, slice
        ),
        sums AS MATERIALIZED (
            SELECT
                *,
                (sum(requests) OVER until_then)::DOUBLE                 AS upto,
                (sum(slow) OVER until_then)::DOUBLE                     AS slow_upto,
                (sum(requests) OVER always)::DOUBLE                     AS whole,
                (sum(slow) OVER always)::DOUBLE                         AS slow_whole
            FROM slices
            WINDOW
                always AS (PARTITION BY number),
                until_then AS (PARTITION BY number ORDER BY slice)
        ),
        stretches AS (
            SELECT
                starts.number                                           AS number,
                starts.first_ns                                         AS first_ns,
                ends.last_ns                                            AS last_ns,
                ends.slow_upto - starts.slow_upto + starts.slow         AS slow_inside,
                ends.upto - starts.upto + starts.requests               AS inside,
                starts.slow_whole - slow_inside                         AS slow_outside,
                starts.whole - inside                                   AS outside,
                hits_likelihood(slow_inside, inside)
                + hits_likelihood(slow_outside, outside)
                - hits_likelihood(starts.slow_whole, starts.whole)      AS llr
            FROM sums AS starts
            JOIN sums AS ends
                ON starts.number = ends.number
                AND starts.slice <= ends.slice
            WHERE
                starts.slow > 0
                AND ends.slow > 0
        ),
        stretch AS (
            SELECT
                number                                                  AS number,
                -- Of two that stand out alike the longer, then the earlier.
                max((llr, last_ns::HUGEINT - first_ns, -first_ns, last_ns, slow_inside, inside)) AS best
            FROM stretches
            WHERE slow_inside * outside >= slow_outside * inside
            GROUP BY number
        )
        SELECT
            service                                                     AS service,
            route                                                       AS route,
            requests                                                    AS requests,
            errors                                                      AS errors,
            routes.median / 1e6                                         AS p50_ms,
            bound / 1e6                                                 AS limit_ms,
            coalesce(slow_requests, 0)                                  AS slow_requests,
            coalesce(slow_requests, 0) / requests                       AS slow_ratio,
            slow.median / 1e6                                           AS slow_p50_ms,
            longest / 1e6                                               AS max_ms,
            coalesce(excess, 0) / 1e9                                   AS excess_s,
            total / 1e9                                                 AS total_s,
            make_timestamp_ns(-best[3])                                 AS first_ts,
            make_timestamp_ns(best[4])                                  AS last_ts,
            best[5]::BIGINT                                             AS stretch_slow,
            best[6]::BIGINT                                             AS stretch_requests,
            best[1]                                                     AS stretch_llr,
            exemplars.trace_id                                          AS exemplar_trace_id
        FROM routes
        LEFT JOIN slow USING (number)
        LEFT JOIN exemplars USING (number)
        LEFT JOIN stretch USING (number)
        ORDER BY
            excess_s DESC,
            service ASC NULLS LAST,
            route ASC NULLS LAST
    """,
    examples=("loglens tails", "loglens tails --slo-ms 500", "loglens tails --times-median 5 --since 2h"),
)
