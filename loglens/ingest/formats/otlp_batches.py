"""Pieces with spans or log records into batches: the usual shape by type and by column, every other one exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from loglens.ingest.formats.otlp_columns import Codes, Columns, Flags, Ints, numbers
from loglens.ingest.formats.otlp_exact import Row
from loglens.ingest.formats.otlp_origin import Around, Origin, Origins
from loglens.ingest.formats.otlp_pieces import Group, Piece, Signal, read_envelope
from loglens.ingest.formats.otlp_tally import Tally
from loglens.ingest.formats.otlp_typed import Request, groups, skeleton_bytes
from loglens.ingest.formats.otlp_values import MALFORMED_DEPTH, Malformed
from loglens.ingest.lines import flag_column, flags_of

# DuckDB works on 2048 rows at a time; a batch that is a little larger than one or two of those leaves it a remainder.
BATCH_RECORDS = 4000


@dataclass(frozen=True)
class Part:
    """Some typed records of a piece, in order.

    `around` says how many of them share an origin, `skeleton` are the bytes that stand around the records, `size` the
    bytes of all; `whole` is the text they stand in, `texts` returns the records as they were written.
    """

    tally: Tally
    first_ordinal: int
    records: Sequence[Any]
    around: list[tuple[Around, int]]
    skeleton: int
    size: int
    whole: memoryview
    texts: Callable[[], Sequence[bytes]]


class Ordinals:
    """Numbers the records that start on one line."""

    def __init__(self) -> None:
        self._line = 0
        self._next = 0

    def take(self, line: int, count: int) -> int:
        """Return the first of `count` numbers on a line."""
        first = self._next if line == self._line else 0
        self._line, self._next = line, first + count
        return first


@dataclass(frozen=True)
class Shape:
    """How one signal is usually written, and how its records are read by column and exactly."""

    signal: Signal
    schema: pa.Schema
    time: str
    decode_request: Callable[[Any], Request]
    decode_list: Callable[[bytes], Sequence[Any]]
    read: Callable[[Sequence[Any], Sequence[Origin], Codes], Columns]
    read_exactly: Callable[[bytes, Origin], Row]


class RecordReader:
    """Collects records piece by piece and hands them out as batches of one schema.

    `names` are the attribute names of records that were read one at a time.
    """

    def __init__(self, shape: Shape, origins: Origins) -> None:
        self._shape = shape
        self._origins = origins
        self._ordinals = Ordinals()
        self._parts: list[Part] = []
        self._rows: list[Row] = []
        self._waiting = 0
        self.names: set[str] = set()

    @property
    def is_full(self) -> bool:
        """True when a batch is worth handing out."""
        return self._waiting >= BATCH_RECORDS

    def add_piece(self, piece: Piece, text: bytes | memoryview, tally: Tally) -> bool:
        """Take a whole piece, `text` without white space, if it is of the usual shape; say whether it is."""
        try:
            request = self._shape.decode_request(text)
        except (msgspec.MsgspecError, RecursionError):
            return False
        records: list[Any] = []
        around = []
        for where, found in groups(request):
            around.append((where, len(found)))
            records += found
        ordinal = self._ordinals.take(piece.line, len(records))
        tally.expect(len(records))

        def texts() -> list[bytes]:
            return [record for group in read_envelope(piece.text) for record in group.records]

        skeleton = skeleton_bytes(request, self._shape.signal)
        self._add(Part(tally, ordinal, records, around, skeleton, len(text), piece.text, texts))
        return True

    def add_group(self, group: Group, tally: Tally) -> Iterator[pa.RecordBatch]:
        """Take the records of a group, in as many batches as they need."""
        for start in range(0, len(group.records), BATCH_RECORDS):
            self._add_records(group.around, group.records[start : start + BATCH_RECORDS], tally)
            if self.is_full:
                yield from self.flush()

    def _add_records(self, around: Around, records: Sequence[bytes], tally: Tally) -> None:
        ordinal = self._ordinals.take(tally.line, len(records))
        tally.expect(len(records))
        try:
            text = msgspec.json.format(b"[" + b",".join(records) + b"]", indent=-1)
            decoded = self._shape.decode_list(text)
        except (msgspec.MsgspecError, RecursionError):
            for place, record in enumerate(records, ordinal):
                self._add_exact(tally, place, around, record)
            return
        skeleton = len(records) + 1
        self._add(
            Part(
                tally,
                ordinal,
                decoded,
                [(around, len(decoded))],
                skeleton,
                len(text),
                memoryview(text),
                lambda: records,
            )
        )

    def _add(self, part: Part) -> None:
        if part.records:
            self._parts.append(part)
            self._waiting += len(part.records)

    def _add_exact(self, tally: Tally, ordinal: int, around: Around, text: bytes) -> None:
        written = bytes(text)
        try:
            origin = self._origins.of(around)
            row = self._shape.read_exactly(written, origin)
        except RecursionError:
            tally.reject(MALFORMED_DEPTH, written.decode())
        except Malformed as error:
            tally.reject(str(error), written.decode())
        else:
            self.names |= names_in(row["attributes"])
            self._rows.append(row | {"line": tally.line, "ordinal": ordinal})
            tally.read(1, row[self._shape.time] is None)
            self._waiting += 1

    def flush(self) -> Iterator[pa.RecordBatch]:
        """Hand out what was collected."""
        parts, self._parts = self._parts, []
        if parts := [part for part in parts if self._has_origins(part)]:
            yield self._typed_batch(parts)
        rows, self._rows = self._rows, []
        self._waiting = 0
        if rows:
            yield rows_batch(rows, self._shape.schema)

    def _has_origins(self, part: Part) -> bool:
        """Leave a part to the exact reader if the text around its records is malformed; it rejects what must be."""
        try:
            for around, _ in part.around:
                self._origins.of(around)
        except (Malformed, RecursionError):
            self._exactly(part, np.zeros(len(part.records), np.bool_))
            return False
        return True

    def _typed_batch(self, parts: Sequence[Part]) -> pa.RecordBatch:
        places: dict[Around, int] = {}
        origins: list[Origin] = []
        codes, counts = [], []
        for part in parts:
            for around, count in part.around:
                if around not in places:
                    places[around] = len(origins)
                    origins.append(self._origins.of(around))
                codes.append(places[around])
                counts.append(count)
        records = [record for part in parts for record in part.records]
        read = self._shape.read(records, origins, np.repeat(np.array(codes, np.int32), counts))
        sizes = np.array([len(part.records) for part in parts], np.int64)
        ends = np.cumsum(sizes)
        starts = ends - sizes
        self._judge(parts, read, starts, ends)
        first = np.array([part.first_ordinal for part in parts]) - starts
        lines = np.array([part.tally.line for part in parts], np.int64)
        read.columns["line"] = numbers(np.repeat(lines, ends - starts))
        read.columns["ordinal"] = numbers((np.arange(len(records)) + np.repeat(first, ends - starts)).astype(np.int32))
        batch = pa.record_batch([read.columns[name] for name in self._shape.schema.names], schema=self._shape.schema)
        return batch if read.good.all() else batch.filter(flag_column(read.good))

    def _judge(self, parts: Sequence[Part], read: Columns, starts: Ints, ends: Ints) -> None:
        """Count good records and read the others exactly, with them all of a part with bytes that none accounts for."""
        sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(read.sizes)])
        untimed = flags_of(read.columns[self._shape.time].is_null())
        for part, start, end in zip(parts, starts, ends, strict=True):
            if sums[end] - sums[start] + part.skeleton != part.size:
                read.good[start:end] = False
            good = read.good[start:end]
            part.tally.read(int(good.sum()), int((good & untimed[start:end]).sum()))
            if not good.all():
                self._exactly(part, good)

    def _exactly(self, part: Part, good: Flags) -> None:
        try:
            texts = part.texts()
        except Malformed as error:
            part.tally.reject(str(error), bytes(part.whole).decode(), awaited=int((~good).sum()))
            return
        owners = [around for around, count in part.around for _ in range(count)]
        for place in np.flatnonzero(~good).tolist():
            self._add_exact(part.tally, part.first_ordinal + place, owners[place], texts[place])


def names_in(attributes: str | None) -> set[str]:
    """Return the names of attributes written as a JSON object; none where it is nested too deep to be looked at."""
    try:
        return set(msgspec.json.decode(attributes or "{}", type=dict[str, msgspec.Raw]))
    except (msgspec.MsgspecError, RecursionError):
        return set()


def rows_batch(rows: Sequence[Row], schema: pa.Schema) -> pa.RecordBatch:
    """Make a batch of rows that were read one at a time."""
    columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
    return pa.record_batch(columns, schema=schema)
