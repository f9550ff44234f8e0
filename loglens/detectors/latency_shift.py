"""Latency shift: nearly every request of a route takes longer than in all the rest of the time, not only the slowest.

median │            ▄▅▄▄▅▄▅▄▄▅▄▅▄▄▅
       │            ███████████████
usual  │▂▁▂▂▁▂▁▂▂▁▂▁███████████████
       └────────────┬──────────────┤
                  onset       end of data, or of the spell
"""

from __future__ import annotations

from loglens.analyses import latency_shifts
from loglens.analysis import Param, Row
from loglens.detector import Detector, Severity, Values, Verdict, at_least
from loglens.wording import counted, duration, factor


def _judge(row: Row, values: Values) -> Verdict:
    added_ms = None if row["median_ms"] is None else row["median_ms"] - row["usual_ms"]
    gates = (
        at_least(values, "sigma", row["sigma"], "sigmas, by ranks", of_all=True),
        at_least(values, "min_slow_requests", row["requests"], "requests in it", of_all=True),
        at_least(values, "min_times", row["times_low"], "times as long, surely", of_all=True),
        at_least(values, "min_added_ms", added_ms, "added to the median", of_all=True),
    )
    if added_ms is None or not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    severity: Severity = "critical" if row["times_low"] >= float(values["critical_times"] or 0) else "warning"
    return Verdict(
        gates,
        severity=severity,
        subject=row["route"],
        summary=_summary(row),
        cost_ms=added_ms * row["requests"],
        is_spell=True,
        requests=row["requests"],
    )


def _summary(row: Row) -> str:
    median, usual = duration(row["median_ms"]), duration(row["usual_ms"])
    lasted = duration((row["last_ts"] - row["first_ts"]) / 10**6)
    when = "To the end of the data" if row["change"] == "level shift" else f"For {lasted}"
    times = f"{factor(row['times'])} as long (95 %: {row['times_low']:.3g} to {row['times_high']:.3g})"
    return f"{when} half of {counted(row['requests'], 'request')} took {median} or longer, {times}; usual is {usual}."


DETECTOR = Detector(
    name="latency_shift",
    title="Latency shift",
    problem="From some time on, or for a time, nearly every request of a route takes longer than it did.",
    watches=latency_shifts.ANALYSIS,
    params=(
        *(param for param in latency_shifts.ANALYSIS.params if param.name == "sigma"),
        Param(
            "min_slow_requests",
            50,
            "Report where at least this many requests succeeded in it.",
            reason="Fewer may be one client with large requests.",
        ),
        Param(
            "min_times",
            1.5,
            "Report where they surely took this many times as long as all others (95 %, Hodges and Lehmann).",
            reason="Caches and the time of the day make a third; half as long again needs a cause.",
        ),
        Param(
            "min_added_ms",
            20.0,
            "Report where the median is longer by at least this.",
            reason="Nobody notices less, however many times the usual it is.",
        ),
        Param(
            "critical_times",
            3.0,
            "Critical where they surely took at least this many times as long.",
            reason="Three times the usual uses up what timeouts and capacity allow for.",
        ),
    ),
    judge=_judge,
    identity=("service", "route"),
    is_about_route=True,
    evidence=(
        *("shift_id", "change", "requests", "median_ms", "usual_ms", "times", "times_low", "times_high", "sigma"),
        *("first_ts", "last_ts"),
    ),
    advice="Look at where a request of it spends its time beside one from before, and at what changed at its onset.",
)
