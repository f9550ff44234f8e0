"""Processes that help to parse large sources: Python keeps one processor busy, whatever else the machine has."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from loglens.ingest.parsing import MakeParser, Parser

if TYPE_CHECKING:
    import mmap
    from multiprocessing.connection import Connection

    import pyarrow as pa

    from loglens.ingest.helper import Answer

# What a helper saves of a smaller source is what its start costs.
LARGE_BYTES = 128 << 20
# Each one takes some 100 MB; more of them would wait for the store.
MAX_HELPERS = 3
START = "from loglens.ingest.helper import main; main()"
GONE = (EOFError, OSError)


def spare_processors() -> int:
    """Return how many processors there are for helpers, the one of this process not counted."""
    if os.name != "posix" or not sys.executable:
        return 0
    known = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(known - 1, MAX_HELPERS)


def _shared_file() -> IO[bytes]:
    """Make a file for two processes that has no name."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("loglens"), "r+b")
    return tempfile.TemporaryFile()


class Helper:
    """One process, the pieces it has been given by their slots, and whether it is ready for more."""

    def __init__(self) -> None:
        import mmap
        import socket
        import subprocess
        from multiprocessing.connection import Connection

        from loglens.ingest.helper import MEMORY_BYTES

        ours, theirs = socket.socketpair()
        with theirs, _shared_file() as shared:
            shared.truncate(MEMORY_BYTES)
            self._memory: mmap.mmap = mmap.mmap(shared.fileno(), MEMORY_BYTES)
            descriptors = theirs.fileno(), shared.fileno()
            # -P: a module that lies in the current folder is none of ours. Its own session: Ctrl-C is for us alone.
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-c", START, *map(str, descriptors)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=descriptors,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
            )
        self.connection: Connection[Any, Any] = Connection(ours.detach())
        self.given: dict[int, pa.RecordBatch] = {}
        self._is_ready = False

    def begin(self, make: MakeParser) -> None:
        """Tell it which parser to make."""
        self._is_ready = False
        self.connection.send(make)

    def takes(self, pieces: pa.RecordBatch) -> bool:
        """Give it some pieces if it has room for them; say whether it has."""
        from loglens.ingest.helper import SLOTS, Question, area, put

        free = next((slot for slot in range(SLOTS) if slot not in self.given), None)
        if free is None or not self._is_ready:
            return False
        try:
            size = put(area(self._memory, free, is_answer=False), pieces)
        except OSError:
            return False
        self.given[free] = pieces
        self.connection.send(Question(free, size))
        return True

    def answered(self) -> Answer | None:
        """Return an answer that has come, None where it only says that it is ready."""
        told: Answer | None = self.connection.recv()
        self._is_ready = True
        return told

    def batches(self, told: Answer) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yield the batches of an answer, and take the slot back."""
        from loglens.ingest.helper import area, get

        written = told.batches or []
        content = bytes(area(self._memory, told.slot, is_answer=True)[: sum(size for _, size in written)])
        del self.given[told.slot]
        start = 0
        for name, size in written:
            yield name, get(memoryview(content)[start : start + size])
            start += size

    def close(self) -> None:
        """End it."""
        self.connection.close()
        self._process.kill()
        self._process.wait()


class Helpers:
    """The helpers of one run of ingest; they are started for the first large source."""

    def __init__(self) -> None:
        self._all: list[Helper] | None = None

    def parse(
        self, make: MakeParser, parser: Parser, pieces: Iterable[pa.RecordBatch]
    ) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yield what parsers make of pieces, `parser` here and others where `make` makes them, in any order.

        What no helper has room for is parsed here, so that nobody waits as long as there are pieces.
        """
        helpers = self._begin(make)
        is_done = False
        try:
            for some in pieces:
                yield from self._answers(helpers, parser, 0)
                if not any(self._gives(helper, some) for helper in helpers):
                    yield from parser.parse(some)
            while any(helper.given for helper in helpers):
                yield from self._answers(helpers, parser, None)
            is_done = True
        finally:
            if not is_done:
                # Answers that nobody waits for any more.
                self.close()

    def _begin(self, make: MakeParser) -> list[Helper]:
        if self._all is None:
            self._all = []
            try:
                for _ in range(spare_processors()):
                    self._all.append(Helper())
            except OSError:
                # No more processes or memory: those that there are must do.
                pass
        helpers = self._all
        for helper in list(helpers):
            try:
                helper.begin(make)
            except GONE:
                self._lose(helper)
        return helpers

    def _gives(self, helper: Helper, pieces: pa.RecordBatch) -> bool:
        try:
            return helper.takes(pieces)
        except GONE:
            return True

    def _answers(
        self, helpers: list[Helper], parser: Parser, wait_s: float | None
    ) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Yield the answers that have come, after waiting for one."""
        from multiprocessing.connection import wait

        come = wait([helper.connection for helper in helpers], wait_s) if helpers else ()
        for helper in [helper for helper in helpers if helper.connection in come]:
            try:
                told = helper.answered()
            except GONE:
                self._lose(helper)
                for pieces in helper.given.values():
                    yield from parser.parse(pieces)
                continue
            if told is None:
                continue
            if told.batches is None:
                yield from parser.parse(helper.given.pop(told.slot))
            else:
                parser.give(told.found)
                yield from helper.batches(told)

    def _lose(self, helper: Helper) -> None:
        """Do without a helper that has ended, whatever ended it."""
        assert self._all is not None
        self._all.remove(helper)
        helper.close()

    def close(self) -> None:
        """End the helpers."""
        helpers, self._all = self._all or [], None
        for helper in helpers:
            helper.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
