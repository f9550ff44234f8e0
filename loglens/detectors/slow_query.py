"""Slow query: a statement that takes long, or far longer than it usually does.

GET /orders  ├─ SELECT … customers      3 ms
             ├─ SELECT … orders     1,900 ms   500 ms or more; or 10 x its median, and 100 ms
             └─ SELECT … items          4 ms
GET /orders  └─ SELECT … orders        18 ms   the median
"""

from __future__ import annotations

from loglens import wording
from loglens.analyses import slow_queries
from loglens.analysis import Param, Row
from loglens.detector import SHARE_PARAMS, Detector, Values, Verdict, any_of, at_least, by_share

_FROM_LOGS = "Read from log records: where only slow statements are logged, the shares are of those alone."
_ADVICE = {
    "sql": "Look at its plan (EXPLAIN ANALYZE) with the parameters of a slow call: an index its WHERE and ORDER BY can"
    " use, fewer rows, or a lock it waits for.",
    "redis": "Look at the size of the key and at SLOWLOG: a command that is linear in it, or a server busy with one.",
    "document": "Look at its plan (explain) with the values of a slow call: an index that its filter and sort can use.",
}


def _judge(row: Row, values: Values) -> Verdict:
    p95_ms, median_ms, calls = row["p95_ms"], row["p50_ms"], row["calls"]
    is_felt = p95_ms is not None and p95_ms >= float(values["min_ms"] or 0)
    times_median = p95_ms / median_ms if is_felt and median_ms else None
    gates = (
        at_least(values, "min_slow_calls", row["slow_calls"], "slow calls", of_all=True),
        any_of(
            at_least(
                values,
                "min_long_ratio",
                row["long_calls"] / calls if calls else None,
                f"share of calls of {wording.duration(float(values['slow_ms'] or 0))} or more",
                of_all=True,
            ),
            at_least(values, "times_median", times_median, "p95, where it is felt, in medians", of_all=True),
        ),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    share = row["slow_time_s"] / row["request_time_s"] if row["request_time_s"] else None
    return Verdict(
        gates,
        severity="warning" if share is None else by_share(share, values),
        subject=row["call"],
        summary=_summary(row),
        cost_ms=row["slow_time_s"] * 1000,
        advice=_ADVICE[row["kind"]],
        caveats=(_FROM_LOGS,) if row["origin"] == "log" else (),
    )


def _summary(row: Row) -> str:
    slow_calls, calls = row["slow_calls"], row["calls"]
    limit, typical = wording.duration(row["limit_ms"]), wording.duration(row["slow_p50_ms"])
    others = f" and {wording.counted(row['routes'] - 1, 'other route')}" if row["routes"] > 1 else ""
    where = f", on {row['route']}{others}" if row["route"] else ""
    if slow_calls == calls:
        return f"All {calls:,} calls take {limit} or longer, typically {typical}{where}."
    share, usual = wording.some_of(slow_calls / calls, "call"), wording.duration(row["p50_ms"])
    return f"{share} take {limit} or longer, typically {typical}{where}; the median of all is {usual}."


DETECTOR = Detector(
    name="slow_query",
    title="Slow query",
    problem="A statement takes long, or far longer than it usually does.",
    watches=slow_queries.ANALYSIS,
    params=(
        Param(
            "min_slow_calls",
            3,
            "Report where at least this many calls are slow.",
            reason="One or two are an accident: a checkpoint, a cold cache, a lock.",
        ),
        Param(
            "slow_ms",
            500.0,
            "A call is slow from this duration on.",
            reason="The usual line of database tools; a request that waits for it is slow by itself.",
        ),
        Param(
            "min_long_ratio",
            0.01,
            "Report where at least this share of the calls takes slow_ms or more.",
            reason="That is the p99 of the statement; rarer ones are found by the requests that they delay.",
        ),
        Param(
            "times_median",
            10.0,
            "Report where p95 is at least this many times the median, its own baseline.",
            reason="Plans and caches spread a statement over a factor of a few; ten needs a cause.",
        ),
        Param(
            "min_ms",
            100.0,
            "No call is slow that took less than this.",
            reason="Shorter than 100 ms an answer feels immediate to people.",
        ),
        *SHARE_PARAMS,
    ),
    judge=_judge,
    identity=("service", "kind", "shape"),
    evidence=(
        *("calls", "p50_ms", "p95_ms", "max_ms", "limit_ms", "slow_calls", "long_calls", "slow_p50_ms", "slow_time_s"),
        *("requests", "request_time_s", "routes"),
    ),
    advice="Look at its plan with the parameters of a slow call.",
)
