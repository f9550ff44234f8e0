"""Cutting a content of protobuf messages: one after another, each behind its length, or the fields of a single one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pyarrow as pa
import xxhash

from loglens.ingest.content import Content
from loglens.ingest.lines import arrow_of, column
from loglens.ingest.pieces import KEPT_OF_TOO_LONG_BYTES, CutPieces, Reject
from loglens.ingest.protobuf_wire import BYTES, MAX_NUMBER, BrokenWire, CutShort, read_field, read_varint

# `delimited`: the length is a varint, as protobuf's own libraries write streams. `prefixed`: four bytes, the highest
# first, as the file exporter of the OpenTelemetry collector writes them. `single`: one message, its fields the pieces.
Framing = Literal["delimited", "prefixed", "single"]

SCHEMA = pa.schema([("line", pa.int64()), ("ordinal", pa.int32()), ("lines", pa.int32()), ("content", pa.binary())])
# Half of what is read of JSON at a time: so many records take about as many bytes.
BLOCK_BYTES = 2 << 20
MAX_MESSAGE_BYTES = 512 << 20
PREFIX_BYTES, MAX_HIGHEST_BYTE = 4, 7
MAX_EMPTY = 1000
FIRST_FIELD = 0x0A
# What a member of a request can begin with: its first, second or third field, each with a length.
INNER_TAGS = b"\x0a\x12\x1a"


def frame_at(data: bytes, place: int, framing: Framing) -> tuple[int, int]:
    """Return where the message at a place begins and ends, maybe behind the end of the data.

    Raises CutShort where its length is not whole, BrokenWire where none can be.
    """
    if framing == "prefixed":
        if place + PREFIX_BYTES > len(data):
            raise CutShort("ends within a length")
        begin = place + PREFIX_BYTES
        return begin, begin + int.from_bytes(data[place:begin], "big")
    if framing == "delimited":
        size, begin = read_varint(data, place, len(data))
        return begin, begin + size
    if data[place] & 7 != BYTES:
        return place, read_field(data, place, len(data))[3]
    tag, begin = read_varint(data, place, len(data))
    size, begin = read_varint(data, begin, len(data))
    if not 0 < tag >> 3 <= MAX_NUMBER:
        raise BrokenWire(f"a field numbered {tag >> 3}")
    return place, begin + size


def framing_of(head: bytes) -> Framing | None:
    """Return how the messages of a content are framed by its first bytes, None where it holds no requests of OTLP."""
    # In this order none is taken for another: a prefix begins with a zero or nearly so, which is no field's number.
    framings: tuple[Framing, ...] = ("single", "prefixed", "delimited")
    return next((framing for framing in framings if first_message(head, framing) is not None), None)


def first_message(head: bytes, framing: Framing) -> tuple[int, int] | None:
    """Return where the first message that holds anything begins and ends, None where it cannot be a request."""
    place = 0
    try:
        for _ in range(MAX_EMPTY):
            begin, end = frame_at(head, place, framing)
            if framing == "prefixed" and head[place] > MAX_HIGHEST_BYTE:
                return None
            if end > begin:
                return (begin, end) if _is_request(head, begin, end) else None
            place = end
    except (BrokenWire, IndexError):
        pass
    return None


def _is_request(head: bytes, begin: int, end: int) -> bool:
    if head[begin] != FIRST_FIELD:
        return False
    size, inner = read_varint(head, begin + 1, len(head))
    return inner + size <= end and (size == 0 or head[inner] in INNER_TAGS)


class MessagePieces(CutPieces):
    """The messages of a content, each a piece that counts as a line; batches have SCHEMA."""

    def __init__(self, content: Content, first_line: int, done: xxhash.xxh3_128) -> None:
        super().__init__(content, first_line)
        self._done_hash = done
        self._good_bounds: list[tuple[int, int]] = []
        self._good_end = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, once, in order."""
        framing = framing_of(self.content.peek(KEPT_OF_TOO_LONG_BYTES)) or "single"
        blocks: list[bytes] = []
        waiting = needed = 0
        while block := self.content.read(BLOCK_BYTES):
            blocks.append(block)
            waiting += len(block)
            # A large message is put together once, not with every block.
            if waiting < needed:
                continue
            held = b"".join(blocks)
            try:
                bounds, end, needed = self._whole(held, framing)
            except BrokenWire as error:
                yield from self._give(held, self._good_bounds)
                self._done(held[: self._good_end])
                self._reject_rest(held[self._good_end :], str(error))
                return
            yield from self._give(held, bounds)
            self._done(held[:end])
            blocks, waiting = [held[end:]], len(held) - end
        if waiting:
            self._reject_open(b"".join(blocks), framing)

    def _whole(self, data: bytes, framing: Framing) -> tuple[list[tuple[int, int]], int, int]:
        """Return the whole messages, where the last one ends, and how many bytes the next one needs.

        Raises BrokenWire where no message can begin; the whole ones before are in `_good_bounds`.
        """
        bounds = self._good_bounds = []
        self._good_end = place = 0
        while place < len(data):
            try:
                begin, end = frame_at(data, place, framing)
            except CutShort:
                break
            if end - begin > MAX_MESSAGE_BYTES:
                raise BrokenWire(f"a message of {end - begin} bytes, more than {MAX_MESSAGE_BYTES >> 20} MiB")
            if end > len(data):
                return bounds, place, end - place
            bounds.append((begin, end))
            self._good_end = place = end
        return bounds, place, 0

    def _give(self, data: bytes, bounds: list[tuple[int, int]]) -> Iterator[pa.RecordBatch]:
        """Yield some messages as a batch."""
        if not bounds:
            return
        first = self.first_line + self.lines
        self.lines += len(bounds)
        numbers = column(np.arange(first, first + len(bounds), dtype=np.int64))
        zeros, ones = np.zeros(len(bounds), np.int32), np.ones(len(bounds), np.int32)
        contents = arrow_of([data[begin:end] for begin, end in bounds], pa.binary())
        yield pa.record_batch([numbers, column(zeros), column(ones), contents], schema=SCHEMA)

    def _done(self, data: bytes) -> None:
        self._done_hash.update(data)
        self.bytes_done += len(data)

    def _reject_open(self, rest: bytes, framing: Framing) -> None:
        """Reject a last message that is not whole; the file may still grow."""
        self.open_line = self.first_line + self.lines
        try:
            begin, end = frame_at(rest, 0, framing)
            reason = f"incomplete: {len(rest) - begin} of the {end - begin} bytes of the message"
        except CutShort as error:
            reason = f"incomplete: {error}"
        self._reject(rest, reason)

    def _reject_rest(self, rest: bytes, problem: str) -> None:
        """Reject everything from a place on where no message can begin, and read past it."""
        kept = rest[:KEPT_OF_TOO_LONG_BYTES]
        place = self.content.position - len(rest)
        size = len(rest)
        self._done(rest)
        while block := self.content.read():
            size += len(block)
            self._done(block)
        self._reject(kept, f"no message begins at byte {place}: {problem}; {size} bytes from there were not read")

    def _reject(self, raw: bytes, reason: str) -> None:
        line = self.first_line + self.lines
        self.lines += 1
        self.rejected.add(Reject(line, 1, reason, text_of_bytes(raw)))


def text_of_bytes(raw: bytes | memoryview) -> str:
    """Return the first bytes of a message as text, those that are not UTF-8 as \\xNN."""
    return bytes(raw[:KEPT_OF_TOO_LONG_BYTES]).decode(errors="backslashreplace")
