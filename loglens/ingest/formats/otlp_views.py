"""Arrays of texts that stay where they are: each element names a place in a buffer instead of being copied."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

VIEW = pa.string_view()
# Texts of up to twelve bytes stand in the view itself, zeros behind them.
INLINE_BYTES = 12
# What is kept of a word when only its first bytes count, by how many do.
KEPT = np.array([(1 << 8 * size) - 1 for size in range(8)] + [(1 << 64) - 1], np.uint64)


def text_views(content: bytes | bytearray, starts: Ints, sizes: Ints, present: Flags) -> pa.StringViewArray:
    """Make an array of the texts at some places of a content, which must go on for twelve bytes behind the last one."""
    rows = len(starts)
    views = np.empty((rows, 2), np.uint64)
    words = np.ndarray((len(content) - INLINE_BYTES + 1,), "V12", content, strides=(1,))
    firsts = np.zeros((rows, 4), np.uint32)
    firsts[:, 1:] = words[starts].view(np.uint32).reshape(rows, 3)
    firsts[:, 0] = sizes
    views[:] = firsts.view(np.uint64)
    short = sizes <= INLINE_BYTES
    views[:, 0] &= KEPT[np.minimum(sizes, 4) + 4]
    views[:, 1] = np.where(
        short, views[:, 1] & KEPT[np.clip(sizes - 4, 0, 8)], starts.astype(np.uint64) << np.uint64(32)
    )
    return _array(views, present, content)


def no_views(rows: int) -> pa.StringViewArray:
    """Make an array of nulls."""
    return _array(np.zeros((rows, 2), np.uint64), np.zeros(rows, np.bool_), b"")


def kept_views(array: pa.StringViewArray, keep: Flags) -> pa.StringViewArray:
    """Return the elements that are flagged; Arrow's own filter does not know views."""
    valid, views, *content = array.buffers()
    present = np.ones(len(array), np.bool_) if valid is None else _bits(valid, len(array))
    chosen = np.frombuffer(views, np.uint64).reshape(-1, 2)[keep]
    return pa.Array.from_buffers(
        VIEW, len(chosen), [pa.py_buffer(np.packbits(present[keep], bitorder="little")), pa.py_buffer(chosen), *content]
    )


def _bits(bitmap: pa.Buffer, rows: int) -> Flags:
    return np.unpackbits(np.frombuffer(bitmap, np.uint8), count=rows, bitorder="little").astype(np.bool_)


def _array(views: npt.NDArray[np.uint64], present: Flags, content: bytes | bytearray) -> pa.StringViewArray:
    valid = None if present.all() else pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.Array.from_buffers(VIEW, len(views), [valid, pa.py_buffer(views), pa.py_buffer(content)])
