"""A process that parses pieces for another one; its arguments are the descriptors of a socket and of shared memory.

It is told which parser to make and answers None; then it is told of pieces in the shared memory, and answers with the
batches it has put there. It ends with the process that asks: then the socket is closed.
"""

from __future__ import annotations

import mmap
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import pyarrow as pa

from loglens.ingest.parsing import MakeParser, Parser
from loglens.ingest.reuse import reused_memory

# What the pieces, or the batches made of them, may take in the shared memory.
AREA_BYTES = 12 << 20
# One for the pieces that are parsed, one for those that come next.
SLOTS = 2
MEMORY_BYTES = 2 * SLOTS * AREA_BYTES


class Question(NamedTuple):
    """Pieces to parse: the slot they lie in, and their bytes there."""

    slot: int
    size: int


class Answer(NamedTuple):
    """What became of the pieces in a slot.

    `batches` are the names of batches and the bytes of each, one behind the other; None where these pieces cannot be
    parsed here. `found` is what the parser found besides.
    """

    slot: int
    batches: list[tuple[str, int]] | None
    found: Any


def area(memory: mmap.mmap, slot: int, is_answer: bool) -> memoryview:
    """Return the place of the pieces of a slot, or of the answer."""
    start = (2 * slot + is_answer) * AREA_BYTES
    return memoryview(memory)[start : start + AREA_BYTES]


def put(place: memoryview, batch: pa.RecordBatch) -> int:
    """Write a batch to the beginning of a place and return its bytes; raises OSError where it does not fit."""
    sink = pa.FixedSizeBufferWriter(pa.py_buffer(place))
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return int(sink.tell())


def get(content: memoryview | bytes) -> pa.RecordBatch:
    """Return the batch that was written to a place; its columns lie there."""
    return pa.ipc.open_stream(pa.py_buffer(content)).read_next_batch()


def _answer(parser: Parser, memory: mmap.mmap, question: Question) -> Answer:
    written = []
    place = area(memory, question.slot, is_answer=True)
    try:
        for name, batch in parser.parse(get(area(memory, question.slot, is_answer=False)[: question.size])):
            size = put(place, batch)
            written.append((name, size))
            place = place[size:]
    except Exception:
        # Whatever it is, the other process meets it again when it parses these pieces, and reports it.
        return Answer(question.slot, None, None)
    return Answer(question.slot, written, parser.take())


def _serve(connection: Connection[Any, Any], memory: mmap.mmap) -> None:
    """Answer until nobody asks any more."""
    make: MakeParser = connection.recv()
    while True:
        parser, answer = make(), None
        connection.send(None)
        while answer is None or answer.batches is not None:
            told = connection.recv()
            if not isinstance(told, Question):
                make = told
                break
            answer = _answer(parser, memory, told)
            connection.send(answer)


def main() -> None:
    """Serve the process that has started this one, until it is gone."""
    with suppress(EOFError, OSError), reused_memory():
        _serve(Connection(int(sys.argv[1])), mmap.mmap(int(sys.argv[2]), MEMORY_BYTES))
