"""The rows of `why`: what is compared, where the extra time goes, what sets one side apart, when, and what to doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from loglens.analysis import Row, Value
from loglens.explain.causes import attribute_rows, failure_rows, stretch_row
from loglens.explain.caveats import censored, stalled
from loglens.explain.compared import compared_row, refusal
from loglens.explain.comparison import Comparison
from loglens.explain.components import component_rows
from loglens.explain.read import rows_of
from loglens.explain.verdict import failed, sentence
from loglens.explain.when import find_stretch

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS: Mapping[str, str] = {
    "part": "verdict, requests (what is compared), component, kind, failure, attribute, time, or note.",
    "service": "Service that answered; of a component or a failure its own.",
    "name": "The route; the operation of a component or a failure; the name of an attribute.",
    "value": "The values of an attribute, the kind of a component, or the error of a failure.",
    "and_name": "The second attribute of a pair.",
    "and_value": "Its values.",
    "tail_requests": "Slow or failed requests with it.",
    "body_requests": "Typical or successful requests with it.",
    "tail_ratio": "Share of the slow or failed requests.",
    "body_ratio": "Share of the typical or successful requests.",
    "risk": "How many times as likely a request with it is to be slow or failed: the risk ratio.",
    "low_risk": "Its lower 95 % limit.",
    "auc": "Of an amount: how often that of a slow or failed request lies above that of another; 0.5 by chance.",
    "p": "Probability of such a difference by chance.",
    "q": "The same for all that was tested together (Benjamini-Hochberg).",
    "tail_ms": "Mean time on the critical path of slow requests; of the requests, their mean duration.",
    "body_ms": "The same of typical requests.",
    "extra_ms": "What slow requests take more; the components add up to the requests.",
    "low_extra_ms": "Lower 95 % limit of extra_ms.",
    "high_extra_ms": "Upper 95 % limit of extra_ms.",
    "extra_ratio": "Share of all that slow requests take more.",
    "more_calls_ms": "The part of extra_ms that comes from more calls.",
    "slower_calls_ms": "The part of extra_ms that comes from slower calls.",
    "tail_calls": "Calls in a slow request, on average.",
    "body_calls": "Calls in a typical request, on average.",
    "tail_ns": "Time of all slow requests together; the components add up to the requests, to the nanosecond.",
    "body_ns": "The same of all typical requests.",
    "first_ts": "When the first of the slow or failed ones began.",
    "last_ts": "When the last of them began.",
    "tail_trace_id": "A slow or failed request with it; of the requests, the slowest or the last that failed.",
    "body_trace_id": "A typical or successful request.",
    "note": "In words.",
}


def explain(table: pa.Table, values: Mapping[str, Value]) -> list[Row]:
    """Return the rows of the answer from those of the statement and its binds."""
    comparison = Comparison(table, values)
    told = [compared_row(comparison), *failure_rows(comparison)]
    refused = refusal(comparison)
    if refused is None:
        requests = comparison.requests
        stretch = find_stretch(requests.start_ns, requests.has_start, requests.is_tail)
        told += [] if comparison.is_errors else component_rows(comparison)
        told += attribute_rows(comparison, stretch)
        told += [] if stretch is None else [stretch_row(comparison, stretch)]
    told += [{"part": "note", "note": note} for note in (*_sampling(comparison), *_doubts(comparison, refused))]
    verdict = sentence(told, comparison.words) if refused is None else " ".join([*failed(told), refused])
    return [dict.fromkeys(COLUMNS) | row for row in ({"part": "verdict", "note": verdict}, *told)]


def _sampling(comparison: Comparison) -> Iterator[str]:
    for every, word in zip(comparison.sampled, comparison.words, strict=True):
        if every > 1:
            yield f"One in {every} of the {word} requests was read, always the same ones; times and shares are theirs."


def _doubts(comparison: Comparison, refused: str | None) -> Iterator[str]:
    if comparison.is_errors or refused is not None:
        return
    requests = comparison.requests
    cut_off = censored(requests.duration_ns[requests.is_tail])
    if cut_off:
        yield cut_off
    arrivals = comparison.row("arrivals")
    if arrivals["time_ns"] is not None:
        total = int(comparison.values["requests"])
        missing = stalled(arrivals["time_ns"], arrivals["count"], total, arrivals["start_ns"] or 0)
        if missing:
            yield missing
    if not rows_of(comparison.table, "call").num_rows:
        yield "Nothing is recorded of what happened inside these requests: no spans below them, no logged calls."
