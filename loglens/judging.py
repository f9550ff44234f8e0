"""Judging: what the detectors find, less what is known, and one finding told whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from loglens.acks import Ack, only_one, stored_acks
from loglens.analyses import BY_NAME
from loglens.answer import Answer
from loglens.ask import ask
from loglens.detect import accept_thresholds, chosen, detect
from loglens.detector import SEVERITIES
from loglens.detectors import ALL
from loglens.errors import UsageError
from loglens.finding import STORY, Finding, answer_of
from loglens.finding_list import draw
from loglens.nearest import did_you_mean
from loglens.params import accept_all
from loglens.reports.jsonl import objects
from loglens.scope import Scope
from loglens.story import draw as draw_story

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Search:
    """What is looked for: with which detector, thresholds and scope, and which findings are left out.

    `severity` is the least grave; `known` are the fingerprints of a baseline; `acked` takes in what is acknowledged.
    """

    detector: str | None = None
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    scope: Scope = field(default_factory=Scope)
    severity: str = SEVERITIES[-1]
    known: frozenset[str] = frozenset()
    acked: bool = False


@dataclass(frozen=True)
class Found:
    """What was found by whom, and how many findings were left out: acknowledged, or in the baseline."""

    asked: Sequence[str]
    findings: Sequence[Finding]
    acked: int
    known: int

    def answer(self, limit: int) -> Answer:
        """Return the findings as an answer of at most `limit` rows, 0 for all, that says what it leaves out."""
        left_out = {"acknowledged": self.acked, "in the baseline": self.known}
        told = [f"{count:,} {what}" for what, count in left_out.items() if count]
        notes = [f"Left out: {', '.join(told)}."] if told else []
        if not self.findings:
            notes.insert(0, f"Nothing{' else' if told else ''} found by {', '.join(self.asked)}.")
        return answer_of(self.findings, limit, draw, notes)

    def one(self, fingerprint: str) -> Finding:
        """Return the finding whose fingerprint begins so; raises NotFound or UsageError."""
        # Of a problem that is there twice, the first is the gravest.
        by_fingerprint = {finding.fingerprint: finding for finding in reversed(self.findings)}
        return by_fingerprint[only_one(fingerprint, by_fingerprint, "finding")]


def find(connection: duckdb.DuckDBPyConnection, search: Search, now_ns: int) -> Found:
    """Return what is found, the gravest first. Raises UsageError for an unknown detector, threshold or severity."""
    if search.severity not in SEVERITIES:
        raise UsageError(f"No severity {search.severity!r}. {did_you_mean(search.severity, SEVERITIES)}")
    shown = SEVERITIES[: SEVERITIES.index(search.severity) + 1]
    thresholds = accept_thresholds(ALL, search.thresholds)
    acks = stored_acks(connection)
    detectors = chosen(ALL, search.detector)
    found = detect(connection, detectors, thresholds, search.scope)
    grave = [_marked(each, acks.get(each.fingerprint), now_ns) for each in found if each.severity in shown]
    fresh = [each for each in grave if each.fingerprint not in search.known]
    open_ones = [each for each in fresh if search.acked or not each.is_acked]
    asked = [detector.name for detector in detectors]
    return Found(asked, open_ones, acked=len(fresh) - len(open_ones), known=len(grave) - len(fresh))


def tell(connection: duckdb.DuckDBPyConnection, fingerprint: str, search: Search, now_ns: int) -> Answer:
    """Return one finding, by the beginning of its fingerprint, as an answer that tells its story."""
    finding = find(connection, replace(search, acked=True), now_ns).one(fingerprint)
    trace, seen = BY_NAME["trace"], None
    for trace_id in finding.exemplar_trace_ids[:1]:
        seen = ask(connection, trace, accept_all(trace, {"trace_id": trace_id}), Scope(), limit=0).held()
    follow = _followed(connection, finding, search.scope)
    drawn = partial(draw_story, trace=seen.rows() if seen else (), follow=follow)
    answer = answer_of([finding], 0, drawn)
    (values,) = answer.tuples
    return replace(answer, columns=answer.columns + STORY, tuples=[(*values, _as_json(follow), _as_json(seen))])


def _as_json(answer: Answer | None) -> str | None:
    return None if answer is None else f"[{', '.join(objects(answer))}]"


def _followed(connection: duckdb.DuckDBPyConnection, finding: Finding, scope: Scope) -> Answer | None:
    """Return the answer that belongs to the story of a finding, where its detector names a question."""
    (detector,) = (each for each in ALL if each.name == finding.detector)
    if detector.follow is None or (finding.is_about_route and finding.route is None):
        return None
    analysis = BY_NAME[detector.follow.analysis]
    asked = dict(detector.follow.ask({"service": finding.service, "route": finding.route, **finding.evidence}, {}))
    about = replace(scope, service=asked.pop("service"))
    return ask(connection, analysis, accept_all(analysis, asked), about, analysis.limit).held()


def _marked(finding: Finding, ack: Ack | None, now_ns: int) -> Finding:
    if ack is None:
        return finding
    return replace(finding, is_acked=ack.holds(now_ns), ack_reason=ack.reason, ack_until_ns=ack.until_ns)
