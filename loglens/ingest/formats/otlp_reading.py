"""Reading one source of OTLP JSON: its pieces in, the rows of three tables out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa

from loglens.ingest.formats.otlp_batches import RecordReader, Shape
from loglens.ingest.formats.otlp_columns import as_json, json_schema
from loglens.ingest.formats.otlp_exact import exact_span
from loglens.ingest.formats.otlp_log_columns import LogReader
from loglens.ingest.formats.otlp_logs import LOG_SCHEMA, exact_log, log_statement
from loglens.ingest.formats.otlp_metrics import METRIC_SCHEMA, METRIC_STATEMENT, MetricReader
from loglens.ingest.formats.otlp_origin import Origins
from loglens.ingest.formats.otlp_pieces import LOGS, METRICS, SIGNALS, SPANS, Piece, Signal, read_envelope
from loglens.ingest.formats.otlp_span_columns import SpanReader
from loglens.ingest.formats.otlp_spans import OTLP_SCHEMA, otlp_statement
from loglens.ingest.formats.otlp_tally import Book, KeptRejects, Tally
from loglens.ingest.formats.otlp_transcode import UNKNOWN
from loglens.ingest.formats.otlp_typed import (
    decode_log_list,
    decode_logs_request,
    decode_span_list,
    decode_trace_request,
)
from loglens.ingest.formats.otlp_values import Malformed, camel
from loglens.ingest.pieces import Reject, RejectSpool
from loglens.ingest.reader import Counts, Reading
from loglens.ingest.semconv import RENAMED
from loglens.ingest.spool import Spool

MAX_TYPED_BYTES = 4 << 20
BEGINS = {signal: b'{"%s":[' % signal.resources.encode() for signal in (SPANS, LOGS)}
# Texts that are known to be JSON, and few.
JSON_COLUMNS = ("resource", "extra")
WHITE_SPACE = b" \t\r\n"


@dataclass(frozen=True)
class Found:
    """What a parser of OTLP found beside rows."""

    counts: Counts
    rejects: Sequence[Reject]
    names: set[str]
    fell_back: bool
    has_unknown: bool


class OtlpParser:
    """Makes batches of spans, log records and metric samples from the texts of requests."""

    def __init__(self, fallback_service: str, book: Book | None = None) -> None:
        self.book = book or Book(Counts(), KeptRejects())
        self._origins = origins = Origins(fallback_service)
        self._spans, self._logs = SpanReader(), LogReader()
        spans = Shape(
            SPANS, OTLP_SCHEMA, "start_ns", decode_trace_request, decode_span_list, self._spans.read, exact_span
        )
        logs = Shape(LOGS, LOG_SCHEMA, "ts_ns", decode_logs_request, decode_log_list, self._logs.read, exact_log)
        self._typed = {SPANS: RecordReader(spans, origins), LOGS: RecordReader(logs, origins)}
        self._metrics = MetricReader(origins)
        self._given = Found(Counts(), (), set(), fell_back=False, has_unknown=False)

    @property
    def names(self) -> set[str]:
        """The attribute names that were seen."""
        exact = {name for reader in self._typed.values() for name in reader.names}
        return self._spans.names | self._logs.names | exact | self._given.names

    @property
    def fell_back(self) -> bool:
        """True when a resource had no service of its own."""
        return self._origins.fell_back or self._given.fell_back

    @property
    def has_unknown(self) -> bool:
        """True when there were fields that have no names."""
        return self._given.has_unknown

    def take(self) -> Found:
        """Return what was found; counts and rejects since the last call."""
        book, self.book = self.book, Book(Counts(), KeptRejects())
        assert isinstance(book.rejects, KeptRejects)
        return Found(book.counts, book.rejects, self.names, self.fell_back, self.has_unknown)

    def give(self, found: Found) -> None:
        """Add what another parser has found."""
        self.book.counts.add(found.counts)
        for reject in found.rejects:
            self.book.rejects.add(reject)
        given = self._given
        given.names.update(found.names)
        self._given = replace(
            given, fell_back=given.fell_back or found.fell_back, has_unknown=given.has_unknown or found.has_unknown
        )

    def parse(self, pieces: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yield the batches of some pieces by the name of their signal."""
        for piece in _pieces(pieces):
            tally = Tally(self.book, piece.line, piece.lines)
            signal, text = _usual(piece.text)
            reader = self._typed.get(signal) if signal else None
            if reader is None or not reader.add_piece(piece, text, tally):
                yield from self._exact_piece(piece, tally)
            elif signal and reader.is_full:
                yield from ((signal.name, batch) for batch in reader.flush())
            tally.close()
        yield from self._rest()

    def _rest(self) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yield what was collected and is left at the end."""
        for signal, reader in self._typed.items():
            yield from ((signal.name, batch) for batch in reader.flush())
        yield from ((METRICS.name, batch) for batch in self._metrics.flush())

    def _exact_piece(self, piece: Piece, tally: Tally) -> Iterator[tuple[str, pa.RecordBatch]]:
        try:
            groups = read_envelope(piece.text)
        except Malformed as error:
            tally.reject(str(error), bytes(piece.text).decode(), awaited=0)
            return
        for group in groups:
            reader = self._typed.get(group.signal, self._metrics)
            yield from ((group.signal.name, batch) for batch in reader.add_group(group, tally))


class OtlpReading:
    """One pass over the pieces: one table is filled on the way, what belongs to others is set aside."""

    parser: type[OtlpParser] = OtlpParser

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._rejects = RejectSpool()
        self._parser = self.parser(reading.fallback_service, Book(reading.counts, self._rejects))
        self._tables = {
            SPANS.name: (otlp_statement(), OTLP_SCHEMA, ("attributes", *JSON_COLUMNS)),
            LOGS.name: (log_statement(), LOG_SCHEMA, ("resource",)),
            METRICS.name: (METRIC_STATEMENT, METRIC_SCHEMA, ()),
        }
        self._main = self._commonest().name
        self._spools = {name: Spool(schema) for name, (_, schema, _) in self._tables.items() if name != self._main}

    def _commonest(self) -> Signal:
        """Return the signal the sample begins with: its rows are stored while the source is read."""
        for value in self._reading.sample.values:
            for signal in SIGNALS:
                if isinstance(value, dict) and signal.resources in {camel(key) for key in value}:
                    return signal
        return SPANS

    def run(self) -> None:
        """Read the source to its end."""
        try:
            self._store(self._main, self._main_batches())
            for name, spool in self._spools.items():
                if spool.rows:
                    self._store(name, spool.read())
        finally:
            for spool in self._spools.values():
                spool.close()
        self._rejects.insert(self._reading.connection, self._reading.source_id)
        self._note_assumptions()

    def _store(self, name: str, batches: Iterable[pa.RecordBatch]) -> None:
        statement, schema, named = self._tables[name]
        values: dict[str, Any] = {"source_id": self._reading.source_id}
        if name == LOGS.name:
            values["duration_unit"] = self._reading.options.duration_unit
        marked = (as_json(batch, named) for batch in batches)
        self._reading.insert(statement, json_schema(schema, named), marked, values)

    def _note_assumptions(self) -> None:
        for name in sorted(self._parser.names & RENAMED.keys()):
            self._reading.assume(name, f"old name of {RENAMED[name]}")
        if self._parser.fell_back:
            self._reading.assume("service", f"{self._reading.fallback_service}, where a resource has no service.name")
        if self._parser.has_unknown:
            self._reading.assume(UNKNOWN, "kept by their numbers; a newer version of the protocol has names for them")

    def _main_batches(self) -> Iterator[pa.RecordBatch]:
        make = partial(self.parser, self._reading.fallback_service)
        for name, batch in self._reading.parsed(make, self._parser):
            if name == self._main:
                yield batch
            else:
                self._spools[name].add(batch)


def _pieces(batch: pa.RecordBatch) -> Iterator[Piece]:
    lines, ordinals, counts = (batch.column(name).to_pylist() for name in ("line", "ordinal", "lines"))
    texts = batch.column("text")
    _, offsets, data = texts.buffers()
    bounds = memoryview(offsets).cast("i")[texts.offset : texts.offset + len(texts) + 1]
    # Arrow hands out signed bytes.
    content = memoryview(data).cast("B")
    for line, ordinal, count, start, end in zip(lines, ordinals, counts, bounds, bounds[1:], strict=False):
        yield Piece(line, ordinal, count, trimmed(content[start:end]))


def _usual(text: memoryview) -> tuple[Signal | None, bytes | memoryview]:
    """Return the signal of a piece that begins the usual way, and its text without white space."""
    for signal, begin in BEGINS.items():
        if text[: len(begin)] == begin:
            return signal if len(text) <= MAX_TYPED_BYTES else None, text
    if len(text) > MAX_TYPED_BYTES:
        return None, text
    try:
        compact = msgspec.json.format(text, indent=-1)
    except (msgspec.MsgspecError, RecursionError):
        return None, text
    return next((signal for signal, begin in BEGINS.items() if compact.startswith(begin)), None), compact


def trimmed(text: memoryview) -> memoryview:
    """Return a text without white space at its end."""
    end = len(text)
    while end and text[end - 1] in WHITE_SPACE:
        end -= 1
    return text[:end]
