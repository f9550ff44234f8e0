"""Lists of ids, times and texts into Arrow arrays, with a verdict for each element.

`pa.array` is not used on the way: it would import pandas, where that is installed, only to ask about its types.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loglens.ingest.formats.otlp_scalars import read_time
from loglens.ingest.lines import strings
from loglens.ingest.timestamps import LAST_NS

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]

BAD = b"\0"
_LOWER_HEX = bytes(
    byte | 32 if byte in b"ABCDEF" else byte if byte in b"0123456789abcdef" else 0 for byte in range(256)
)
_HEX = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), np.uint16)
_ZEROS = np.frombuffer(b"00000000", np.uint64)[0]
TIME_DIGITS = 19
JSON = pa.json_(pa.string())
FEW_JSON = pa.dictionary(pa.int32(), JSON)


@dataclass(frozen=True)
class Column:
    """An Arrow array, which of its elements are good, and how many bytes each had as JSON, 0 for absent ones."""

    array: pa.Array
    good: Flags
    sizes: Ints


@dataclass(frozen=True)
class Columns:
    """The columns of some records, which of the records are good, and the bytes each one accounts for."""

    columns: dict[str, pa.Array]
    good: Flags
    sizes: Ints


def ids(texts: Sequence[str | None], digits: int) -> Column:
    """Make lower-case hex ids; an id that is absent, empty or all zeros is null and not good."""
    count = len(texts)
    absent = None
    try:
        joined = "".join(texts)  # type: ignore[arg-type]
    except TypeError:
        absent = np.fromiter((text is None for text in texts), np.bool_, count)
        given = [text or "" for text in texts]
        joined, texts = "".join(given), given
    lengths = np.fromiter(map(len, texts), np.int64, count)  # type: ignore[arg-type]
    good = lengths == digits
    sizes = lengths + 2
    if absent is not None:
        sizes[absent] = 0
    if len(joined) != digits * np.count_nonzero(good):
        joined = "".join(text for text in texts if text and len(text) == digits)
    content = joined.encode("ascii", "replace").translate(_LOWER_HEX)
    if BAD in content:
        good[good] = (np.frombuffer(content, np.uint8).reshape(-1, digits) != 0).all(axis=1)
        content = b"".join(
            content[at : at + digits] for at in range(0, len(content), digits) if BAD not in content[at : at + digits]
        )
    words = np.frombuffer(content, np.uint64).reshape(-1, digits // 8)
    if (words[:, 0] == _ZEROS).any():
        zero = np.zeros(count, np.bool_)
        zero[good] = (words == _ZEROS).all(axis=1)
    else:
        zero = None
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum(np.where(good, digits, 0), out=offsets[1:])
    if zero is not None:
        good &= ~zero
    return Column(_text_array(offsets, content, good), good, sizes)


def hex_ids(content: bytes, places: Ints, size: int) -> tuple[pa.StringArray, Flags]:
    """Make hex ids of some bytes at each place, -1 for none; return with them which are there and not all zeros."""
    present = places >= 0
    every = np.ndarray((len(content) - size + 1,), f"V{size}", content, strides=(1,))
    raw = every[places[present]].view(np.uint8).reshape(-1, size)
    offsets = np.zeros(len(places) + 1, np.int32)
    np.cumsum(np.where(present, 2 * size, 0), out=offsets[1:])
    good = present.copy()
    good[present] = raw.any(axis=1)
    return _text_array(offsets, _HEX[raw].tobytes(), good), good


def times(values: Sequence[int | str | None]) -> Column:
    """Make nanoseconds since the epoch; absent and zero times are null, those that are no time are not good."""
    count = len(values)
    try:
        content = "".join(values).encode()  # type: ignore[arg-type]
        if len(content) == TIME_DIGITS * count and set(map(len, values)) == {TIME_DIGITS}:  # type: ignore[arg-type]
            offsets = np.arange(0, TIME_DIGITS * (count + 1), TIME_DIGITS, dtype=np.int32)
            array = _text_array(offsets, content).cast(pa.int64())
            read_ns = np.frombuffer(array.buffers()[1], np.int64)
            good = (read_ns > 0) & (read_ns <= LAST_NS)
            return Column(array, good, np.full(count, TIME_DIGITS + 2, np.int64))
    except (TypeError, pa.ArrowInvalid):
        pass
    read = [read_time(str(value) if isinstance(value, int) else value) for value in values]
    good = np.fromiter((known for _, known in read), np.bool_, count)
    found = np.fromiter((time or 0 for time, _ in read), np.int64, count)
    sizes = (0 if value is None else len(str(value)) + 2 * isinstance(value, str) for value in values)
    return Column(numbers(found, found > 0), good, np.fromiter(sizes, np.int64, count))


def numbers(values: npt.NDArray[np.int64] | npt.NDArray[np.int32], present: Flags | None = None) -> pa.Array:
    """Make an array of integers, null where one is not present."""
    kind = pa.int64() if values.dtype == np.int64 else pa.int32()
    return pa.Array.from_buffers(kind, len(values), [_bitmap(present), pa.py_buffer(np.ascontiguousarray(values))])


def cut_out(content: bytes | bytearray, begins: Ints, behinds: Ints, kind: pa.DataType | None = None) -> pa.Array:
    """Return the stretches of a content between some places, which are in order, as texts or as another kind."""
    bounds = np.stack([begins, behinds], axis=1).astype(np.int32).ravel()
    count = max(len(bounds) - 1, 0)
    buffers = [None, pa.py_buffer(bounds if count else np.zeros(1, np.int32)), pa.py_buffer(content)]
    every = pa.Array.from_buffers(kind or pa.string(), count, buffers)
    return every.take(numbers(np.arange(0, len(bounds), 2)))


def dictionary(codes: Codes, values: Sequence[str | None]) -> pa.DictionaryArray:
    """Make an array of texts that are few; a value may be null."""
    return pa.DictionaryArray.from_arrays(numbers(codes), strings(values))


def as_json(batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
    """Return a batch with some columns marked as JSON: DuckDB parses any other text, each time anew."""
    columns = [
        _marked(column) if field.name in names else column
        for field, column in zip(batch.schema, batch.columns, strict=True)
    ]
    return pa.record_batch(columns, json_schema(batch.schema, names))


def _marked(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.DictionaryArray):
        return pa.DictionaryArray.from_arrays(column.indices, _marked(column.dictionary))
    return pa.ExtensionArray.from_storage(JSON, column)


def json_schema(schema: pa.Schema, names: Sequence[str]) -> pa.Schema:
    """Return the schema of batches with some columns marked as JSON."""
    kinds = {field.name: JSON if field.type == pa.string() else FEW_JSON for field in schema if field.name in names}
    return pa.schema([field.with_type(kinds.get(field.name, field.type)) for field in schema])


def _text_array(offsets: npt.NDArray[np.int32], content: bytes, present: Flags | None = None) -> pa.StringArray:
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(content), _bitmap(present))


def _bitmap(present: Flags | None) -> pa.Buffer | None:
    if present is None or present.all():
        return None
    return pa.py_buffer(np.packbits(present, bitorder="little"))
