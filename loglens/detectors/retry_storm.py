"""Retry storm: calls that fail are made again so often that the load grows when it can be borne least.

GET /page  ├─ POST llm/chat   503 ├─┤
           ├─ POST llm/chat   503     ├─┤    again
           ├─ POST llm/chat   503         ├─┤    and again
           └─ POST llm/chat   200             ├───┤
"""

from __future__ import annotations

import math

from loglens import wording
from loglens.analyses import retries
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, any_of, at_least

# Pauses that short, or all alike, make clients come back together.
_SHORT_MS = 50.0
_ALIKE = 0.1


def _judge(row: Row, values: Values) -> Verdict:
    gates = (
        at_least(values, "min_retried", row["retried"], "calls that were tried again", of_all=True),
        any_of(
            at_least(values, "min_retry_ratio", _surely(row), "retries for each call, beyond chance", of_all=True),
            at_least(values, "min_attempts", row["attempts_p95"], "attempts of one in twenty of these", of_all=True),
        ),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    is_critical = row["retry_ratio"] >= float(values["critical_retry_ratio"] or 0)
    return Verdict(
        gates,
        severity="critical" if is_critical else "warning",
        subject=row["call"],
        summary=_summary(row),
        cost_ms=row["retry_time_s"] * 1000,
        is_spell=True,
    )


def _surely(row: Row) -> float | None:
    """Return how many retries come on each call, less two standard errors: a few more than the budget are chance."""
    if row["retries"] is None:
        return None
    surely: float = max(math.sqrt(row["retries"]) - 1, 0.0) ** 2 / row["calls"]
    return surely


def _summary(row: Row) -> str:
    share = wording.some_of(row["retried_ratio"], "call") if row["retried_ratio"] < 1 else "All calls"
    outcome = f"{wording.percent(row['succeeded'] / row['retried'])} of these succeed in the end"
    told = f"{share} are tried again, up to {row['attempts_max']:,} attempts; {outcome}"
    told += f". That is {wording.factor(row['amplification_ratio'])} the load, {_pauses(row)}"
    return f"{told}."


def _pauses(row: Row) -> str:
    pause = wording.duration(row["pause_p50_ms"])
    if row["pause_p50_ms"] < _SHORT_MS:
        return f"with no back-off: half of the retries come within {pause}"
    if row["pause_spread_ratio"] is not None and row["pause_spread_ratio"] < _ALIKE:
        return f"with no jitter: all retries come after {pause}"
    return f"with pauses of {pause} at the median"


DETECTOR = Detector(
    name="retry_storm",
    title="Retry storm",
    problem="Calls that fail are made again so often that the load grows when it can be borne least.",
    watches=retries.ANALYSIS,
    params=(
        Param(
            "min_retried",
            5,
            "Report where at least this many calls were tried again.",
            reason="A few retries are what retries are for.",
        ),
        Param(
            "min_retry_ratio",
            0.1,
            "Report where at least this many retries come on each call, less two standard errors.",
            reason="The budget of retries of a client in the SRE book of Google, Handling Overload: one in ten.",
        ),
        Param(
            "min_attempts",
            4,
            "Or where one in twenty of the calls that are tried again is tried at least that often.",
            reason="Three attempts a request are the limit of the same book.",
        ),
        Param(
            "critical_retry_ratio",
            0.5,
            "Critical where at least this many retries come on each call.",
            reason="Half as much load again is more than what most services have to spare.",
        ),
    ),
    judge=_judge,
    identity=("service", "call"),
    evidence=(
        *("calls", "attempts", "amplification_ratio", "retried", "retried_ratio", "retries", "retry_ratio"),
        *("attempts_p95", "attempts_max", "succeeded", "gave_up", "pause_p50_ms", "pause_spread_ratio", "retry_time_s"),
    ),
    advice="Give up sooner: a budget of retries for each client, pauses that double and are drawn by chance, and"
    " retries in one layer only; a circuit breaker where it stays down.",
)
