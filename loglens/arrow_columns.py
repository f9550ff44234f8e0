"""Columns of Arrow as arrays of NumPy, and the rows of a table that have a word in a column.

Scalars, `pa.array` and `to_numpy` import pandas where it is installed, only to ask about types: a third of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


def numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return a column of whole numbers; nulls are 0."""
    import numpy as np

    array = column.combine_chunks().cast("int64")
    if not len(array):
        return np.zeros(0, dtype=np.int64)
    found = np.frombuffer(array.buffers()[1], np.int64)[array.offset : array.offset + len(array)]
    return np.where(flags(column.is_valid()), found, 0) if array.null_count else found


def as_stored(column: pa.ChunkedArray) -> NDArray[Any]:
    """Return a column of numbers without nulls, in the type it has."""
    import numpy as np

    kind = np.dtype(str(column.type))
    parts = [np.frombuffer(each.buffers()[1], kind, len(each), each.offset * kind.itemsize) for each in column.chunks]
    return np.concatenate(parts) if parts else np.empty(0, kind)


def flags(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Return a column of BOOLEAN; nulls are false."""
    import numpy as np
    import pyarrow.compute as pc

    array = column.combine_chunks()
    if not len(array):
        return np.zeros(0, dtype=bool)
    known = pc.coalesce(array, array.is_valid()) if array.null_count else array
    found: NDArray[np.bool_] = np.from_dlpack(known.cast("int8")) != 0
    return found


def codes(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[str | None]]:
    """Return for each value of a column of text its place among the different ones, and these."""
    import numpy as np

    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    if not len(encoded):
        return np.zeros(0, dtype=np.int32), []
    places: NDArray[np.int32] = np.frombuffer(encoded.indices.buffers()[1], np.int32)[: len(encoded)]
    return places, encoded.dictionary.to_pylist()


def first_rows(table: pa.Table, names: Sequence[str]) -> NDArray[np.intp]:
    """Return where columns of text change, and the first row, in a table that is sorted by them."""
    import numpy as np

    if not table.num_rows:
        return np.zeros(0, dtype=np.intp)
    places = np.stack([codes(table[name])[0] for name in names])
    changes = np.flatnonzero((places[:, 1:] != places[:, :-1]).any(axis=0)) + 1
    return np.concatenate([[0], changes]).astype(np.intp)


def rows_with(table: pa.Table, name: str, *words: str | None) -> pa.Table:
    """Return the rows that have one of some words, or null, in a column of text."""
    import numpy as np

    places, found = codes(table[name])
    is_word = np.array([word in words for word in found], dtype=bool)
    return taken(table, is_word[places])


def taken(table: pa.Table, is_taken: NDArray[np.bool_]) -> pa.Table:
    """Return some of the rows of a table."""
    import numpy as np
    import pyarrow as pa

    rows = np.flatnonzero(is_taken)
    if not len(rows) or rows[-1] - rows[0] + 1 == len(rows):
        return table.slice(int(rows[0]) if len(rows) else 0, len(rows)).combine_chunks()
    chosen = pa.Array.from_buffers(pa.int64(), len(rows), [None, pa.py_buffer(rows.astype(np.int64))])
    return table.take(chosen).combine_chunks()
