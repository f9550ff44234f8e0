"""Cutting a content of JSON documents into values: pretty-printed objects, arrays, or several one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import xxhash

from loglens.errors import IngestError
from loglens.ingest.content import BLOCK_BYTES, Content
from loglens.ingest.encoding import latin_1
from loglens.ingest.lines import BOM, arrow_of, column, is_utf8
from loglens.ingest.pieces import SCHEMA, CutPieces, Reject

_STRUCTURE = np.isin(np.arange(256), list(b'{}[]"\n'))
_DELTA = np.zeros(256, np.int64)
_DELTA[list(b"{[")] = 1
_DELTA[list(b"}]")] = -1
_ARRAY = ord("[")
SEPARATORS = b" \t\r\n\v\f,\x1e"

# Arrow addresses the bytes of a batch with 32 bits.
MAX_VALUE_BYTES = (2 << 30) - 4 * BLOCK_BYTES


class Mark(NamedTuple):
    """A bracket outside strings: its place, its character and the depth before and after it."""

    position: int
    character: int
    before: int
    after: int
    line: int


class Scanner:
    """Finds the brackets around top-level values and array elements, block after block, whatever strings hold."""

    def __init__(self, first_line: int) -> None:
        self._in_string = 0
        self._depth = 0
        self.line = first_line

    @property
    def is_inside_value(self) -> bool:
        """True between values' brackets, outside strings."""
        return self._depth > 0 and not self._in_string

    def scan(self, block: bytes, start: int) -> list[Mark]:
        """Return the brackets between depth 0, 1 and 2 of a block that begins at position `start`."""
        neutral = block.replace(b"\\\\", b"__").replace(b'\\"', b"__")
        data = np.frombuffer(neutral, np.uint8)
        places = np.flatnonzero(_STRUCTURE[data])
        characters = data[places]
        quotes = np.cumsum(characters == ord('"')) + self._in_string
        newlines = characters == 10
        lines = self.line + np.cumsum(newlines)
        outside = (quotes & 1) == 0
        delta = np.where(outside, _DELTA[characters], 0)
        after = self._depth + np.cumsum(delta)
        if len(places):
            self._in_string = int(quotes[-1] & 1)
            self._depth = int(after[-1])
            self.line = int(lines[-1])
        before = after - delta
        shallow = np.flatnonzero((delta != 0) & (np.minimum(before, after) < 2))
        columns = (start + places, characters, before, after, lines)
        return list(map(Mark._make, zip(*(column[shallow].tolist() for column in columns), strict=True)))


def whole_escapes(block: bytes) -> int:
    """Return the length of a block that does not end inside an escape."""
    trailing = len(block) - len(block.rstrip(b"\\"))
    return len(block) - (trailing & 1)


class DocumentPieces(CutPieces):
    """The top-level values of a content, and the elements of top-level arrays, each a piece."""

    def __init__(self, content: Content, first_line: int, done: xxhash.xxh3_128) -> None:
        super().__init__(content, first_line)
        self._let_go_hash = done
        self._done_id = str(done.hexdigest())
        self._done_line = first_line - 1
        self._held = bytearray()
        self._held_from = content.position
        self._small: list[tuple[int, int, int, bytes]] = []
        self._small_bytes = 0
        self._accounted = first_line - 1
        self._value: tuple[int, int] | None = None
        self._gap = (content.position, first_line)
        self._element_depth = 0
        self._last_start = (0, -1)
        self._ends_line = False
        # From here on every byte that was read is ASCII.
        self._ascii_from = content.position
        self._started_at = content.position

    @property
    def done_id(self) -> str:
        """XXH3-128 of the content up to bytes_done."""
        return self._done_id

    @property
    def lines_done(self) -> int:
        """Lines of the content up to bytes_done."""
        return self._done_line

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, once, in order."""
        scanner = Scanner(self.first_line)
        rest = b""
        while block := self.content.read():
            self._ends_line = block.endswith(b"\n")
            block = rest + block
            size = whole_escapes(block)
            block, rest = block[:size], block[size:]
            start = self._held_from + len(self._held)
            self._held += block
            if not block.isascii():
                self._ascii_from = start + size
            for mark in scanner.scan(block, start):
                yield from self._follow(mark)
            self._let_go()
            if len(self._held) > MAX_VALUE_BYTES:
                raise IngestError(
                    f"a single JSON value is larger than {MAX_VALUE_BYTES >> 20} MiB; split it into lines"
                )
        self._held += rest
        self._finish(scanner.line)
        if self._small:
            yield self._flush()

    def _follow(self, mark: Mark) -> Sequence[pa.RecordBatch]:
        position, character, before, after, line = mark
        if before < 0 or after < 0:
            return ()
        batches: Sequence[pa.RecordBatch] = ()
        past = (position + 1, line)
        opens = after > before
        if opens and before == 0 and character == _ARRAY:
            self._check_gap(position)
            self._element_depth = 1
            self._gap = past
        elif opens and before == self._element_depth:
            self._check_gap(position)
            self._value = (position, line)
        elif not opens and after == self._element_depth and self._value is not None:
            batches = self._add(self._value, past)
            self._value, self._gap = None, past
        elif not opens and after == 0 and self._element_depth:
            self._check_gap(position)
            self._element_depth = 0
            self._gap = past
        if after == 0:
            self.bytes_done, self._done_line = past
        return batches

    def _between(self, start: int, end: int) -> memoryview:
        return memoryview(self._held)[start - self._held_from : end - self._held_from]

    def _account(self, line: int) -> int:
        """Count the lines up to this one for the piece at hand; a line counts once."""
        lines = max(0, line - self._accounted)
        self._accounted += lines
        return lines

    def _add(self, start: tuple[int, int], end: tuple[int, int]) -> Sequence[pa.RecordBatch]:
        (low, line), (high, end_line) = start, end
        lines = self._account(end_line)
        ordinal = self._last_start[1] + 1 if self._last_start[0] == line else 0
        self._last_start = (line, ordinal)
        if low < self._ascii_from and not is_utf8(self._between(low, high)):
            text = latin_1(bytes(self._between(low, high))).encode()
            self.latin_1_lines += max(lines, 1)
        elif high - low >= BLOCK_BYTES:
            before = [self._flush()] if self._small else []
            return [*before, self._hand_over(line, ordinal, lines, low, high)]
        else:
            text = bytes(self._between(low, high))
        self._small.append((line, ordinal, lines, text))
        self._small_bytes += len(text)
        return [self._flush()] if self._small_bytes >= BLOCK_BYTES else ()

    def _hand_over(self, line: int, ordinal: int, lines: int, low: int, high: int) -> pa.RecordBatch:
        """Make the batch of one large value from the bytes that are held, without copying them."""
        held, held_from = self._held, self._held_from
        self._drop_to(high)
        offsets = pa.py_buffer(np.array([low - held_from, high - held_from], np.int32))
        text = pa.StringArray.from_buffers(1, offsets, pa.py_buffer(held))
        return pa.record_batch([*_numbers([line], [ordinal], [lines]), text], schema=SCHEMA)

    def _flush(self) -> pa.RecordBatch:
        lines, ordinals, counts, texts = zip(*self._small, strict=True)
        self._small, self._small_bytes = [], 0
        columns = [*_numbers(lines, ordinals, counts), arrow_of(texts, pa.string())]
        return pa.record_batch(columns, schema=SCHEMA)

    def _check_gap(self, end: int) -> None:
        """Reject what stands between values and is not a separator."""
        start, line = self._gap
        between = bytes(self._between(start, end))
        if between == b",":
            return
        if start == 0:
            between = between.removeprefix(BOM)
        if text := between.strip(SEPARATORS):
            line += between[: between.index(text[:1])].count(b"\n")
            lines = self._account(line + text.count(b"\n"))
            self.rejected.add(Reject(line, lines, "not an object", text.decode(errors="backslashreplace")))

    def _let_go(self) -> None:
        """Drop what is held before the value in work."""
        keep = self._value or self._gap
        if keep[0] > self._held_from:
            self._drop_to(keep[0])

    def _drop_to(self, position: int) -> None:
        """Forget the bytes up to a position, hashing them on the way."""
        if self.bytes_done >= self._held_from:
            done = self._let_go_hash.copy()
            done.update(self._between(self._held_from, min(self.bytes_done, position)))
            if self.bytes_done <= position:
                self._done_id = str(done.hexdigest())
        self._let_go_hash.update(self._between(self._held_from, position))
        self._held = self._held[position - self._held_from :]
        self._held_from = position

    def _finish(self, last_line: int) -> None:
        end = self._held_from + len(self._held)
        nothing_open = self._ends_line or end == self._started_at
        last = last_line - 1 if nothing_open else last_line
        if self._value is not None:
            start, self.open_line = self._value
            rest = bytes(self._between(start, end)).decode(errors="backslashreplace")
            reason = "incomplete: the value does not end"
            self.rejected.add(Reject(self.open_line, self._account(last), reason, rest))
        else:
            self._check_gap(end)
        self.lines = last - self.first_line + 1
        self.structure_lines += self._account(last)
        self._drop_to(end)


def _numbers(lines: Sequence[int], ordinals: Sequence[int], counts: Sequence[int]) -> list[pa.Array]:
    """Make the first columns of a batch of pieces."""
    return [column(np.array(lines, np.int64)), *(column(np.array(each, np.int32)) for each in (ordinals, counts))]
