"""New error: it never happened before, though there was traffic enough for it to happen.

requests │▄▄▅▄▄▅▄▄▄▅▄▄▄▅▄▄▄▄
errors   │            █▆▇█▆▇
         └───────────┬────────
              since its first
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loglens import wording
from loglens.analyses import errors
from loglens.analysis import Follow, Param, Row
from loglens.detector import MAX_Q, Detector, Values, Verdict, at_least

# `early_ratio` is the traffic up to so many requests with the error.
_FEW = 10


def _judge(row: Row, values: Values) -> Verdict:
    quiet_ratio = row["quiet_ratio"]
    # Where the next attempt succeeded, nobody was hurt.
    requests = None if row["requests"] is None else row["requests"] - row["retried"]
    gates = (
        at_least(
            values,
            "min_requests",
            requests,
            "requests in which it happened, and no later attempt succeeded",
            of_all=True,
        ),
        at_least(values, "min_quiet_ratio", quiet_ratio, "share of the traffic before its first", of_all=True),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    assert requests is not None
    share = requests / max(row["since_requests"], requests)
    is_critical = row["failed"] / requests >= 0.5 and share >= float(values["critical_ratio"] or 0)
    return Verdict(
        gates,
        severity="critical" if is_critical else "warning" if row["failed"] else "info",
        subject=row["error"],
        summary=_summary(row, requests, share),
        p=_p(row, values),
        is_spell=True,
        services=row["services"],
        requests=row["failed"],
    )


def _p(row: Row, values: Values) -> float:
    """Return how probable so much traffic before its first is, had it always been about at the rate it then had.

    That is told by the first few alone, as it may become more frequent for another reason; and all rows that are
    judged had the least traffic before it that a gate asks for.
    """
    quiet, early = row["quiet_ratio"], row["early_ratio"]
    asked = min(float(values["min_quiet_ratio"] or 0), quiet)
    few = min(row["requests"], _FEW)
    return float(((early - quiet) / (early - asked)) ** (few - 1)) if early > asked else 1.0


def _summary(row: Row, requests: int, share: float) -> str:
    step = f" in {row['operation']}" if row["operation"] else ""
    where = f" in {row['routes']:,} routes" if row["routes"] > 1 else f" of {row['route']}" if row["route"] else ""
    since = wording.moment(row["first_ts"]) if row["first_ts"] is not None else "its first"
    told = f"New since {since}{step}{where}: {wording.counted(requests, 'request')}"
    told += f", {wording.some_of(share, 'request')} of its service since then; {row['failed']:,} failed with it"
    # Who called from outside met it there.
    outside = row["seen_route"]
    if row["services"] > 1 and outside and outside != f"{row['service']} {row['route']}":
        told += f", seen from outside in {outside}"
    return f"{told}; none in the {wording.percent(row['quiet_ratio'])} of the traffic before."


def _ask_error(row: Row, _: Values) -> Mapping[str, Any]:
    """Return what asks for the stack of the error and what sets its requests apart."""
    return {"error": row["error_id"], "service": row["service"]}


DETECTOR = Detector(
    name="new_error",
    title="New error",
    problem="An error never happened before, though there was traffic enough for it to happen.",
    watches=errors.ANALYSIS,
    # A mistake that few requests of each route meet is one that many of the service do.
    asks={"by": "both"},
    params=(
        Param(
            "min_requests",
            5,
            "Report where it happened in at least this many requests.",
            reason="Every rare error is new at some time; five are no accident of one client.",
        ),
        Param(
            "min_quiet_ratio",
            0.1,
            "Report where at least this share of the traffic of its service came before it.",
            reason="At the begin of the data everything is new.",
        ),
        MAX_Q,
        Param(
            "critical_ratio",
            0.05,
            "Critical where at least this share of the requests of its service since then has it, and fails.",
            reason="One request in twenty is what takes up the error budget of a month in a day.",
        ),
    ),
    judge=_judge,
    follow=Follow("error", _ask_error),
    identity=("service", "route", "operation", "error"),
    evidence=(
        *("error_id", "requests", "failed", "retried", "swallowed", "quiet_ratio", "early_ratio", "since_requests"),
        *("users", "lines", "services", "routes", "seen_route", "message"),
    ),
    advice="Look at what changed just before its first: a deploy, a migration, a setting, another service.",
)
