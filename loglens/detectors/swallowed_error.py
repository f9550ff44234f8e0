"""Swallowed error: something fails below requests that succeed, again and again, and nobody is told.

GET /page  200            the answer is fine
  ├─ SELECT … items
  ├─ POST audit/events    failed: what it was to do was not done
  └─ SELECT … prices
"""

from __future__ import annotations

from loglens import wording
from loglens.analyses import errors
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, at_least

_FROM_LOGS = "Read from log records: a record of level ERROR in a request that was answered without one."


def _judge(row: Row, values: Values) -> Verdict:
    requests, swallowed = row["requests"], row["swallowed"]
    gates = (
        at_least(values, "min_swallowed", swallowed, "requests that succeeded all the same", of_all=True),
        at_least(
            values,
            "min_swallowed_ratio",
            swallowed / requests if requests else None,
            "share of the requests in which it happened",
            of_all=True,
        ),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    return Verdict(
        gates,
        severity="warning",
        subject=row["error"],
        summary=_summary(row),
        caveats=(_FROM_LOGS,) if row["told_by"] == "log" else (),
    )


def _summary(row: Row) -> str:
    step = f" in {row['operation']}" if row["operation"] else ""
    where = f" of {row['route']}" if row["route"] else ""
    told = f"It happens{step}{where} in {wording.counted(row['swallowed'], 'request')} that succeed all the same"
    if row["since_requests"]:
        told += f", {wording.some_of(row['swallowed'] / max(row['since_requests'], row['swallowed']), 'request')} since"
    logged = "nothing is logged of it" if not row["lines"] else f"{wording.counted(row['lines'], 'line')} are logged"
    return f"{told}; {logged}."


DETECTOR = Detector(
    name="swallowed_error",
    title="Swallowed error",
    problem="Something fails below requests that succeed, again and again, and nobody is told.",
    watches=errors.ANALYSIS,
    params=(
        Param(
            "min_swallowed",
            5,
            "Report where at least this many requests succeeded in spite of it.",
            reason="A call that fails now and then is what fallbacks are for.",
        ),
        Param(
            "min_swallowed_ratio",
            0.5,
            "Report where at least this share of the requests in which it happened did.",
            reason="Where most of them fail or try again, it is seen there.",
        ),
    ),
    judge=_judge,
    identity=("service", "route", "operation", "error"),
    evidence=("error_id", "requests", "failed", "retried", "swallowed", "since_requests", "users", "lines", "message"),
    advice="Say what depends on it: where nothing does, do not call it; where something does, let the request tell, or"
    " put the work where it is tried again.",
)
