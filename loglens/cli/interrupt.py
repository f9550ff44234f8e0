"""Ctrl-C ends the program even where it is deep inside DuckDB and does not look at signals."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# How long the program may take to stop by itself: Ctrl-C is promised to act within two seconds.
GRACE_S = 1.5


@contextmanager
def bounded(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` from another thread where the block has not ended `GRACE_S` after Ctrl-C."""
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    previous = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reader, stop), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous)
        os.close(writer)


def _watch(reader: int, stop: Callable[[], None]) -> None:
    """Read the numbers of arriving signals until the other end is closed."""
    with open(reader, "rb", buffering=0) as signals:
        while number := signals.read(1):
            if number[0] == signal.SIGINT:
                time.sleep(GRACE_S)
                if not _is_closed(signals.fileno()):
                    stop()


def _is_closed(reader: int) -> bool:
    """Whether the block has ended: its end of the pipe is gone, and nothing is left to read."""
    os.set_blocking(reader, False)
    try:
        return os.read(reader, 1) == b""
    except BlockingIOError:
        return False
