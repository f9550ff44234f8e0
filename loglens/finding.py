"""What a finding is: the verdict of a detector on one thing, with the evidence for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loglens.analysis import Row
from loglens.answer import Answer
from loglens.columns import Column
from loglens.detector import SEVERITIES, Gate, Severity

Draw = Callable[[Sequence[Row], int], str]

# Digits of a fingerprint: 48 bits tell the findings of a lifetime apart and still fit on a line.
FINGERPRINT_DIGITS = 12

COLUMNS: tuple[Column, ...] = (
    Column("severity", "VARCHAR", "critical, warning or info."),
    Column("detector", "VARCHAR", "Detector that found it."),
    Column("service", "VARCHAR", "Service it is in."),
    Column("route", "VARCHAR", "Route it is about or in, where known."),
    Column("subject", "VARCHAR", "What is accused: a route, a statement, a call."),
    Column("statement", "VARCHAR", "Statement or call it is about, without its parameters."),
    Column("summary", "VARCHAR", "What is wrong, in one sentence."),
    Column("cost_ms", "DOUBLE", "Time that requests took longer because of it, all together; findings rank by it."),
    Column("gain_ms", "DOUBLE", "What a request would save, where that can be computed."),
    Column("advice", "VARCHAR", "What to do about it."),
    Column("caveats", "JSON", "What to keep in mind before acting."),
    Column("evidence", "JSON", "The numbers it rests on."),
    Column("gates", "JSON", "The conditions it met: what was seen, against which threshold."),
    Column("exemplar_trace_ids", "JSON", "Requests to look at."),
    Column("first_ts", "TIMESTAMP_NS", "When it was seen first, where known."),
    Column("last_ts", "TIMESTAMP_NS", "When it was seen last, where known."),
    Column("part_of", "VARCHAR", "Fingerprint of the finding that this one explains, or that came at the same time."),
    Column("is_acked", "BOOLEAN", "Whether somebody has acknowledged it, and that has not ended."),
    Column("ack_reason", "VARCHAR", "Why it is tolerated."),
    Column("ack_until_ts", "TIMESTAMP_NS", "When the acknowledgement ends, or ended; null for never."),
    Column("fingerprint", "VARCHAR", "The same for the same problem on any day."),
    Column("sql", "VARCHAR", "A statement that gives the evidence again."),
)

# What the story of a finding has beside its columns.
STORY: tuple[Column, ...] = (
    Column(
        "why",
        "JSON",
        "What sets its requests apart: of a slow route as `why`, of a new error as `error` answers it; null of others.",
    ),
    Column("trace", "JSON", "The spans and records of its first exemplar."),
)


@dataclass(frozen=True)
class Finding:
    """One problem that a detector found; the fields are explained in COLUMNS, times are nanoseconds since the epoch."""

    detector: str
    severity: Severity
    service: str | None
    subject: str
    summary: str
    fingerprint: str
    evidence: Mapping[str, Any]
    gates: tuple[Gate, ...]
    sql: str
    advice: str
    cost_ms: float
    gain_ms: float | None = None
    caveats: tuple[str, ...] = ()
    exemplar_trace_ids: tuple[str, ...] = ()
    first_ns: int | None = None
    last_ns: int | None = None
    is_spell: bool = False
    services: int = 1
    requests: int = 0
    route: str | None = None
    statement: str | None = None
    is_about_route: bool = False
    part_of: str | None = None
    is_acked: bool = False
    ack_reason: str | None = None
    ack_until_ns: int | None = None


def fingerprint(detector: str, identity: Sequence[Any]) -> str:
    """Return what names a finding on any day, from the values of its identity columns."""
    import hashlib

    text = json.dumps([detector, *identity], ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:FINGERPRINT_DIGITS]


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with the gravest first: of those what was not over long before the others, then what cost most.

    What costs no time ranks by the services it reached, then by the requests it hurt; ties go by fingerprint.
    """
    found = list(findings)
    times = [time for each in found for time in (each.first_ns, each.last_ns) if time is not None]
    # Over before the last tenth of the time in which anything was found.
    late = max(times, default=0) - (max(times, default=0) - min(times, default=0)) // 10
    return sorted(
        found,
        key=lambda each: (
            SEVERITIES.index(each.severity),
            each.last_ns is not None and each.last_ns < late,
            -each.cost_ms,
            -each.services,
            -each.requests,
            each.fingerprint,
        ),
    )


def answer_of(findings: Iterable[Finding], limit: int, draw: Draw, notes: Sequence[str] = ()) -> Answer:
    """Return findings as the rows of an answer, at most `limit` of them where that is not 0."""
    rows = [_row(finding) for finding in findings]
    kept = rows[:limit] if limit else rows
    # One statement could not give them: each row has its own.
    return Answer("Findings", COLUMNS, kept, sql="", draw=draw, notes=notes, left_out=len(rows) - len(kept))


def _row(finding: Finding) -> tuple[Any, ...]:
    values = {
        **vars(finding),
        "caveats": _json(finding.caveats),
        "evidence": _json(finding.evidence),
        "gates": _json([gate_object(gate) for gate in finding.gates]),
        "exemplar_trace_ids": _json(finding.exemplar_trace_ids),
        "first_ts": finding.first_ns,
        "last_ts": finding.last_ns,
        "ack_until_ts": finding.ack_until_ns,
    }
    return tuple(values[column.name] for column in COLUMNS)


def gate_object(gate: Gate) -> dict[str, Any]:
    """Return a gate as JSON has it: the number, and its threshold under `at_least` or `at_most`."""
    written: dict[str, Any] = {
        "param": gate.param,
        "what": gate.what,
        "value": gate.value,
        "at_most" if gate.at_most else "at_least": gate.threshold,
    }
    return written | ({"or": [gate_object(other) for other in gate.others]} if gate.others else {})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
