"""Slow route: some of its requests take many times what half of them take, or longer than was promised.

requests │█
         │██
         │███                         more than 1 in 100
         │█████▁▁        ▁    ▁ ▁▁   ▁ ▁▁▁▁▁▁
         └──┬──────────┬─────────────────────── duration
          median    10 x median
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loglens import wording
from loglens.analyses import tails
from loglens.analysis import Follow, Param, Row
from loglens.detector import MAX_Q, SHARE_PARAMS, Detector, Values, Verdict, at_least, by_share
from loglens.ranks import tail_probability

# The log of the likelihood ratio from which on slow requests have a time of their own.
_STANDS_OUT = 10.0


def _judge(row: Row, values: Values) -> Verdict:
    requests, slow_requests, ratio = row["requests"], row["slow_requests"], row["slow_ratio"]
    gates = (
        at_least(values, "min_requests", requests, "requests", of_all=True),
        at_least(values, "min_slow_ratio", ratio, "share of slow requests", of_all=True),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    cost_ms, total_ms = row["excess_s"] * 1000, row["total_s"] * 1000
    is_promised = values["slo_ms"] is not None
    severity = by_share(cost_ms / total_ms, values)
    return Verdict(
        gates,
        # A promise that is broken is never a mere remark.
        severity="warning" if is_promised and severity == "info" else severity,
        subject=row["route"] or "(no route)",
        summary=_summary(row, is_promised),
        cost_ms=cost_ms,
        p=tail_probability(slow_requests, requests, float(values["min_slow_ratio"] or 0)),
        is_spell=(row["stretch_llr"] or 0) >= _STANDS_OUT,
    )


def _summary(row: Row, is_promised: bool) -> str:
    limit = wording.duration(row["limit_ms"])
    much = f"longer than the {limit} that were promised" if is_promised else f"{limit} or longer"
    usual, when_slow = wording.duration(row["p50_ms"]), wording.duration(row["slow_p50_ms"])
    share = wording.some_of(row["slow_ratio"], "request")
    return f"{share} take {much}, typically {when_slow}; the median of all is {usual}."


def _ask_why(row: Row, _: Values) -> Mapping[str, Any]:
    """Return what asks why the requests that were found are slow: those from the same limit on."""
    limit_ns = round(row["limit_ms"] * 1_000_000)
    return {"route": row["route"], "service": row["service"], "slower_than": f"{limit_ns}ns"}


DETECTOR = Detector(
    name="slow_route",
    title="Slow route",
    problem="Some requests of a route take many times what half of them take, or longer than was promised.",
    watches=tails.ANALYSIS,
    params=(
        Param(
            "min_requests",
            30,
            "Judge routes with at least this many requests.",
            reason="Of fewer the median itself is not known well enough to multiply it.",
        ),
        Param(
            "min_slow_ratio",
            0.01,
            "Report where more than this share of the requests is slow, beyond chance.",
            reason="That is p99: its lower confidence limit is above the limit exactly where this holds.",
        ),
        Param(
            "times_median",
            10.0,
            "A request is slow from this many times the median of its route.",
            reason="Service times spread over a factor of three to five by themselves; ten needs a cause.",
        ),
        Param(
            "min_ms",
            100.0,
            "No request is slow that took less than this.",
            reason="Shorter than 100 ms an answer feels immediate to people.",
        ),
        Param(
            "slo_ms",
            None,
            "A request is slow from this duration, whatever the median: what was promised.",
            type=float,
            reason="Only whoever runs the service knows what was promised.",
        ),
        MAX_Q,
        *SHARE_PARAMS,
    ),
    judge=_judge,
    follow=Follow("why", _ask_why),
    identity=("service", "route"),
    is_about_route=True,
    evidence=(
        *("requests", "errors", "p50_ms", "limit_ms", "slow_requests", "slow_ratio", "slow_p50_ms", "max_ms"),
        *("excess_s", "total_s", "stretch_slow", "stretch_requests"),
    ),
    advice="Look at where the time of a slow request goes, beside that of one that took the median.",
)
