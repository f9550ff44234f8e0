"""Items of bulk requests, which stay one run of bytes from the engine to the wire."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt


class Items:
    """Items one after another: bytes, and where each begins and the last one ends. A part of them is a view.

    Where `owners` are given, one for each, what becomes of the items is told of each owner.
    """

    def __init__(self, data: memoryview, bounds: npt.NDArray[np.int64], owners: Sequence[str] = ()) -> None:
        self._data = data
        self._bounds = bounds
        self.owners = owners

    @classmethod
    def of(cls, items: Sequence[bytes], owners: Sequence[str] = ()) -> Items:
        """Return items that are given one by one."""
        bounds = np.zeros(len(items) + 1, dtype=np.int64)
        np.cumsum([len(item) for item in items], out=bounds[1:])
        return cls(memoryview(b"".join(items)), bounds, owners)

    @classmethod
    def of_column(cls, column: Any) -> Items:
        """Return the texts of an Arrow column that has no nulls, without copying them."""
        array = column.combine_chunks()
        if not len(array):
            return cls.of([])
        _, bounds, data = array.buffers()
        kind = np.int64 if str(array.type).startswith("large") else np.int32
        places = np.frombuffer(bounds, kind, len(array) + 1, array.offset * np.dtype(kind).itemsize)
        return cls(memoryview(data), places.astype(np.int64))

    @classmethod
    def together(cls, parts: Sequence[Items]) -> Items:
        """Return items of several parts as one."""
        if len(parts) == 1:
            return parts[0]
        ends = np.cumsum([0, *(part.size_bytes for part in parts)])
        bounds = [part._bounds[1:] - part._bounds[0] + end for part, end in zip(parts, ends, strict=False)]
        return cls(memoryview(b"".join(part.joined() for part in parts)), np.concatenate([[0], *bounds]))

    def __len__(self) -> int:
        return len(self._bounds) - 1

    def __getitem__(self, place: int) -> bytes:
        return bytes(self._data[self._bounds[place] : self._bounds[place + 1]])

    def __iter__(self) -> Iterator[bytes]:
        return (self[place] for place in range(len(self)))

    @property
    def size_bytes(self) -> int:
        """Bytes of all of them."""
        return int(self._bounds[-1] - self._bounds[0])

    def joined(self) -> memoryview:
        """Return the body of a request with all of them, which is not a copy."""
        return self._data[self._bounds[0] : self._bounds[-1]]

    def part(self, start: int, stop: int) -> Items:
        """Return those from one place up to another."""
        return Items(self._data, self._bounds[start : stop + 1], self.owners[start:stop])

    def picked(self, places: Sequence[int]) -> Items:
        """Return those at some places."""
        owners = [self.owners[place] for place in places] if self.owners else ()
        return Items.of([self[place] for place in places], owners)

    def chunk(self, start: int, most_bytes: int) -> Items:
        """Return those from a place on that together have no more bytes than a number, but at least one."""
        stop = int(np.searchsorted(self._bounds, self._bounds[start] + most_bytes, side="right")) - 1
        return self.part(start, min(max(stop, start + 1), len(self)))
