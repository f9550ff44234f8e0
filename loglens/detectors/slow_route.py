"""Slow route: its slowest requests take many times what half of them take, or longer than was promised.

requests │█
         │██
         │███                              the tail
         │█████▁▁        ▁    ▁ ▁▁   ▁ ▁▁▁▁▁▁
         └──┬──────────┬─────────────────────── duration
          median   10 x median   p99, at least
"""

from __future__ import annotations

from loglens import wording
from loglens.analyses import slow
from loglens.analysis import Param, Row
from loglens.detector import SHARE_PARAMS, Detector, Values, Verdict, at_least, by_share


def _judge(row: Row, values: Values) -> Verdict:
    low_ms, median_ms = row["low_ms"], row["p50_ms"]
    is_promised = values["slo_ms"] is not None
    times_median = low_ms / median_ms if low_ms is not None and median_ms else None
    promise = at_least(values, "slo_ms", low_ms, "lower limit of p99", of_all=True)
    spread = at_least(values, "min_times_median", times_median, "lower limit of p99, in medians", of_all=True)
    gates = (
        at_least(values, "min_requests", row["requests"], "requests", of_all=True),
        at_least(values, "min_tail_ms", low_ms, "lower limit of p99", of_all=True),
        promise if is_promised else spread,
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    total_ms = row["total_s"] * 1000
    cost_ms = max(0.0, total_ms - median_ms * row["requests"])
    one_in_100 = f"1 in 100 requests takes {wording.duration(row['p99_ms'])} or longer"
    promised = f" where less than {wording.duration(float(values['slo_ms'] or 0))} is promised" if is_promised else ""
    severity = by_share(cost_ms / total_ms, values)
    return Verdict(
        gates,
        # A promise that is broken is never a mere remark.
        severity="warning" if is_promised and severity == "info" else severity,
        subject=row["route"] or "(no route)",
        summary=f"{one_in_100}{promised}; half take {wording.duration(median_ms)} or less.",
        cost_ms=cost_ms,
    )


DETECTOR = Detector(
    name="slow_route",
    title="Slow route",
    problem="The slowest requests of a route take many times what half of them take, or longer than was promised.",
    watches=slow.ANALYSIS,
    asks={"quantile": 0.99},
    params=(
        Param(
            "min_requests",
            299,
            "Judge routes with at least this many requests.",
            reason="With fewer, the sample leaves p99 without an upper limit: 0.99 to the power of 299 is below 5 %.",
        ),
        Param(
            "min_times_median",
            10.0,
            "Report where the lower 95 % limit of p99 is at least this many times the median.",
            reason="Service times spread over a factor of three to five by themselves; ten needs a cause.",
        ),
        Param(
            "min_tail_ms",
            100.0,
            "Report where the lower 95 % limit of p99 is at least this long.",
            reason="Shorter than 100 ms an answer feels immediate to people.",
        ),
        Param(
            "slo_ms",
            None,
            "What p99 is promised to stay below; then this decides, and the median does not.",
            type=float,
            reason="Only whoever runs the service knows what was promised.",
        ),
        *SHARE_PARAMS,
    ),
    judge=_judge,
    identity=("service", "route"),
    evidence=("requests", "errors", "p50_ms", "p95_ms", "p99_ms", "max_ms", "low_ms", "total_s"),
    advice="Look at where the time of a slow request goes, beside that of one that took the median.",
)
