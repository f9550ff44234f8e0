"""Reading in batches gives back and takes again the same megabytes: here the process keeps them meanwhile."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Parameters of mallopt in glibc, and what they are where nobody sets them.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
USUAL_BYTES = 128 << 10
KEPT_BYTES = 1 << 30
# Containers made since the last collection; batches of some thousand records make as many at once, and no cycles.
COLLECT_AFTER = 100_000


@contextmanager
def reused_memory() -> Iterator[None]:
    """Keep freed memory for the next batch: the kernel would clear each page of it anew; search garbage seldom."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *usual[1:])
    _keep(KEPT_BYTES)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
        _keep(USUAL_BYTES)


def _keep(size: int) -> None:
    """Set how much freed memory the C library keeps, and give back what is more."""
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if not hasattr(library, "malloc_trim"):
        # Another C library than glibc.
        return
    library.mallopt(TRIM_THRESHOLD, size)
    library.mallopt(MMAP_THRESHOLD, size)
    if size == USUAL_BYTES:
        library.malloc_trim(0)
