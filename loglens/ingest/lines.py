"""The lines of a piece of content: where they begin and end, which are blank, which are not UTF-8."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BOM = b"\xef\xbb\xbf"
NEWLINE = 10
# Lines are long where fewer of them end within the first bytes.
LONG_LINES, LOOKED_AT_BYTES = 16, 64 << 10
WHITE_SPACE = b" \t\r\n\v\f"
_IS_SPACE = np.isin(np.arange(256), list(WHITE_SPACE))
# Arrow addresses the bytes of texts with 32 bits.
_MAX_OFFSET = (1 << 31) - 1


@dataclass(frozen=True)
class Lines:
    """Lines that share their bytes; each ends behind its line end, the last may have none."""

    whole: bytes
    data: Bytes
    starts: Places
    ends: Places

    @classmethod
    def of(cls, whole: bytes, skip: int = 0) -> Lines:
        """Find the lines of some bytes; the first begins after `skip` of them."""
        data = np.frombuffer(whole, np.uint8)
        ends = _line_ends(whole, data)
        if not len(ends) or ends[-1] < len(whole):
            ends = np.append(ends, len(whole))
        starts = np.concatenate([[0], ends[:-1]])
        starts[0] = skip
        return cls(whole, data, starts, ends)

    def raw(self, line: int) -> bytes:
        """Return the bytes of one line."""
        return self.whole[self.starts[line] : self.ends[line]]

    def blank(self) -> Flags:
        """Say which lines are white space only."""
        flags = np.zeros(len(self.ends), bool)
        last = len(self.data) - 1
        first, end = self.data[np.minimum(self.starts, last)], self.data[np.maximum(self.ends - 2, 0)]
        short = self.ends - self.starts <= 1
        for i in np.flatnonzero(_IS_SPACE[first] & _IS_SPACE[end] | short):
            flags[i] = not self.raw(int(i)).strip(WHITE_SPACE)
        return flags

    def broken(self) -> Flags:
        """Say which lines are not UTF-8."""
        flags = np.zeros(len(self.ends), bool)
        if not is_utf8(memoryview(self.whole)):
            suspects = np.searchsorted(self.ends, np.flatnonzero(self.data >= 128), side="right")
            for i in np.unique(suspects):
                flags[i] = not is_utf8(memoryview(self.raw(int(i))))
        return flags


def _line_ends(whole: bytes, data: Bytes) -> Places:
    """Return the places behind line ends; long lines are passed with fewer looks than one at each byte."""
    if whole.count(b"\n", 0, LOOKED_AT_BYTES) >= LONG_LINES:
        return np.flatnonzero(data == NEWLINE) + 1
    ends = []
    end = whole.find(b"\n") + 1
    while end:
        ends.append(end)
        end = whole.find(b"\n", end) + 1
    return np.array(ends, np.int64)


def is_utf8(text: memoryview) -> bool:
    """Say whether bytes are valid UTF-8, without decoding them."""
    offsets = pa.py_buffer(np.array([0, len(text)], np.int32))
    try:
        pa.StringArray.from_buffers(1, offsets, pa.py_buffer(text)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def column(values: npt.NDArray[np.int64] | npt.NDArray[np.int32] | npt.NDArray[np.int8]) -> pa.Array:
    """Make an Arrow array of NumPy's memory; `pa.array` would import pandas, where it is installed, to ask about it."""
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def flag_column(flags: Flags) -> pa.BooleanArray:
    """Make an Arrow array of NumPy's flags."""
    bits = pa.py_buffer(np.packbits(flags, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(flags), [None, bits])


def numbers_of(counts: pa.Int32Array) -> npt.NDArray[np.int32]:
    """Return the memory of a column without nulls, for which `to_numpy` would import pandas too."""
    return np.frombuffer(counts.buffers()[1], np.int32)[counts.offset : counts.offset + len(counts)]


def flags_of(values: pa.BooleanArray) -> Flags:
    """Return an Arrow array of booleans as one of NumPy."""
    bits = np.frombuffer(values.buffers()[1], np.uint8)
    flags: Flags = np.unpackbits(bits, count=values.offset + len(values), bitorder="little")[values.offset :] != 0
    return flags


def strings(values: Sequence[str | None]) -> pa.StringArray:
    """Make an Arrow array of texts."""
    try:
        joined = "".join(values)  # type: ignore[arg-type]
    except TypeError:
        # There is an absent one.
        joined = None
    if joined is not None and joined.isascii() and len(joined) <= _MAX_OFFSET:
        ends = np.zeros(len(values) + 1, np.int32)
        np.cumsum(np.fromiter(map(len, values), np.int32, len(values)), out=ends[1:])  # type: ignore[arg-type]
        return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(joined.encode()))
    builder = pa.lib.StringBuilder()
    builder.append_values(values)
    return builder.finish()


def written_or_null(values: Sequence[bytes]) -> pa.StringArray:
    """Make an Arrow array of texts in UTF-8, null for those that are empty."""
    _, ends, content = arrow_of(values, pa.string()).buffers()
    is_written = np.fromiter(map(bool, values), np.bool_, len(values))
    bits = pa.py_buffer(np.packbits(is_written, bitorder="little"))
    return pa.StringArray.from_buffers(len(values), ends, content, bits)


def text_scalar(text: str | None) -> pa.StringScalar:
    """Make an Arrow text; `pa.scalar` would import pandas, where it is installed, and so would a plain argument."""
    return strings([text])[0]


def arrow_of(values: Sequence[bytes], kind: pa.DataType) -> pa.Array:
    """Make an Arrow array of strings or binaries."""
    ends = np.cumsum([0, *map(len, values)]).astype(np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(values))]
    return pa.Array.from_buffers(kind, len(values), buffers)


def texts(lines: Lines, starts: Places, ends: Places, kind: pa.DataType) -> pa.Array:
    """Return stretches of lines as an array of strings or binaries that shares their bytes where nothing is between."""
    if (ends[:-1] == starts[1:]).all():
        bounds = np.append(starts, ends[-1:]).astype(np.int32)
        return _array(lines, kind, bounds)
    bounds = np.stack([starts, ends], axis=1).ravel().astype(np.int32)
    return _array(lines, kind, bounds).take(column(np.arange(0, len(bounds), 2)))


def _array(lines: Lines, kind: pa.DataType, bounds: npt.NDArray[np.int32]) -> pa.Array:
    return pa.Array.from_buffers(kind, len(bounds) - 1, [None, pa.py_buffer(bounds), pa.py_buffer(lines.whole)])
