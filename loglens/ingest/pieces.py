"""Cutting a content into lines, and what lines and documents share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import xxhash

from loglens.ingest.content import Content
from loglens.ingest.encoding import with_latin_1, without_half_character
from loglens.ingest.lines import BOM, Lines, Places, column, strings, texts
from loglens.ingest.spool import Spool
from loglens.ingest.vectors import VECTOR_ROWS

if TYPE_CHECKING:
    import duckdb
    import numpy.typing as npt

SCHEMA = pa.schema([("line", pa.int64()), ("ordinal", pa.int32()), ("lines", pa.int32()), ("text", pa.string())])
REJECT_SCHEMA = pa.schema([("line", pa.int64()), ("lines", pa.int32()), ("reason", pa.string()), ("raw", pa.string())])

KEPT_OF_TOO_LONG_BYTES = 64 << 10
# With this much text, rejects are set aside at once.
WAITING_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class Reject:
    """A piece that never reached a reader."""

    line: int
    lines: int
    reason: str
    raw: str


class RejectSpool:
    """Rejects set aside while an INSERT runs."""

    def __init__(self) -> None:
        self._aside = Spool(REJECT_SCHEMA)
        self._waiting: list[Reject] = []
        self._waiting_characters = 0

    def add(self, reject: Reject) -> None:
        """Set a reject aside."""
        self._waiting.append(reject)
        self._waiting_characters += len(reject.raw)
        if len(self._waiting) == VECTOR_ROWS or self._waiting_characters > WAITING_CHARACTERS:
            self._flush()

    def _flush(self) -> None:
        """Write what waits to be many: a batch of one takes as long as one of a thousand."""
        waiting, self._waiting, self._waiting_characters = self._waiting, [], 0
        columns = [
            column(np.array([each.line for each in waiting], np.int64)),
            column(np.array([each.lines for each in waiting], np.int32)),
            strings([each.reason for each in waiting]),
            strings([each.raw for each in waiting]),
        ]
        self._aside.add(pa.record_batch(columns, schema=REJECT_SCHEMA))

    def insert(self, connection: duckdb.DuckDBPyConnection, source_id: int) -> None:
        """Write the rejects into the store and forget them."""
        if self._waiting:
            self._flush()
        if self._aside.rows:
            connection.register("set_aside", self._aside.read())
            connection.execute("INSERT INTO rejects SELECT ?, line, lines, reason, raw FROM set_aside", [source_id])
            connection.unregister("set_aside")
        self.close()

    def close(self) -> None:
        """Forget them."""
        self._aside.close()


class CutPieces:
    """What every way of cutting keeps: how far whole pieces reach, and how many lines were seen.

    `bytes_done`, `lines_done` and `done_id` stand at the end of the last piece that can no longer change when the
    file grows; `open_line` is the line of the first piece that can, `open_blank_lines` are the blank lines from there.
    """

    def __init__(self, content: Content, first_line: int) -> None:
        self.content = content
        self.rejected = RejectSpool()
        self.lines = 0
        self.blank_lines = 0
        self.open_blank_lines = 0
        self.structure_lines = 0
        self.latin_1_lines = 0
        self.first_line = first_line
        self.open_line: int | None = None
        self.bytes_done = content.position
        self._done_hash = xxhash.xxh3_128()

    @property
    def done_id(self) -> str:
        """XXH3-128 of the content up to bytes_done."""
        return str(self._done_hash.hexdigest())

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, once, in order."""
        raise NotImplementedError

    @property
    def lines_done(self) -> int:
        """Lines of the content up to bytes_done."""
        last = self.first_line - 1 + self.lines
        return last if self.open_line is None else self.open_line - 1


class LinePieces(CutPieces):
    """The lines of a content, as batches of about BLOCK_BYTES; those that are too long are rejected."""

    def __init__(self, content: Content, first_line: int, done: xxhash.xxh3_128, longest_bytes: int) -> None:
        super().__init__(content, first_line)
        self._done_hash = done
        self._longest_bytes = longest_bytes

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, once, in order."""
        carried: list[bytes] = []
        carried_bytes = 0
        while block := self.content.read():
            end = block.rfind(b"\n") + 1
            if not end:
                carried.append(block)
                carried_bytes += len(block)
                if carried_bytes > self._longest_bytes:
                    yield from self._flush()
                    self._skip_line(carried)
                    carried, carried_bytes = [], 0
                continue
            whole = b"".join([*carried, memoryview(block)[:end]])
            carried = [block[end:]] if end < len(block) else []
            carried_bytes = len(block) - end
            yield from self._take(whole)
        yield from self._finish(without_half_character(b"".join(carried)))

    def _take(self, whole: bytes) -> Iterator[pa.RecordBatch]:
        """Yield what some whole lines give."""
        yield from self._batch(whole)
        self._done(whole)

    def _flush(self) -> Iterator[pa.RecordBatch]:
        """Yield what waits for the next line."""
        return iter(())

    def _finish(self, rest: bytes) -> Iterator[pa.RecordBatch]:
        """Yield what is left at the end; `rest` is the last line where it has no end."""
        if rest:
            self.open_line = self.first_line + self.lines
            blank_before = self.blank_lines
            yield from self._batch(rest)
            self.open_blank_lines = self.blank_lines - blank_before

    def _done(self, whole: bytes) -> None:
        """Let go of lines that can no longer change."""
        self._done_hash.update(whole)
        self.bytes_done += len(whole)

    def _skip_line(self, carried: list[bytes]) -> None:
        """Reject a line too long to hold, keeping its beginning, and read past its end."""
        line = self.first_line + self.lines
        start = carried[0][:KEPT_OF_TOO_LONG_BYTES].decode(errors="backslashreplace")
        for block in carried:
            self._done(block)
        ended = False
        while not ended and (ahead := self.content.peek(1 << 20)):
            end = ahead.find(b"\n") + 1
            self._done(self.content.read(end or len(ahead)))
            ended = bool(end)
        self.lines += 1
        self._reject_long(line, start)

    def _reject_long(self, line: int, start: str) -> None:
        longest = f"{self._longest_bytes >> 20} MiB"
        reason = f"longer than {longest}; its first {KEPT_OF_TOO_LONG_BYTES >> 10} KiB are kept"
        self.rejected.add(Reject(line, 1, reason, start))

    def _batch(self, whole: bytes) -> Iterator[pa.RecordBatch]:
        lines = self._lines_of(whole)
        blank, broken = lines.blank(), lines.broken()
        first = self.first_line + self.lines
        numbers = np.arange(first, first + len(lines.ends), dtype=np.int64)
        self.lines += len(numbers)
        self.blank_lines += int(blank.sum())
        too_long = (lines.ends - lines.starts > self._longest_bytes) & ~blank
        for i in np.flatnonzero(too_long):
            start = lines.raw(int(i))[:KEPT_OF_TOO_LONG_BYTES]
            self._reject_long(int(numbers[i]), start.decode(errors="backslashreplace"))
        keep = ~(blank | too_long)
        broken &= keep
        self.latin_1_lines += int(broken.sum())
        lines = with_latin_1(lines, broken)
        if keep.any():
            text = texts(lines, lines.starts[keep], lines.ends[keep], pa.string())
            yield piece_batch(numbers[keep], np.ones(int(keep.sum()), np.int32), text)

    def _lines_of(self, whole: bytes) -> Lines:
        is_first = self.first_line + self.lines == 1
        return Lines.of(whole, len(BOM) if is_first and whole.startswith(BOM) else 0)


def piece_batch(numbers: Places, counts: npt.NDArray[np.int32], text: pa.StringArray) -> pa.RecordBatch:
    """Make the batch of pieces that each begin a line of their own and count for some lines."""
    zeros = np.zeros(len(numbers), np.int32)
    return pa.record_batch([column(numbers), column(zeros), column(counts), text], schema=SCHEMA)
