"""Reading one source of spans that stand in lists of JSON: by columns where they have the usual shape, else by SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, repeat
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from loglens.ingest.formats.otlp_batches import BATCH_RECORDS, Ordinals
from loglens.ingest.formats.otlp_columns import JSON, as_json, dictionary, json_schema, numbers
from loglens.ingest.formats.otlp_pieces import as_written, mended
from loglens.ingest.formats.otlp_reading import JSON_COLUMNS
from loglens.ingest.formats.otlp_spans import FEW, SPAN_SCHEMA, span_statement
from loglens.ingest.formats.otlp_tally import Book, KeptRejects
from loglens.ingest.formats.otlp_words import MAX_KEPT, Words
from loglens.ingest.formats.span_pieces import Found, Shared, Usual, hex_id_sql
from loglens.ingest.formats.span_usual import has_escape
from loglens.ingest.lines import strings, written_or_null
from loglens.ingest.pieces import Reject, RejectSpool
from loglens.ingest.reader import Counts, Reading
from loglens.ingest.spool import Spool

USUAL, OTHER = "usual", "other"
# All spans of a piece that is read whole are in memory at once.
MAX_WHOLE_BYTES = 4 << 20
# What spans of the usual shape have none of.
_NONE = ("events", "links", "exception_type", "raw")
USUAL_SCHEMA = pa.schema([field for field in SPAN_SCHEMA if field.name not in _NONE])
OTHER_SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        ("ordinal", pa.int32()),
        ("text", JSON),
        ("written", pa.string()),
        ("trace_id", FEW),
        ("span_id", pa.string()),
        ("process", FEW),
    ]
)
USUAL_ROWS = f"""
    (
        SELECT
            * REPLACE (
                {hex_id_sql("trace_id")}       AS trace_id,
                {hex_id_sql("span_id")}        AS span_id,
                {hex_id_sql("parent_span_id")} AS parent_span_id,
                coalesce(service, $fallback)   AS service
            ),
            {", ".join(f"NULL::VARCHAR AS {name}" for name in _NONE)}
        FROM input
    )
"""


class Spans(Protocol):
    """How a format's spans are found and read; keeps what repeats."""

    # The SELECT over `input` that makes rows of the texts of spans, with the columns `span_statement` reads; it binds
    # $fallback, the service of a span that names none.
    columns: str
    shared: Words

    def read_whole(self, text: bytes) -> list[Usual] | None:
        """Read a piece without escapes whose spans all have the usual shape, None where one has another."""
        ...

    def split(self, text: bytes, *, is_mended: bool) -> Iterator[Found]:
        """Yield the spans of a piece; raises ValueError where it holds none."""
        ...


@dataclass(frozen=True)
class Told:
    """What a parser of spans found beside rows."""

    counts: Counts
    rejects: Sequence[Reject]
    fell_back: bool


class SpanParser:
    """Makes batches of spans from the texts they stand in."""

    def __init__(self, spans: type[Spans], book: Book | None = None) -> None:
        self._spans = spans()
        self._book = book or Book(Counts(), KeptRejects())
        self._ordinals = Ordinals()
        self._usual: list[tuple[int, int, Usual]] = []
        self._other: list[tuple[int, int, str | None, Found]] = []
        # Pieces that were read whole, and those that could not be: where they are the most, nothing is tried.
        self._uniform, self._mixed = 0, 0
        self.fell_back = False

    def take(self) -> Told:
        """Return what was found; counts and rejects since the last call."""
        book, self._book = self._book, Book(Counts(), KeptRejects())
        assert isinstance(book.rejects, KeptRejects)
        return Told(book.counts, book.rejects, self.fell_back)

    def give(self, found: Told) -> None:
        """Add what another parser has found."""
        self._book.counts.add(found.counts)
        for reject in found.rejects:
            self._book.rejects.add(reject)
        self.fell_back = self.fell_back or found.fell_back

    def parse(self, pieces: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yield batches of the spans of the usual shape, and of the texts of others."""
        texts = pieces["text"].cast(pa.binary()).to_pylist()
        for line, lines, text in zip(pieces["line"].to_pylist(), pieces["lines"].to_pylist(), texts, strict=True):
            self._take(line, lines, text.rstrip(b"\r\n"))
            yield from self._flush(BATCH_RECORDS)
        yield from self._flush(1)
        if len(self._spans.shared) > MAX_KEPT:
            self._spans = type(self._spans)()

    def _take(self, line: int, lines: int, text: bytes) -> None:
        if has_escape(text):
            self._split(line, lines, text, mended(text))
        elif not self._read_whole(line, lines, text):
            self._split(line, lines, text, text)

    def _read_whole(self, line: int, lines: int, text: bytes) -> bool:
        """Read a piece whose spans all have the usual shape; say whether they have."""
        if self._mixed > self._uniform or len(text) > MAX_WHOLE_BYTES:
            return False
        spans = self._spans.read_whole(text)
        if spans is None:
            self._mixed += 1
            return False
        self._uniform += 1
        self._book.counts.record_lines += lines
        shared = self._spans.shared.found
        self.fell_back = self.fell_back or not all(shared[code].service for code in {span[-1] for span in spans})
        first = self._ordinals.take(line, len(spans))
        self._usual += zip(repeat(line), count(first), spans)
        return True

    def _split(self, line: int, lines: int, text: bytes, whole: bytes) -> None:
        try:
            found = list(self._spans.split(whole, is_mended=whole is not text))
        except (ValueError, RecursionError) as error:
            reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
            self._book.rejects.add(Reject(line, lines, reason, text.decode()))
            return
        spans = [each for each in found if not each.lack]
        if len(spans) < len(found):
            for each in found:
                if each.lack:
                    reject = Reject(line, 0 if spans else lines, each.lack, bytes(each.text).decode())
                    self._book.rejects.add(reject)
                    lines = lines if spans else 0
        self._book.counts.record_lines += lines
        self.fell_back = self.fell_back or not all(each.names_service for each in spans)
        first = self._ordinals.take(line, len(spans))
        for ordinal, span in enumerate(spans, first):
            if span.usual is not None:
                self._usual.append((line, ordinal, span.usual))
                continue
            written = None if whole is text else bytes(as_written(span.text, whole, memoryview(text))).decode()
            self._other.append((line, ordinal, written, span))

    def _flush(self, at_least: int) -> Iterator[tuple[str, pa.RecordBatch]]:
        while len(self._usual) >= at_least:
            rows, self._usual = self._usual[:BATCH_RECORDS], self._usual[BATCH_RECORDS:]
            yield USUAL, _usual_batch(rows, self._spans.shared.found)
        while len(self._other) >= at_least:
            others, self._other = self._other[:BATCH_RECORDS], self._other[BATCH_RECORDS:]
            yield OTHER, _other_batch(others)


def _usual_batch(rows: Sequence[tuple[int, int, Usual]], shared: Sequence[Shared]) -> pa.RecordBatch:
    lines, ordinals, spans = zip(*rows, strict=True)
    trace_ids, span_ids, parent_ids, names, starts, durations, attributes, owners = zip(*spans, strict=True)
    used, places = np.unique(np.array(owners, np.int32), return_inverse=True)
    codes = places.astype(np.int32)
    found = [shared[code] for code in used.tolist()]
    timed = np.array([duration is not None for duration in durations])
    columns = {
        name: dictionary(codes, [getattr(each, name) for each in found]) for name in Shared.__struct_fields__
    } | {
        "line": numbers(np.array(lines, np.int64)),
        "ordinal": numbers(np.array(ordinals, np.int32)),
        "trace_id": strings(trace_ids),
        "span_id": strings(span_ids),
        "parent_span_id": strings(parent_ids),
        "name": strings(names),
        "start_ns": numbers(np.array(starts, np.int64) * 1000),
        "duration_ns": numbers(np.array([duration or 0 for duration in durations], np.int64) * 1000, timed),
        "attributes": written_or_null(attributes),
    }
    return pa.record_batch([columns[name] for name in USUAL_SCHEMA.names], schema=USUAL_SCHEMA)


def _other_batch(rows: Sequence[tuple[int, int, str | None, Found]]) -> pa.RecordBatch:
    lines, ordinals, written, spans = zip(*rows, strict=True)
    texts = pa.array([bytes(span.text) for span in spans], pa.binary()).cast(pa.string())
    return pa.record_batch(
        [
            pa.array(lines, pa.int64()),
            pa.array(ordinals, pa.int32()),
            pa.ExtensionArray.from_storage(JSON, texts),
            pa.array(written, pa.string()),
            pa.array([span.trace_id for span in spans], pa.string()).dictionary_encode(),
            pa.array([span.span_id for span in spans], pa.string()),
            pa.array([span.process for span in spans], pa.string()).dictionary_encode(),
        ],
        schema=OTHER_SCHEMA,
    )


class SpanReading:
    """One pass over the pieces of a source: spans of the usual shape are stored on the way, others are set aside."""

    def __init__(self, reading: Reading, spans: type[Spans]) -> None:
        self._reading = reading
        self._spans = spans
        self._rejects = RejectSpool()
        self._parser = SpanParser(spans, Book(reading.counts, self._rejects))
        self._others = Spool(OTHER_SCHEMA)

    def run(self) -> None:
        """Read the source to its end."""
        reading = self._reading
        try:
            self._store(USUAL_ROWS, json_schema(USUAL_SCHEMA, JSON_COLUMNS), self._usual_batches())
            if self._others.rows:
                self._store(f"({self._spans.columns})", OTHER_SCHEMA, self._others.read())
                reading.counts.untimed += reading.count_untimed("spans")
        finally:
            self._others.close()
        self._rejects.insert(reading.connection, reading.source_id)
        if self._parser.fell_back:
            reading.assume("service", f"{reading.fallback_service}, where a span names none")

    def _store(self, rows: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        binds: dict[str, Any] = {"source_id": self._reading.source_id, "fallback": self._reading.fallback_service}
        self._reading.counts.records += self._reading.insert(span_statement(rows), schema, batches, binds)

    def _usual_batches(self) -> Iterator[pa.RecordBatch]:
        for name, batch in self._reading.parsed(partial(SpanParser, self._spans), self._parser):
            if name == USUAL:
                yield as_json(batch, JSON_COLUMNS)
            else:
                self._others.add(batch)
