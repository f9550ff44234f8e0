"""The columns that attributes fill: for each list of keys once, which of its values go where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loglens.ingest.formats.otlp_digits import Flags, Places
from loglens.ingest.formats.otlp_views import INLINE_BYTES, no_views, text_views

Marks = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Values:
    """The values of some attributes as places in a content, and the places of the backslashes in it."""

    content: bytearray
    starts: Places
    ends: Places
    slashes: Places


class NamedValues:
    """The lists of keys that were seen, by a sum of hashes: what each one fills, and whether a key stands in it twice.

    `columns` has for each column the attributes it reads, the first that is there wins.
    """

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        self.columns = columns
        self._is_single: dict[int, bool] = {}
        self._places: dict[int, dict[str, int]] = {}
        self.names: set[str] = set()

    def add(self, mark: int, hashes: Marks, names: Sequence[str]) -> None:
        """Judge a list of keys that was not seen before; keys with equal hashes count as double."""
        self._is_single[mark] = len(np.unique(hashes)) == len(hashes)
        places = {name: place for place, name in enumerate(names)}
        chosen = {column: [places[n] for n in wanted if n in places] for column, wanted in self.columns.items()}
        self._places[mark] = {column: found[0] for column, found in chosen.items() if found}
        self.names.update(names)

    def fresh(self, marks: Marks) -> set[int]:
        """Return the marks that were not seen before."""
        return set(marks.tolist()) - self._is_single.keys()

    def doubled(self, marks: Marks) -> Flags | None:
        """Say which lists may have a key twice, None for no list at all."""
        if all(self._is_single.values()):
            return None
        return np.fromiter((not self._is_single[mark] for mark in marks.tolist()), np.bool_, len(marks))

    def columns_of(
        self, values: Values, lists: Places, firsts: Places, marks: Marks, count: int
    ) -> dict[str, pa.StringViewArray]:
        """Return the columns of `count` lists.

        `lists` are those that have attributes, in order; with each comes the place of its first value, and its mark.
        """
        chosen = self._chosen(lists, firsts, marks)
        content = values.content
        found: dict[str, tuple[Places, Places, Flags]] = {}
        unescaped = bytearray()
        for column, (rows, picks) in chosen.items():
            starts, sizes = np.zeros(count, np.int64), np.zeros(count, np.int64)
            present = np.zeros(count, np.bool_)
            starts[rows] = values.starts[picks]
            sizes[rows] = values.ends[picks] - values.starts[picks]
            present[rows] = True
            if len(values.slashes):
                _unescape(values, starts, sizes, unescaped)
            found[column] = starts, sizes, present
        if unescaped:
            content = bytearray().join([content, unescaped, bytes(INLINE_BYTES)])
        return {
            column: text_views(content, *found[column]) if column in found else no_views(count)
            for column in self.columns
        }

    def _chosen(self, lists: Places, firsts: Places, marks: Marks) -> dict[str, tuple[Places, Places]]:
        """Return for each column the lists that fill it, and the place of the value it takes from each."""
        if not len(marks):
            return {}
        order = np.argsort(marks, kind="stable")
        ordered = marks[order]
        bounds = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
        parts: dict[str, list[tuple[Places, int]]] = {}
        for group in np.split(order, bounds):
            for column, place in self._places[int(marks[group[0]])].items():
                parts.setdefault(column, []).append((group, place))
        return {
            column: (
                np.concatenate([lists[group] for group, _ in some]),
                np.concatenate([firsts[group] + place for group, place in some]),
            )
            for column, some in parts.items()
        }


def _unescape(values: Values, starts: Places, sizes: Places, unescaped: bytearray) -> None:
    """Put texts that contain escapes behind the content as what they stand for, and point to them there."""
    begins = np.searchsorted(values.slashes, starts)
    escaped = np.flatnonzero(begins != np.searchsorted(values.slashes, starts + sizes))
    for row in escaped.tolist():
        start = int(starts[row])
        written = bytes(values.content[start : start + int(sizes[row])])
        text = msgspec.json.decode(b'"' + written + b'"', type=str).encode()
        starts[row], sizes[row] = len(values.content) + len(unescaped), len(text)
        unescaped += text
