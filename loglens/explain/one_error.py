"""The rows of `error`: what the requests with it have that others do not, the last traces, and the records around."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from loglens.analysis import Row
from loglens.arrow_columns import flags
from loglens.differences import differences
from loglens.explain.read import read_attributes, rows_of
from loglens.explain.words import OUTCOME, value_text

if TYPE_CHECKING:
    import pyarrow as pa

_ATTRIBUTES = 8
_TRACES = 5
_PLACES = 3
_RECORDS = 40


def error_rows(table: pa.Table) -> Iterator[Row]:
    """Yield the rows of the answer from those of the statement."""
    yield from map(_row, rows_of(table, "error").to_pylist())
    for part in ("operation", "seen", "outcome"):
        counted = sorted(rows_of(table, part).to_pylist(), key=lambda row: -row["count"])
        yield from map(_row, counted[:_PLACES])
    yield from (_row(row) for row in rows_of(table, "stack").to_pylist() if row["value"] is not None)
    yield from _attributes(table)
    traces = rows_of(table, "trace").to_pylist()
    yield from map(_row, traces[::-1][:_TRACES])
    # What was logged last before the error says most.
    yield from map(_row, rows_of(table, "log").to_pylist()[-_RECORDS:])
    yield from map(_row, rows_of(table, "around").to_pylist())


def _row(row: Row) -> Row:
    told = {name: row[name] for name in ("part", "service", "level", "name", "value", "trace_id")}
    return {**told, "seen_ts": row["ts_ns"], "requests": row["count"]}


def _attributes(table: pa.Table) -> Iterator[Row]:
    requests = rows_of(table, "request")
    if not requests.num_rows:
        return
    is_tail = flags(requests["is_tail"])
    attributes = [each for each in read_attributes(table, len(is_tail)) if not OUTCOME.search(each.name)]
    for found in differences(attributes, is_tail)[:_ATTRIBUTES]:
        first = found.conditions[0]
        others = [f"{each.attribute} = {value_text(each)}" for each in found.conditions[1:]]
        yield {
            "part": "attribute",
            "name": first.attribute,
            "value": " and ".join([value_text(first), *others]),
            "requests": found.tail,
            "other_requests": found.body,
            "ratio": found.tail_ratio,
            "other_ratio": found.body_ratio,
            "risk": found.risk_ratio,
            "q": found.q,
        }
