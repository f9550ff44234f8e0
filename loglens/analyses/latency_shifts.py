"""Latency shifts: since when, or for how long, a route is slower or faster than in all the rest of the time.

By ranks of durations on a logarithmic scale; how much is the shift of Hodges and Lehmann (1963) with its interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from loglens.analysis import Analysis, Param, Row, Value

if TYPE_CHECKING:
    import pyarrow as pa


def _rows(table: pa.Table, values: Mapping[str, Value]) -> Sequence[Row]:
    from loglens.latency.shifts import rows

    return rows(table, values)


ANALYSIS = Analysis(
    name="latency_shifts",
    title="Latency shifts",
    question="When did the latency of a route change, for how long, and by how much?",
    params=(
        Param(
            "sigma",
            5.5,
            "How far the durations of a time differ from all others: the one threshold, by ranks.",
            reason="As of bursts; durations that follow each other are alike, and count for less.",
        ),
        Param("min_times", 1.2, "Leave out what surely changed by less than this many times."),
        Param("min_requests", 20.0, "Leave out times with fewer requests than this, inside or outside."),
    ),
    columns={
        "shift_id": "The shift by name.",
        "service": "Service.",
        "route": "Route.",
        "change": "level shift (to the end of the data) or spell.",
        "first_ts": "When it changed.",
        "last_ts": "When it was over, exclusive.",
        "requests": "Requests that succeeded in it.",
        "median_ms": "Their median duration.",
        "usual_ms": "Median duration of all others.",
        "times": "How many times as long they took (Hodges-Lehmann).",
        "times_low": "Lower limit of that (95 %).",
        "times_high": "Upper limit.",
        "sigma": "How far it stands out.",
        "exemplar_trace_id": "A request of it that took about as long as half of them.",
    },
    key=("shift_id",),
    subject="route",
    spread="local",
    aside=lambda _: (
        "shift_id",
        "exemplar_trace_id",
        "sigma",
        "requests",
        "times_low",
        "times_high",
        "last_ts",
        "usual_ms",
        "median_ms",
    ),
    sql="""
        WITH range AS MATERIALIZED (
            SELECT * FROM time_range($until_ns)
        ),
        counted AS (
            SELECT
                service                                                 AS service,
                route                                                   AS route,
                (start_ns - first_ns) // width_ns                       AS bucket,
                floor(ln(greatest(duration_ns, 1)) / ln(1.02))::BIGINT  AS size,
                count(*)                                                AS number,
                min(trace_id)                                           AS trace_id
            FROM requests
            CROSS JOIN range
            WHERE
                start_ns BETWEEN first_ns AND last_ns
                AND start_ns >= $since_ns
                AND duration_ns > 0
                AND route IS NOT NULL
                AND NOT is_error
                AND NOT is_health
                AND ($service IS NULL OR service = $service)
            GROUP BY ALL
        )
        SELECT
            NULL                                                        AS service,
            NULL                                                        AS route,
            first_ns                                                    AS bucket,
            width_ns                                                    AS size,
            last_ns                                                     AS number,
            NULL                                                        AS trace_id
        FROM range
        UNION ALL
        SELECT service, route, bucket, size, number, trace_id
        FROM counted
        ORDER BY
            route NULLS FIRST,
            service NULLS FIRST,
            bucket,
            size
    """,
    compute_arrow=_rows,
    row_sql="""
        SELECT
            count(*)                                                    AS requests
        FROM requests
        WHERE
            service IS NOT DISTINCT FROM $service
            AND route = $route
            AND start_ns >= $first_ts
            AND start_ns < $last_ts
            AND duration_ns > 0
            AND NOT is_error
            AND NOT is_health
    """,
    examples=("loglens latency-shifts", "loglens latency-shifts --service llm-api --min-times 1.5"),
)
