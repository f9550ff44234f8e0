"""Batches in parts whose texts take little memory in the engine, however long each of them is.

DuckDB works on vectors of 2,048 rows, or on what is left of a batch, and a statement that makes columns of texts holds
each of them dozens of times over at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

VECTOR_ROWS = 2_048
# Vectors with more text than this are cut, to so much where that is more than one row.
_LARGE_BYTES = 2 << 20
_CUT_BYTES = 256 << 10


def in_vectors(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield a batch as it is where its texts are short, or else in parts of about 256 KiB."""
    import numpy as np

    rows = batch.num_rows
    if rows < 2:
        yield batch
        return
    ends = _text_ends(batch)
    vectors = np.append(np.arange(0, rows, VECTOR_ROWS), rows)
    if np.diff(ends[vectors]).max(initial=0) <= _LARGE_BYTES:
        yield batch
        return
    first = 0
    while first < rows:
        fits = int(np.searchsorted(ends, ends[first] + _CUT_BYTES, side="right")) - 1
        end = max(min(fits, first + VECTOR_ROWS), first + 1)
        yield batch.slice(first, end - first)
        first = end


def _text_ends(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """Return how many bytes of text a batch has up to each row, and after the last."""
    import numpy as np
    import pyarrow as pa

    ends = np.zeros(batch.num_rows + 1, dtype=np.int64)
    for each in batch.columns:
        column = each.storage if isinstance(each, pa.ExtensionArray) else each
        if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
            offsets = np.frombuffer(column.buffers()[1], np.int32)
        elif pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type):
            offsets = np.frombuffer(column.buffers()[1], np.int64)
        else:
            continue
        ends += offsets[column.offset : column.offset + len(ends)]
    ends -= ends[0]
    return ends
