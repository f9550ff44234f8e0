"""Spans of OTLP protobuf into batches: the usual ones by column, every other one by its JSON form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from loglens.ingest.formats.otlp_batches import names_in, rows_batch
from loglens.ingest.formats.otlp_columns import Codes, Flags, Ints, numbers
from loglens.ingest.formats.otlp_exact import Row, exact_span
from loglens.ingest.formats.otlp_origin import Origin
from loglens.ingest.formats.otlp_spans import OTLP_SCHEMA
from loglens.ingest.formats.otlp_tally import Tally
from loglens.ingest.formats.otlp_transcode import UNKNOWN, transcode
from loglens.ingest.formats.otlp_values import MALFORMED_DEPTH, Malformed
from loglens.ingest.formats.otlp_wire_attributes import PADDING
from loglens.ingest.formats.otlp_wire_spans import SpanWireReader
from loglens.ingest.lines import flag_column
from loglens.ingest.messages import text_of_bytes

# A batch is as many spans as stand in so many bytes, and no more than so many.
BATCH_BYTES, BATCH_SPANS = 6 << 20, 7_000
# A longer one is read by itself.
MAX_SPAN_BYTES = 1 << 20


@dataclass(frozen=True)
class Spans:
    """Some spans of a message that share an origin; `ordinal` is the place of the first on its line."""

    tally: Tally
    ordinal: int
    origin: Origin
    begins: Ints
    ends: Ints


@dataclass(frozen=True)
class _Stretch:
    """Spans that stand in one content: whose they are, where they begin and end, and their places in the source."""

    content: bytes
    owners: Ints
    begins: Ints
    ends: Ints
    lines: Ints
    ordinals: Codes


class SpanBatches:
    """Makes batches of OTLP_SCHEMA; keeps what repeats from batch to batch."""

    def __init__(self) -> None:
        self._wire = SpanWireReader()
        self._names: set[str] = set()
        self._has_unknown = False

    @property
    def names(self) -> set[str]:
        """The attribute names that were seen."""
        return self._wire.names | self._names

    @property
    def has_unknown(self) -> bool:
        """True when a span had a field that is not known."""
        return self._has_unknown or self._wire.has_unknown

    def batches(self, content: bytes, groups: Sequence[Spans]) -> Iterator[pa.RecordBatch]:
        """Yield the spans of some groups, which stand in a padded content in that order."""
        for stretch in _stretches(content, groups):
            good: Flags = np.zeros(len(stretch.owners), np.bool_)
            if int((stretch.ends - stretch.begins).max()) <= MAX_SPAN_BYTES:
                batch, good = self._batch(stretch, groups)
                yield batch
            for owner, count in zip(*np.unique(stretch.owners[good], return_counts=True), strict=True):
                groups[owner].tally.read(int(count))
            if not good.all():
                yield from self._exactly(stretch, groups, np.flatnonzero(~good).tolist())

    def _batch(self, stretch: _Stretch, groups: Sequence[Spans]) -> tuple[pa.RecordBatch, Flags]:
        first, last = int(stretch.owners[0]), int(stretch.owners[-1])
        places: dict[Origin, int] = {}
        codes = [places.setdefault(spans.origin, len(places)) for spans in groups[first : last + 1]]
        of_spans = np.array(codes, np.int32)[stretch.owners - first]
        read = self._wire.read(stretch.content, stretch.begins, stretch.ends, list(places), of_spans)
        read.columns["line"], read.columns["ordinal"] = numbers(stretch.lines), numbers(stretch.ordinals)
        batch = pa.record_batch([read.columns[name] for name in OTLP_SCHEMA.names], schema=OTLP_SCHEMA)
        return batch if read.good.all() else batch.filter(flag_column(read.good)), read.good

    def _exactly(self, stretch: _Stretch, groups: Sequence[Spans], places: Sequence[int]) -> Iterator[pa.RecordBatch]:
        rows = []
        for place in places:
            content = stretch.content[stretch.begins[place] : stretch.ends[place]]
            row = self._row(content, groups[stretch.owners[place]])
            if row is not None:
                rows.append(row | {"line": int(stretch.lines[place]), "ordinal": int(stretch.ordinals[place])})
        if rows:
            yield rows_batch(rows, OTLP_SCHEMA)

    def _row(self, content: bytes, spans: Spans) -> Row | None:
        """Read one span by its JSON form; None for one that is rejected."""
        try:
            text = transcode(content, "Span")
        except (Malformed, RecursionError) as error:
            reject(spans.tally, error, content)
            return None
        try:
            row = exact_span(text.encode(), spans.origin)
        except (Malformed, RecursionError) as error:
            spans.tally.reject(reason_of(error), text)
            return None
        self._names |= names_in(row["attributes"])
        self._has_unknown |= f'"{UNKNOWN}"' in text
        spans.tally.read(1, row["start_ns"] is None)
        return row


def _stretches(content: bytes, groups: Sequence[Spans]) -> Iterator[_Stretch]:
    """Cut spans into stretches of a size to work on."""
    if not groups:
        return
    counts = np.array([len(spans.begins) for spans in groups])
    begins = np.concatenate([spans.begins for spans in groups])
    ends = np.concatenate([spans.ends for spans in groups])
    owners = np.repeat(np.arange(len(groups)), counts)
    lines = np.repeat(np.array([spans.tally.line for spans in groups], np.int64), counts)
    shifts = np.array([spans.ordinal for spans in groups]) - (np.cumsum(counts) - counts)
    ordinals = (np.arange(len(begins)) + np.repeat(shifts, counts)).astype(np.int32)
    first = 0
    while first < len(begins):
        until = int(np.searchsorted(ends, begins[first] + BATCH_BYTES, "right"))
        some = slice(first, max(first + 1, min(until, first + BATCH_SPANS)))
        start, stop = int(begins[first]), int(ends[some.stop - 1])
        if some.stop - first == len(begins):
            start, part = 0, content
        else:
            part = padded(memoryview(content)[start:stop])
        yield _Stretch(part, owners[some], begins[some] - start, ends[some] - start, lines[some], ordinals[some])
        first = some.stop


def padded(content: bytes | memoryview) -> bytes:
    """Return a content with PADDING behind it."""
    return b"".join([content, bytes(PADDING)])


def reason_of(error: Exception) -> str:
    """Return why something was not read, from Malformed or RecursionError."""
    return str(error) if isinstance(error, Malformed) else MALFORMED_DEPTH


def reject(tally: Tally, error: Exception, content: bytes) -> None:
    """Reject a record that was awaited."""
    tally.reject(reason_of(error), text_of_bytes(content))
