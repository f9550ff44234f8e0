"""The rows of `why`: what is compared, where the extra time goes, what sets one side apart, when, and what to doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from loglens.analysis import Row, Value
from loglens.explain.causes import attribute_row, find_differences, find_failures, stretch_row
from loglens.explain.caveats import censored, stalled
from loglens.explain.columns import COLUMNS
from loglens.explain.compared import compared_row, refusal
from loglens.explain.comparison import Comparison
from loglens.explain.components import component_rows
from loglens.explain.each_failure import failure_rows
from loglens.explain.read import rows_of
from loglens.explain.rest import tell_rest
from loglens.explain.verdict import failed, sentence
from loglens.explain.when import find_stretch

if TYPE_CHECKING:
    import pyarrow as pa


def explain(table: pa.Table, values: Mapping[str, Value]) -> list[Row]:
    """Return the rows of the answer from those of the statement and its binds."""
    comparison = Comparison(table, values)
    refused, others = refusal(comparison), ""
    failures = find_failures(comparison)
    told = [compared_row(comparison)]
    told += [each.row for each in failures] if refused else failure_rows(comparison, failures)
    if refused is None:
        requests = comparison.requests
        stretch = find_stretch(requests.start_ns, requests.has_start, requests.is_tail)
        told += [] if comparison.is_errors else component_rows(comparison)
        found = find_differences(comparison, stretch)
        told += [attribute_row(comparison, each) for each in found]
        told += [] if stretch is None else [stretch_row(comparison, stretch)]
        others = tell_rest(comparison, found)
    told += [{"part": "note", "note": note} for note in (*_sampling(comparison), *_doubts(comparison, refused))]
    said = [sentence(told, comparison), others] if refused is None else [*failed(told), refused]
    verdict = " ".join(filter(None, said))
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
