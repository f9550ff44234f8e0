"""What the detectors of bursts share: the thresholds of the scan as gates, and what is said of a burst."""

from __future__ import annotations

from loglens.analysis import Param, Row
from loglens.bursts.drawing import began, much, onset, subject
from loglens.bursts.thresholds import THRESHOLDS
from loglens.detector import Gate, Severity, Values, Verdict, at_least, at_most

PARAMS = (
    *THRESHOLDS,
    Param(
        "min_own_ratio",
        0.5,
        "Report where at least this share of its errors began in the service itself.",
        reason="What only passes on the errors of another is not where to look.",
    ),
    Param(
        "max_retried_ratio",
        0.5,
        "Report where at most this share of its errors was made good by a later attempt.",
        reason="Where most calls succeeded at the next attempt, nobody was hurt.",
    ),
    Param(
        "critical_ratio",
        0.25,
        "Critical where at least this share of the requests failed.",
        reason="One in four failing is an outage of the route.",
    ),
)
EVIDENCE = (
    *("burst_id", "kind", "errors", "expected", "times", "requests", "error_ratio", "sigma", "expected_false"),
    *("onset_low_ts", "onset_high_ts", "began", "error", "is_new", "retried_ratio", "failed_ratio", "apart", "changes"),
)
# Where fewer of its errors than this made a request fail, users saw little of it.
_HURT = 0.5
IDENTITY = ("kind", "service", "route", "name")


def gates(row: Row, values: Values) -> tuple[Gate, ...]:
    """Return the gates of a burst that began in its own service and hurt somebody."""
    excess = None if row["errors"] is None else row["errors"] - row["expected"]
    ratio = row["error_ratio"]
    return (
        at_least(values, "sigma", row["sigma"], "sigmas", of_all=True),
        at_least(values, "min_excess", excess, "errors beyond the expected", of_all=True),
        at_least(values, "min_times", row["times"], "times the expected errors", of_all=True),
        # Where no requests are known there is no share of them.
        at_least(
            values,
            "min_error_ratio",
            1.0 if ratio is None and row["sigma"] else ratio,
            "share that failed",
            of_all=True,
        ),
        at_least(
            values, "min_own_ratio", row["own_ratio"], "share of its errors that began in the service", of_all=True
        ),
        at_most(values, "max_retried_ratio", row["retried_ratio"], "share made good by a later attempt", of_all=True),
    )


def verdict(row: Row, values: Values, passed: tuple[Gate, ...]) -> Verdict:
    """Return the verdict on a burst that passed its gates."""
    ratio = row["error_ratio"]
    is_critical = ratio is not None and ratio >= float(values["critical_ratio"] or 0)
    severity: Severity = "critical" if is_critical else "warning"
    if row["failed_ratio"] < _HURT:
        severity = "info"
    return Verdict(
        passed,
        severity=severity,
        subject=row["error"] or subject(row),
        summary=" ".join(filter(None, (much(row), onset(row), began(row)))),
        is_spell=True,
        requests=row["errors"],
    )
