"""Transactions: how long they stay open, and how much of that no statement runs."""

from __future__ import annotations

from loglens.analysis import Analysis, Param

ANALYSIS = Analysis(
    name="transactions",
    title="Transactions",
    question="How long do transactions stay open, and how long is no statement running in them?",
    params=(
        Param("min_ms", 500.0, "Count a transaction as long from this duration on."),
        Param("min_idle_ratio", 0.5, "Count it only where no statement ran for at least this share of it."),
        Param("trace_id", None, "Only transactions of this trace."),
    ),
    columns={
        "service": "Service that opens them.",
        "route": "Route, or operation, of the requests that do.",
        "transactions": "Transactions, from BEGIN to COMMIT or ROLLBACK.",
        "p50_ms": "Half stay open no longer.",
        "p95_ms": "95 in 100 stay open no longer.",
        "max_ms": "The longest.",
        "long_transactions": "Long ones that are idle for min_idle_ratio or more.",
        "long_ratio": "Their share.",
        "long_p50_ms": "Half of the long ones stay open no longer.",
        "idle_p50_ms": "In half of the long ones no statement runs for at most that long.",
        "idle_p50_ratio": "The same as a share of the transaction; null where records tell no durations.",
        "idle_s": "Time in which no statement runs in the long ones, all together.",
        "meanwhile": "The call that takes most of that time.",
        "meanwhile_s": "How much of it.",
        "rolled_back": "Long ones that end with ROLLBACK.",
        "first_ts": "Begin of the first long one.",
        "last_ts": "Begin of the last.",
        "exemplar_trace_id": "A request whose long transaction takes what half of them take.",
        "origin": "span or log: what it was read from.",
    },
    key=("service", "route", "origin"),
    aside=lambda _: (
        *("origin", "exemplar_trace_id", "last_ts", "first_ts", "rolled_back", "meanwhile_s", "long_ratio", "max_ms"),
        *("idle_p50_ms", "meanwhile", "idle_s", "long_p50_ms"),
    ),
    spread="local",
    needs=("query_shapes", "trace_structure"),
    # Spans and records do not name the connection: an end belongs to a begin only where nothing lies between the two,
    # so that of transactions that are open at once the longer ones are left out, and none is made up.
    sql="""
        WITH shapes AS MATERIALIZED (
            SELECT
                shape_id                                                AS shape_id,
                kind = 'sql'                                            AS is_statement,
                call_name(kind, operation, target, shape)               AS call,
                operation = 'ROLLBACK'                                  AS is_rollback,
                CASE
                    WHEN kind <> 'sql' THEN NULL
                    WHEN operation IN ('BEGIN', 'START') THEN 'begin'
                    WHEN starts_with(shape, 'ROLLBACK TO') THEN NULL
                    WHEN operation IN ('COMMIT', 'END', 'ROLLBACK', 'ABORT') THEN 'end'
                END                                                     AS bound
            FROM query_shapes
        ),
        timed AS NOT MATERIALIZED (
            SELECT
                *
            FROM calls
            WHERE
                begin_ns IS NOT NULL
                AND in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
                AND ($trace_id IS NULL OR trace_id = $trace_id)
        ),
        ends AS (
            SELECT
                timed.*,
                bound                                                   AS bound,
                is_rollback                                             AS is_rollback,
                lag(bound) OVER bounds                                  AS opened_by,
                lag(begin_ns) OVER bounds                               AS opened_ns
            FROM timed
            JOIN shapes USING (shape_id)
            WHERE bound IS NOT NULL
            WINDOW bounds AS (PARTITION BY told_by, unit, service ORDER BY begin_ns, finish_ns)
        ),
        transactions AS MATERIALIZED (
            SELECT
                row_number() OVER ()                                    AS number,
                origin                                                  AS origin,
                told_by                                                 AS told_by,
                unit                                                    AS unit,
                service                                                 AS service,
                route                                                   AS route,
                trace_id                                                AS trace_id,
                opened_ns                                               AS opened_ns,
                finish_ns                                               AS closed_ns,
                finish_ns - opened_ns                                   AS length_ns,
                is_rollback                                             AS is_rollback
            FROM ends
            WHERE
                bound = 'end'
                AND opened_by = 'begin'
        ),
        inside AS MATERIALIZED (
            SELECT
                number                                                  AS number,
                shape_id                                                AS shape_id,
                is_statement                                            AS is_statement,
                duration_ns IS NULL                                     AS is_open,
                greatest(begin_ns, opened_ns)                           AS from_ns,
                least(finish_ns, closed_ns)                             AS to_ns
            FROM transactions
            JOIN timed
                ON transactions.unit = timed.unit
                AND transactions.told_by = timed.told_by
                AND transactions.service IS NOT DISTINCT FROM timed.service
            JOIN shapes USING (shape_id)
            WHERE
                length_ns >= $min_ms::DOUBLE * 1e6
                AND begin_ns <= closed_ns
                AND finish_ns >= opened_ns
        ),
        busy AS (
            SELECT
                number                                                  AS number,
                if(bool_or(is_open), NULL, sum(greatest(new_ns, 0)))    AS busy_ns
            FROM (
                SELECT
                    number                                              AS number,
                    is_open                                             AS is_open,
                    to_ns - greatest(from_ns, coalesce(max(to_ns) OVER (
                        PARTITION BY number
                        ORDER BY from_ns, to_ns
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                    ), from_ns))                                        AS new_ns
                FROM inside
                WHERE is_statement
            ) AS parts
            GROUP BY number
        ),
        long AS MATERIALIZED (
            SELECT
                transactions.*,
                length_ns - busy_ns                                     AS idle_ns
            FROM transactions
            JOIN busy USING (number)
            WHERE coalesce((length_ns - busy_ns) / length_ns, 0) >= $min_idle_ratio::DOUBLE
        ),
        routes AS MATERIALIZED (
            SELECT
                transactions.service                                    AS service,
                transactions.route                                      AS route,
                transactions.origin                                     AS origin,
                count(*)                                                AS transactions,
                quantile_disc(transactions.length_ns, 0.5)              AS p50,
                quantile_disc(transactions.length_ns, 0.95)             AS p95,
                max(transactions.length_ns)                             AS longest,
                count(long.number)                                      AS long_transactions,
                quantile_disc(long.length_ns, 0.5)                      AS long_p50,
                quantile_disc(idle_ns, 0.5)                             AS idle_p50,
                quantile_disc(idle_ns / long.length_ns, 0.5)            AS idle_ratio,
                sum(idle_ns)                                            AS idle_ns,
                count(long.number) FILTER (WHERE long.is_rollback)      AS rolled_back,
                min(long.opened_ns)                                     AS first_ns,
                max(long.opened_ns)                                     AS last_ns
            FROM transactions
            LEFT JOIN long USING (number)
            GROUP BY transactions.service, transactions.route, transactions.origin
        ),
        meanwhile AS (
            SELECT
                service                                                 AS service,
                route                                                   AS route,
                origin                                                  AS origin,
                max((taken_ns, call))                                   AS most
            FROM (
                SELECT
                    service                                             AS service,
                    route                                               AS route,
                    origin                                              AS origin,
                    call                                                AS call,
                    sum(to_ns - from_ns)                                AS taken_ns
                FROM inside
                JOIN long USING (number)
                JOIN shapes USING (shape_id)
                WHERE NOT inside.is_statement
                GROUP BY service, route, origin, call
            ) AS times
            GROUP BY service, route, origin
        ),
        exemplars AS (
            SELECT
                routes.service                                          AS service,
                routes.route                                            AS route,
                routes.origin                                           AS origin,
                min((long.length_ns, trace_id))[2]                      AS trace_id
            FROM long
            JOIN routes
                ON long.origin = routes.origin
                AND long.service IS NOT DISTINCT FROM routes.service
                AND long.route IS NOT DISTINCT FROM routes.route
            WHERE
                long.length_ns >= long_p50
                AND trace_id IS NOT NULL
            GROUP BY routes.service, routes.route, routes.origin
        )
        SELECT
            routes.service                                              AS service,
            routes.route                                                AS route,
            transactions                                                AS transactions,
            p50 / 1e6                                                   AS p50_ms,
            p95 / 1e6                                                   AS p95_ms,
            longest / 1e6                                               AS max_ms,
            long_transactions                                           AS long_transactions,
            long_transactions / transactions                            AS long_ratio,
            long_p50 / 1e6                                              AS long_p50_ms,
            idle_p50 / 1e6                                              AS idle_p50_ms,
            idle_ratio                                                  AS idle_p50_ratio,
            coalesce(idle_ns, 0) / 1e9                                  AS idle_s,
            most[2]                                                     AS meanwhile,
            most[1] / 1e9                                               AS meanwhile_s,
            rolled_back                                                 AS rolled_back,
            make_timestamp_ns(first_ns)                                 AS first_ts,
            make_timestamp_ns(last_ns)                                  AS last_ts,
            exemplars.trace_id                                          AS exemplar_trace_id,
            routes.origin                                               AS origin
        FROM routes
        LEFT JOIN meanwhile
            ON routes.origin = meanwhile.origin
            AND routes.service IS NOT DISTINCT FROM meanwhile.service
            AND routes.route IS NOT DISTINCT FROM meanwhile.route
        LEFT JOIN exemplars
            ON routes.origin = exemplars.origin
            AND routes.service IS NOT DISTINCT FROM exemplars.service
            AND routes.route IS NOT DISTINCT FROM exemplars.route
        ORDER BY
            idle_s DESC,
            p95_ms DESC,
            service ASC NULLS LAST,
            route ASC NULLS LAST,
            origin ASC
    """,
    examples=("loglens transactions", "loglens transactions --min-ms 100 --service response-api"),
)
