"""What sets one side apart as rows: where failed requests failed, which attributes differ, and when it was."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from loglens.analysis import Row
from loglens.differences import Difference, differences
from loglens.explain.comparison import Comparison
from loglens.explain.read import rows_of
from loglens.explain.when import Stretch
from loglens.explain.words import LOGGED, OUTCOME, alias_text, share, value_text
from loglens.wording import moments

# Attributes that are told; what ranks behind them adds little.
_TOLD = 8
# What differs from one message to the next of the same kind: ids, and numbers.
_VARYING = re.compile(r"\b[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]+)*\b|\d+")
# Logged errors that no span tells of.
_LOGGED_TOLD = 3
# Records this severe say that something failed.
_ERROR = 17


@dataclass(frozen=True)
class Failure:
    """One way to fail as a row, and the failed requests that did, by their numbers."""

    row: Row
    requests: Sequence[int]


def find_failures(comparison: Comparison) -> list[Failure]:
    """Return where failed requests failed, the deepest failed span of each, then what else they logged, most first."""
    part = rows_of(comparison.table, "failure").select(["service", "name", "value", "request"])
    found: dict[tuple[str | None, str | None, str], list[Row]] = {}
    for row in part.to_pylist():
        found.setdefault((row["service"], row["name"], _alike(row["value"])), []).append(row)
    failures = [_failure(comparison, members) for members in found.values()]
    failures = [each for each in failures if each.requests]
    failures.sort(key=_most_first)
    spans = [each for each in failures if each.row["name"] != LOGGED]
    errors = [_alike(each.row["value"]) for each in spans]
    logged = [
        each for each in failures if each.row["name"] == LOGGED and not _is_told(_alike(each.row["value"]), errors)
    ]
    return [*spans[:_TOLD], *logged[:_LOGGED_TOLD]]


def _most_first(failure: Failure) -> tuple[int, str, str, str]:
    row = failure.row
    return -row["tail_requests"], str(row["service"] or ""), str(row["name"] or ""), str(row["value"] or "")


def _alike(error: str) -> str:
    """Return an error without the ids and numbers by which one of many alike differs from the next."""
    return _VARYING.sub("?", error)


def _is_told(logged: str, errors: Sequence[str]) -> bool:
    """Whether a logged error says the same as one of the spans, which has its type before it."""
    return any(logged in error or (error.partition(": ")[2] or error) in logged for error in errors)


def _failure(comparison: Comparison, members: Sequence[Row]) -> Failure:
    is_tail, (tails, bodies) = comparison.requests.is_tail, comparison.read
    failed = sorted({row["request"] for row in members if is_tail[row["request"]]})
    others = len({row["request"] for row in members}) - len(failed)
    row = {
        "part": "failure",
        "service": members[0]["service"],
        "name": members[0]["name"],
        "value": min(Counter(row["value"] for row in members).items(), key=lambda each: (-each[1], each[0]))[0],
        "tail_requests": len(failed),
        "body_requests": others,
        "tail_ratio": len(failed) / tails if tails else None,
        "body_ratio": others / bodies if bodies else None,
        "tail_trace_id": comparison.trace_id(failed[0]) if failed else None,
    }
    return Failure(row, failed)


def find_differences(comparison: Comparison, stretch: Stretch | None) -> list[Difference]:
    """Return the attributes that set one side apart, the most telling first."""
    attributes = comparison.attributes
    if comparison.is_errors:
        said = rows_of(comparison.table, "said").select(["name", "count"]).to_pylist()
        errors = {row["name"] for row in said if row["count"] >= _ERROR}
        attributes = [
            each
            for each in attributes
            if not OUTCOME.search(each.name) and not (each.name == LOGGED and each.values[0] in errors)
        ]
    tail_every, body_every = comparison.sampled
    found = differences(
        attributes,
        comparison.requests.is_tail,
        comparison.durations,
        body_weight=body_every / tail_every,
        known=None if stretch is None else stretch.holds,
    )
    return found[:_TOLD]


def attribute_row(comparison: Comparison, found: Difference) -> Row:
    """Return one of them as a row."""
    first, second = found.conditions[0], found.conditions[1] if len(found.conditions) > 1 else None
    same = [" and ".join(alias_text(each) for each in alias) for alias in found.aliases]
    return {
        "part": "attribute",
        "name": first.attribute,
        "value": value_text(first),
        "and_name": second.attribute if second else None,
        "and_value": value_text(second) if second else None,
        "tail_requests": found.tail,
        "body_requests": found.body,
        "tail_ratio": found.tail_ratio,
        "body_ratio": found.body_ratio,
        "risk": found.risk_ratio,
        "low_risk": found.low_risk_ratio,
        "auc": found.auc,
        "p": found.p,
        "q": found.q,
        "tail_trace_id": comparison.trace_id(found.example),
        "note": f"the same requests: {', '.join(same)}" if same else None,
    }


def stretch_row(comparison: Comparison, found: Stretch) -> Row:
    """Return the stretch of time in which most of one side began."""
    tails, bodies = comparison.read
    tail_side, body_side = comparison.sides
    return {
        "part": "time",
        "tail_requests": found.tail,
        "body_requests": found.body,
        "tail_ratio": found.tail / tails,
        "body_ratio": found.body / bodies,
        "risk": found.risk,
        "low_risk": found.low_risk,
        "p": found.p,
        "first_ts": found.first_ns,
        "last_ts": found.last_ns,
        "note": (
            f"{share(found.tail / tails)} of {tail_side}, and {share(found.body / bodies)} of {body_side},"
            f" began {moments(found.first_ns, found.last_ns)}."
        ),
    }
