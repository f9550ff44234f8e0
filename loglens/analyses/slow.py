"""Slow: how long each route takes, how far its tail reaches, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loglens.analysis import Analysis, Follow, Param, Row, Value
from loglens.errors import UsageError
from loglens.ranks import enough_values, quantile_limits, tail_cut
from loglens.wording import counted

_QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}


def _parse_quantile(text: str) -> float:
    for name, value in _QUANTILES.items():
        if text in {name, f"{value:g}"}:
            return value
    raise ValueError(f"{text!r} is not one of 0.5, 0.9, 0.95, 0.99 and 0.999")


def _bind(sizes: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    quantile = float(values["quantile"] or 0)
    limits = [(row["measured"], row["groups"], quantile_limits(row["measured"], quantile)) for row in sizes]
    cut_size, cut = tail_cut(limits)
    return {
        "sizes": [size for size, _, _ in limits],
        "low_ranks": [bounds.low for _, _, bounds in limits],
        "high_ranks": [bounds.high for _, _, bounds in limits],
        "cut_size": cut_size,
        "cut": cut,
        "enough_values": enough_values(quantile),
        "rebuilt": sum(row["rebuilt"] for row in sizes),
    }


def _notes(binds: Mapping[str, Any]) -> Sequence[str]:
    if not binds["rebuilt"]:
        return ()
    told = f"{counted(binds['rebuilt'], 'request')} rebuilt from log records that share an id, timed from first to last"
    return (f"{told}: each took at least that.",)


def _aside(values: Mapping[str, Value]) -> Sequence[str]:
    ranking = next(name for name, value in _QUANTILES.items() if value == values["quantile"])
    others = [f"{name}_ms" for name in ("p90", "p95", "p999", "p50", "p99") if name != ranking]
    return ("total_s", *others[:3], "enough", "low_ms", "high_ms", "exemplar_trace_id", *others[3:])


def _ask_why(row: Row, values: Mapping[str, Value]) -> Mapping[str, Any]:
    if values["by"] != "route":
        raise UsageError("--why asks about routes: leave out --by operation.")
    if row["route"] is None:
        raise UsageError("The slowest requests have no route to ask `why` about; name another one with --route.")
    return {"route": row["route"], "service": row["service"]}


ANALYSIS = Analysis(
    name="slow",
    title="Slow routes",
    question="Which routes keep people waiting, how long, and how sure is that?",
    params=(
        Param(
            "quantile",
            0.99,
            "Rank by this quantile and bound it: 0.5, 0.9, 0.95, 0.99 or 0.999.",
            flags={f"--{name}": value for name, value in _QUANTILES.items()},
            parse=_parse_quantile,
        ),
        Param("by", "route", "Group requests by route, or all spans by operation.", choices=("route", "operation")),
        Param("route", None, "Only this route, or this operation, as it is printed."),
        Param("include_health", False, "Include health checks."),
        Param("why", False, "Ask `why` of the route that ranks first, in place of the ranking."),
    ),
    columns={
        "service": "Service that answered.",
        "route": "Route; the span name where there is none, or with --by operation.",
        "requests": "Requests, or spans with --by operation.",
        "errors": "Those of them that failed.",
        "p50_ms": "Half took no longer.",
        "p90_ms": "Nine in ten took no longer.",
        "p95_ms": "95 in 100 took no longer.",
        "p99_ms": "99 in 100 took no longer.",
        "p999_ms": "999 in 1,000 took no longer.",
        "max_ms": "The longest.",
        "total_s": "All durations together.",
        "low_ms": "Lower 95 % limit of the ranking quantile; null where the sample cannot bound it.",
        "high_ms": "Upper 95 % limit of the ranking quantile; null where the sample cannot bound it.",
        "enough": "Whether there are enough durations to rank by the quantile: 299 for p99.",
        "exemplar_trace_id": "The first traced request at or above the ranking quantile.",
    },
    key=("service", "route"),
    greyed="enough",
    aside=_aside,
    follow=Follow("why", _ask_why, param="why"),
    spread="local",
    prepare="""
        WITH sizes AS (
            SELECT
                count(duration_ns)   AS measured,
                count_if(is_rebuilt) AS rebuilt
            FROM timings
            WHERE
                grouped_by = $by
                AND in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
                AND ($route IS NULL OR route = $route)
            GROUP BY service, route
        )
        SELECT
            measured             AS measured,
            count(*)             AS groups,
            sum(rebuilt)::BIGINT AS rebuilt
        FROM sizes
        GROUP BY measured
        ORDER BY measured
    """,
    bound=("sizes", "low_ranks", "high_ranks", "cut_size", "cut", "enough_values", "rebuilt"),
    bind=_bind,
    notes=_notes,
    sql="""
        WITH chosen AS NOT MATERIALIZED (
            SELECT
                *
            FROM timings
            WHERE
                grouped_by = $by
                AND in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
                AND ($route IS NULL OR route = $route)
        ),
        measures AS MATERIALIZED (
            SELECT
                service                          AS service,
                route                            AS route,
                count(*)                         AS requests,
                count(duration_ns)               AS measured,
                count(*) FILTER (WHERE is_error) AS errors,
                quantile_disc(
                    duration_ns, [0.5, 0.9, 0.95, 0.99, 0.999, $cut::DECIMAL(18, 9)]
                )                                AS quantiles,
                max(duration_ns)                 AS longest,
                sum(duration_ns)                 AS total
            FROM chosen
            GROUP BY service, route
        ),
        ranks AS (
            SELECT
                unnest($sizes::BIGINT[])      AS measured,
                unnest($low_ranks::BIGINT[])  AS low_rank,
                unnest($high_ranks::BIGINT[]) AS high_rank
        ),
        ranked AS (
            SELECT
                measures.*,
                quantiles[list_position([0.5, 0.9, 0.95, 0.99, 0.999]::DOUBLE[], $quantile::DOUBLE)] AS ranking,
                if(measured < $cut_size, 0, quantiles[6])                                            AS tail_start,
                low_rank                                                                             AS low_rank,
                high_rank                                                                            AS high_rank
            FROM measures
            LEFT JOIN ranks USING (measured)
        ),
        tails AS (
            SELECT
                ranked.service                                                     AS service,
                ranked.route                                                       AS route,
                list_sort(list(chosen.duration_ns), 'DESC')                        AS falling,
                min((chosen.duration_ns, chosen.trace_id)) FILTER (
                    WHERE chosen.duration_ns >= ranking AND chosen.trace_id IS NOT NULL
                )[2]                                                               AS exemplar_trace_id
            FROM chosen
            JOIN ranked
                ON chosen.service IS NOT DISTINCT FROM ranked.service
                AND chosen.route IS NOT DISTINCT FROM ranked.route
                AND chosen.duration_ns >= ranked.tail_start
            GROUP BY ranked.service, ranked.route
        )
        SELECT
            ranked.service                             AS service,
            ranked.route                               AS route,
            requests                                   AS requests,
            errors                                     AS errors,
            quantiles[1] / 1e6                         AS p50_ms,
            quantiles[2] / 1e6                         AS p90_ms,
            quantiles[3] / 1e6                         AS p95_ms,
            quantiles[4] / 1e6                         AS p99_ms,
            quantiles[5] / 1e6                         AS p999_ms,
            longest / 1e6                              AS max_ms,
            total / 1e9                                AS total_s,
            falling[measured - low_rank + 1] / 1e6     AS low_ms,
            falling[measured - high_rank + 1] / 1e6    AS high_ms,
            measured >= $enough_values                 AS enough,
            exemplar_trace_id                          AS exemplar_trace_id
        FROM ranked
        LEFT JOIN tails
            ON ranked.service IS NOT DISTINCT FROM tails.service
            AND ranked.route IS NOT DISTINCT FROM tails.route
        WHERE
            $include_health
            -- Asked of the groups, which are few. A Redis PING is an operation and no health check.
            OR NOT (is_health_route(ranked.route) AND ($by = 'route' OR contains(ranked.route, '/')))
        ORDER BY
            enough DESC,
            ranking DESC NULLS LAST,
            service ASC NULLS LAST,
            route ASC NULLS LAST
    """,
    examples=(
        "loglens slow --p99",
        "loglens slow --p95 --since 2h --service llm-api",
        "loglens slow --by operation --limit 50",
        "loglens slow --why --since 2h",
        "loglens slow --p99 logs/",
    ),
)
