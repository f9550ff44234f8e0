"""Lists of ids and times into Arrow arrays, with a verdict for each element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loglens.ingest.formats.otlp_scalars import read_time

Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

BAD = 0
_LOWER_HEX = bytes(
    ord(chr(byte).lower()) if chr(byte) in "0123456789abcdefABCDEF" and byte < 128 else BAD for byte in range(256)
)
TIME_DIGITS = 19
_POWERS = 10 ** np.arange(TIME_DIGITS - 1, -1, -1, dtype=np.uint64)


@dataclass(frozen=True)
class Column:
    """An Arrow array, which of its elements are good, and how many bytes each had as JSON, 0 for absent ones."""

    array: pa.Array
    good: Flags
    sizes: Ints


def ids(texts: Sequence[str | None], digits: int, optional: bool) -> Column:
    """Make lower-case hex ids; an optional id may be absent, empty or all zeros and is null then."""
    present = [text or "" for text in texts] if optional else texts
    joined = "".join(present)  # type: ignore[arg-type]
    count = len(texts)
    lengths = np.full(count, digits, np.int64)
    if len(joined) != digits * count or len(set(map(len, present))) > 1:  # type: ignore[arg-type]
        lengths = np.fromiter(map(len, present), np.int64, count)  # type: ignore[arg-type]
    proper = lengths == digits
    good = proper | (lengths == 0) if optional else proper.copy()
    sizes = lengths + 2
    if optional and None in texts:
        sizes[np.fromiter((text is None for text in texts), np.bool_, count)] = 0
    if not good.all():
        present = [text if fits else "" for text, fits in zip(present, proper, strict=True)]
        joined = "".join(present)  # type: ignore[arg-type]
    content = joined.encode(errors="replace").translate(_LOWER_HEX)
    if len(content) != digits * int(proper.sum()):
        return _ids_one_by_one(texts, sizes)
    table = np.frombuffer(content, np.uint8).reshape(-1, digits)
    is_hex = (table != BAD).all(axis=1)
    is_zero = (table == ord("0")).all(axis=1)
    good[proper] &= is_hex if optional else is_hex & ~is_zero
    filled = proper.copy()
    filled[proper] = is_hex & ~is_zero
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum(np.where(proper, digits, 0), out=offsets[1:])
    bitmap = None if filled.all() else pa.py_buffer(np.packbits(filled, bitorder="little"))
    array = pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(content), bitmap)
    return Column(array, good, sizes)


def _ids_one_by_one(texts: Sequence[str | None], sizes: Ints) -> Column:
    """Call no id good: one of them holds characters of more than one byte."""
    return Column(pa.nulls(len(texts), pa.string()), np.zeros(len(texts), np.bool_), sizes)


def times(values: Sequence[int | str | None]) -> Column:
    """Make nanoseconds since the epoch; absent and zero times are null, those out of range are not good."""
    count = len(values)
    if set(map(type, values)) == {str} and set(map(len, values)) == {TIME_DIGITS}:  # type: ignore[arg-type]
        joined = "".join(values)  # type: ignore[arg-type]
        if joined.isascii() and joined.isdigit():
            table = np.frombuffer(joined.encode(), np.uint8).reshape(-1, TIME_DIGITS) - np.uint8(ord("0"))
            numbers = table.astype(np.uint64) @ _POWERS
            good = (numbers > 0) & (numbers < 1 << 63)
            array = pa.array(numbers.astype(np.int64), mask=None if good.all() else ~good)
            return Column(array, good, np.full(count, TIME_DIGITS + 2, np.int64))
    read = [read_time(str(value) if isinstance(value, int) else value) for value in values]
    good = np.fromiter((known for _, known in read), np.bool_, count)
    return Column(pa.array([time for time, _ in read], pa.int64()), good, text_sizes(values))


def text_sizes(values: Sequence[int | str | None]) -> Ints:
    """Return the bytes of numbers and of texts without escapes as JSON, 0 for absent ones."""
    sizes = (0 if value is None else len(str(value)) + 2 * isinstance(value, str) for value in values)
    return np.fromiter(sizes, np.int64, len(values))


def dictionary(codes: Sequence[int] | npt.NDArray[np.int32], values: Sequence[str | None]) -> pa.DictionaryArray:
    """Make an array of texts that are few; a value may be null."""
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(values, pa.string()))
