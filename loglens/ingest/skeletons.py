"""Lines that are alike but for their values: found by the places of a few bytes, for a whole batch at once.

A skeleton is what lines have in common: texts, and between them gaps for the values. Some bytes mark where a gap ends,
a quote or a space; where lines have as many marks as a skeleton, each of its texts must begin a known number of marks
behind the beginning of the line, and whether all of them stand there is one comparison of two arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from loglens.ingest.lines import Bytes, Flags, Places, column, flags_of

Bounds = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Skeleton:
    """Texts that lines have in common, one more than there are gaps between them; the first may be empty.

    All but the first and the last hold a byte of `marks`; `inside` says how many such bytes are in the value of each
    gap.
    """

    texts: tuple[bytes, ...]
    inside: tuple[int, ...]
    marks: bytes

    @cached_property
    def count(self) -> int:
        """How many marks a line has."""
        return sum(map(self.marks_in, self.texts)) + sum(self.inside)

    def marks_in(self, text: bytes) -> int:
        """Return how many marks a text has."""
        return sum(byte in self.marks for byte in text)

    def first_mark(self, text: bytes) -> int | None:
        """Return where the first mark in a text is, None where there is none."""
        return next((place for place, byte in enumerate(text) if byte in self.marks), None)

    @cached_property
    def parts(self) -> int:
        """How many parts a line is cut into: its texts and gaps in turn, and what is behind it."""
        return 2 * len(self.texts)

    @cached_property
    def expected(self) -> pa.Array:
        """The parts of a line, null for what may be anything."""
        sizes = np.zeros(self.parts, np.int32)
        sizes[::2] = list(map(len, self.texts))
        bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
        is_text = np.packbits(np.arange(self.parts) % 2 == 0, bitorder="little")
        buffers = [pa.py_buffer(part) for part in (is_text, bounds, b"".join(self.texts))]
        return pa.Array.from_buffers(pa.binary(), self.parts, buffers)


@dataclass(frozen=True)
class Marked:
    """Lines that share their bytes, and where the marks in them are."""

    data: Bytes
    starts: Places
    ends: Places
    marks: Places

    @cached_property
    def first(self) -> Places:
        """The number of the first mark of each line among all marks."""
        return np.searchsorted(self.marks, self.starts)

    @cached_property
    def counts(self) -> Places:
        """How many marks each line has."""
        return np.searchsorted(self.marks, self.ends) - self.first

    @cached_property
    def _buffer(self) -> pa.Buffer:
        return pa.py_buffer(self.data)

    def between(self, bounds: Bounds, kind: pa.DataType) -> pa.Array:
        """Return the texts between places that rise."""
        return pa.Array.from_buffers(kind, len(bounds) - 1, [None, pa.py_buffer(bounds), self._buffer])

    def texts(self, begins: Places, ends: Places, are_null: Flags | None = None) -> pa.StringArray:
        """Return some texts, which may have something between them."""
        bounds = np.empty(2 * len(begins), np.int32)
        bounds[::2], bounds[1::2] = begins, ends
        places = column(np.arange(0, len(bounds), 2, dtype=np.int32))
        if are_null is not None and are_null.any():
            bits = pa.py_buffer(np.packbits(~are_null, bitorder="little"))
            places = pa.Array.from_buffers(places.type, len(places), [bits, places.buffers()[1]])
        return self.between(bounds, pa.string()).take(places)


@dataclass(frozen=True)
class Fit:
    """The lines of a skeleton: their numbers, and where each text of it begins in each of them."""

    skeleton: Skeleton
    rows: Places
    begins: Sequence[Places]

    def gap(self, number: int) -> tuple[Places, Places]:
        """Return where a gap begins and ends in each line."""
        return self.begins[number] + len(self.skeleton.texts[number]), self.begins[number + 1]

    def only(self, flags: Flags) -> Fit:
        """Return the fit of the flagged ones of its lines."""
        if flags.all():
            return self
        return Fit(self.skeleton, self.rows[flags], [begins[flags] for begins in self.begins])

    @cached_property
    def bounds(self) -> Bounds:
        """Where each part of each line begins, one row for a line."""
        bounds = np.empty((len(self.rows), self.skeleton.parts), np.int32)
        for number, text in enumerate(self.skeleton.texts):
            bounds[:, 2 * number] = self.begins[number]
            bounds[:, 2 * number + 1] = bounds[:, 2 * number] + len(text)
        return bounds


class Fitting:
    """Fits lines to a skeleton."""

    def __init__(self, skeleton: Skeleton) -> None:
        self.skeleton = skeleton
        self._expected = skeleton.expected

    def fit(self, lines: Marked, rows: Places) -> Fit:
        """Return which of some lines, all with as many marks as the skeleton, are made as it says."""
        found = self._placed(lines, rows)
        if not len(found.rows):
            return found
        bounds = np.append(found.bounds.ravel(), lines.ends[found.rows[-1]].astype(np.int32))
        parts = lines.between(bounds, pa.binary())
        same = pc.equal(parts, self._tiled(len(parts)))
        if pc.all(same).as_py():
            return found
        flags = (flags_of(same) | flags_of(same.is_null())).reshape(len(found.rows), -1)
        return found.only(np.logical_and.reduce(flags, axis=1))

    def _placed(self, lines: Marked, rows: Places) -> Fit:
        """Return the lines in which the texts can stand where they would have to."""
        skeleton = self.skeleton
        first, starts, ends = lines.first[rows], lines.starts[rows], lines.ends[rows]
        fits = np.ones(len(rows), bool)
        cursor, passed = starts, 0
        begins: list[Places] = []
        for number, text in enumerate(skeleton.texts):
            begin = starts
            if number:
                passed += skeleton.inside[number - 1]
                mark = skeleton.first_mark(text)
                begin = ends - len(text) if mark is None else lines.marks[first + passed] - mark
                fits &= begin >= cursor
            begins.append(begin)
            cursor = begin + len(text)
            passed += skeleton.marks_in(text)
        fits &= cursor == ends
        return Fit(skeleton, rows, begins).only(fits)

    def _tiled(self, count: int) -> pa.Array:
        """Return the expected parts over and over, so many of them."""
        if len(self._expected) < count:
            lines = 2 * count // self.skeleton.parts
            self._expected = pa.concat_arrays([self.skeleton.expected] * lines)
        return self._expected.slice(0, count)


def bytes_at(data: Bytes, places: Places) -> Bytes:
    """Return the bytes at some places; places beyond the end stand for the last one."""
    return data.take(places, mode="clip")
