"""Cutting a content into lines, and what lines and documents share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import xxhash

from loglens.ingest.content import Content

if TYPE_CHECKING:
    import duckdb
    import numpy.typing as npt

SCHEMA = pa.schema([("line", pa.int64()), ("ordinal", pa.int32()), ("lines", pa.int32()), ("text", pa.string())])
REJECT_SCHEMA = pa.schema([("line", pa.int64()), ("lines", pa.int32()), ("reason", pa.string()), ("raw", pa.string())])

BOM = b"\xef\xbb\xbf"
NEWLINE = 10
WHITE_SPACE = b" \t\r\n\v\f"
MAX_LINE_BYTES = 512 << 20
KEPT_OF_TOO_LONG_BYTES = 64 << 10
_STARTS_BLANK = np.isin(np.arange(256), list(WHITE_SPACE))


@dataclass(frozen=True)
class Reject:
    """A piece that never reached a reader."""

    line: int
    lines: int
    reason: str
    raw: str


class RejectSpool:
    """Rejects set aside while an INSERT runs; beyond a few megabytes they wait on disk."""

    def __init__(self) -> None:
        self._spool = tempfile.SpooledTemporaryFile(max_size=8 << 20)  # noqa: SIM115
        self._writer = pa.ipc.new_stream(self._spool, REJECT_SCHEMA)
        self.rejects = 0
        self.reject_lines = 0

    def add(self, reject: Reject) -> None:
        """Set a reject aside."""
        row = [[reject.line], [reject.lines], [reject.reason], [reject.raw]]
        self._writer.write_batch(
            pa.record_batch(
                [pa.array(v, f.type) for v, f in zip(row, REJECT_SCHEMA, strict=True)], schema=REJECT_SCHEMA
            )
        )
        self.rejects += 1
        self.reject_lines += reject.lines

    def insert(self, connection: duckdb.DuckDBPyConnection, source_id: int) -> None:
        """Write the rejects into the store and forget them."""
        self._writer.close()
        if self.rejects:
            self._spool.seek(0)
            connection.register("set_aside", pa.ipc.open_stream(self._spool))
            connection.execute("INSERT INTO rejects SELECT ?, line, lines, reason, raw FROM set_aside", [source_id])
            connection.unregister("set_aside")
        self._spool.close()


class CutPieces:
    """What every way of cutting keeps: how far whole pieces reach, and how many lines were seen.

    `bytes_done`, `lines_done` and `done_id` stand at the end of the last piece that can no longer change when the
    file grows; `open_line` is the line of the last piece when it can.
    """

    def __init__(self, content: Content, first_line: int) -> None:
        self.content = content
        self.rejected = RejectSpool()
        self.lines = 0
        self.blank_lines = 0
        self.structure_lines = 0
        self.first_line = first_line
        self.open_line: int | None = None
        self.bytes_done = content.position
        self._done_hash = xxhash.xxh3_128()

    @property
    def lines_done(self) -> int:
        """Lines of the content up to bytes_done."""
        last = self.first_line - 1 + self.lines
        return last if self.open_line is None else self.open_line - 1


def is_blank(text: bytes | memoryview) -> bool:
    """Say whether a piece of content is white space only."""
    return not bytes(text).strip(WHITE_SPACE)


def reject_of_bytes(line: int, lines: int, raw: bytes) -> Reject:
    """Make the reject of a piece that is not UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        reason = f"not UTF-8: byte 0x{raw[error.start]:02x} at position {error.start + 1}"
        return Reject(line, lines, reason, raw.rstrip(b"\r\n").decode(errors="backslashreplace"))
    raise AssertionError("a piece was taken for broken UTF-8 and is not")


class LinePieces(CutPieces):
    """The lines of a content, as batches of about BLOCK_BYTES."""

    def __init__(self, content: Content, first_line: int, done: xxhash.xxh3_128) -> None:
        super().__init__(content, first_line)
        self._done_hash = done

    @property
    def done_id(self) -> str:
        """XXH3-128 of the content up to bytes_done."""
        return str(self._done_hash.hexdigest())

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, once, in order."""
        carried: list[bytes] = []
        carried_bytes = 0
        while block := self.content.read():
            end = block.rfind(b"\n") + 1
            if not end:
                carried.append(block)
                carried_bytes += len(block)
                if carried_bytes > MAX_LINE_BYTES:
                    self._skip_line(carried)
                    carried, carried_bytes = [], 0
                continue
            whole = b"".join([*carried, block[:end]]) if carried else block[:end]
            carried = [block[end:]] if end < len(block) else []
            carried_bytes = len(block) - end
            yield from self._batch(whole)
            self._done_hash.update(whole)
            self.bytes_done += len(whole)
        if carried:
            self.open_line = self.first_line + self.lines
            yield from self._batch(b"".join(carried))

    def _skip_line(self, carried: list[bytes]) -> None:
        """Reject a line too long to hold, keeping its beginning, and read past its end."""
        line = self.first_line + self.lines
        start = carried[0][:KEPT_OF_TOO_LONG_BYTES].decode(errors="backslashreplace")
        for block in carried:
            self._done_hash.update(block)
            self.bytes_done += len(block)
        ended = False
        while not ended and (ahead := self.content.peek(1 << 20)):
            end = ahead.find(b"\n") + 1
            block = self.content.read(end or len(ahead))
            self._done_hash.update(block)
            self.bytes_done += len(block)
            ended = bool(end)
        self.lines += 1
        reason = f"longer than {MAX_LINE_BYTES >> 20} MiB; its first {KEPT_OF_TOO_LONG_BYTES >> 10} KiB are kept"
        self.rejected.add(Reject(line, 1, reason, start))

    def _batch(self, whole: bytes) -> Iterator[pa.RecordBatch]:
        data = np.frombuffer(whole, np.uint8)
        ends = np.flatnonzero(data == NEWLINE) + 1
        if not len(ends) or ends[-1] < len(whole):
            ends = np.append(ends, len(whole))
        starts = np.concatenate([[0], ends[:-1]])
        first = self.first_line + self.lines
        numbers = np.arange(first, first + len(ends), dtype=np.int64)
        self.lines += len(ends)
        if first == 1 and whole.startswith(BOM):
            starts[0] = len(BOM)
        batch = self._keep_readable(whole, data, starts, ends, numbers)
        if batch.num_rows:
            yield batch

    def _keep_readable(
        self,
        whole: bytes,
        data: npt.NDArray[np.uint8],
        starts: npt.NDArray[np.int64],
        ends: npt.NDArray[np.int64],
        numbers: npt.NDArray[np.int64],
    ) -> pa.RecordBatch:
        offsets = np.concatenate([starts[:1], ends]).astype(np.int32)
        text = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(whole))
        keep = np.ones(len(ends), bool)
        for i in np.flatnonzero(_STARTS_BLANK[data[np.minimum(starts, len(data) - 1)]] | (starts == ends)):
            if is_blank(whole[starts[i] : ends[i]]):
                keep[i] = False
                self.blank_lines += 1
        try:
            text.validate(full=True)
        except pa.ArrowInvalid:
            for i in np.flatnonzero(keep):
                raw = whole[starts[i] : ends[i]]
                try:
                    raw.decode()
                except UnicodeDecodeError:
                    keep[i] = False
                    self.rejected.add(reject_of_bytes(int(numbers[i]), 1, raw))
        batch = line_batch(numbers, text)
        return batch if keep.all() else batch.take(column(np.flatnonzero(keep)))


def line_batch(numbers: npt.NDArray[np.int64], text: pa.StringArray) -> pa.RecordBatch:
    """Make the batch of pieces that are one line each."""
    rows = len(numbers)
    zeros, ones = np.zeros(rows, np.int32), np.ones(rows, np.int32)
    return pa.record_batch([column(numbers), column(zeros), column(ones), text], schema=SCHEMA)


def column(values: npt.NDArray[np.int64] | npt.NDArray[np.int32]) -> pa.Array:
    """Make an Arrow array of NumPy's memory; `pa.array` would import pandas, where it is installed, to ask about it."""
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])
