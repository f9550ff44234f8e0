"""Requests as they usually are: resources and scopes, and in each scope nothing but spans with short lengths.

The places of spans follow from one another; they are found in all scopes at once, a span of each at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loglens.ingest.formats.otlp_digits import Bytes, Flags, Places
from loglens.ingest.formats.otlp_requests import RECORD_TAG, pass_records
from loglens.ingest.formats.otlp_wire_attributes import read_lengths
from loglens.ingest.protobuf_wire import BrokenWire, read_varint

ABOUT_TAG = 0x0A
# Where there are fewer scopes, they are read one at a time.
FEW_SCOPES = 8
# Place and byte of the tags of trace id, span id and parent id, and of their lengths: no other record begins like this.
SURELY_SPAN = ((0, 0x0A), (1, 16), (18, 0x12), (19, 8), (28, 0x22), (29, 8))


@dataclass(frozen=True)
class Scope:
    """A scope: the bytes of its resource and its own, and the places of its spans."""

    resource: bytes
    about: bytes
    begins: Places
    ends: Places


class UsualRequests:
    """The requests of a content, which goes on behind the last of them."""

    def __init__(self, content: bytes, bounds: Sequence[int]) -> None:
        self._content = content
        self._heads: list[tuple[bytes, bytes]] = []
        self._firsts: list[int] = []
        places: list[tuple[int, int]] = []
        for begin, end in pairwise(bounds):
            self._firsts.append(len(places))
            self._look(begin, end, places)
        self._firsts.append(len(places))
        edges = np.array(places, np.int64).reshape(-1, 2)
        self._find(edges[:, 0], edges[:, 1])

    def _look(self, begin: int, end: int, places: list[tuple[int, int]]) -> None:
        """Note the scopes of a request, none where it has an unusual one."""
        content, before = self._content, len(places)
        try:
            while begin < end:
                place, begin = self._inner(begin, end)
                about, place = self._inner(place, begin)
                resource = content[about:place]
                while place < begin:
                    # A scope has the tag of a record.
                    inner, place = self._inner(place, begin, RECORD_TAG)
                    about, first = self._inner(inner, place)
                    self._heads.append((resource, content[about:first]))
                    places.append((first, place))
        except BrokenWire:
            del places[before:], self._heads[before:]

    def _inner(self, place: int, end: int, tag: int = ABOUT_TAG) -> tuple[int, int]:
        """Return where the content of a field begins and ends; raises BrokenWire where it is not the one expected."""
        content = self._content
        if place >= end or content[place] != tag:
            raise BrokenWire("another field")
        size = content[place + 1]
        begin = place + 2
        if size >= 128:
            size, begin = read_varint(content, place + 1, end)
        if begin + size > end:
            raise BrokenWire("too long")
        return begin, begin + size

    def _find(self, begins: Places, ends: Places) -> None:
        """Find the spans of all scopes."""
        walk = _Walk(self._content, begins, ends)
        walk.run()
        self._begins, self._ends = walk.placed()
        self._bounds = np.concatenate([np.zeros(1, np.int64), np.cumsum(walk.counts)]).tolist()
        sure = np.ones(len(self._begins), np.bool_)
        data = walk.data
        for place, byte in SURELY_SPAN:
            sure &= data[self._begins + place] == byte
        sure &= self._ends - self._begins >= SURELY_SPAN[-1][0] + 1
        owners = np.repeat(np.arange(len(begins)), walk.counts)
        self._is_sure = np.bincount(owners[sure], minlength=len(begins)) > 0
        self._is_good = walk.good

    def scopes(self, request: int) -> list[Scope]:
        """Return the scopes of a request that surely holds spans and is as usual, none of any other."""
        some = range(self._firsts[request], self._firsts[request + 1])
        whole = slice(some.start, some.stop)
        if not (self._is_good[whole].all() and self._is_sure[whole].any()):
            return []
        found = []
        for scope in some:
            spans = slice(self._bounds[scope], self._bounds[scope + 1])
            found.append(Scope(*self._heads[scope], self._begins[spans], self._ends[spans]))
        return found


class _Walk:
    """A cursor in each scope, moved over one span of each at a time."""

    def __init__(self, content: bytes, begins: Places, ends: Places) -> None:
        self.content = content
        self.data: Bytes = np.frombuffer(content, np.uint8)
        self.at, self.ends = begins.copy(), ends
        self.good: Flags = np.ones(len(begins), np.bool_)
        self.counts = np.zeros(len(begins), np.int64)
        # Of each step: the scopes, the place of the span in each, where it begins and ends.
        self._steps: list[tuple[Places, Places, Places, Places]] = []

    def run(self) -> None:
        """Move all cursors to the ends."""
        (rows,) = np.nonzero(self.at < self.ends)
        while len(rows) >= FEW_SCOPES:
            begins, sizes, too_long = read_lengths(self.data, self.at[rows] + 1)
            behinds = begins + sizes
            fits = (self.data[self.at[rows]] == RECORD_TAG) & ~too_long & (behinds <= self.ends[rows])
            if not fits.all():
                self.good[rows[~fits]] = False
                rows, begins, behinds = rows[fits], begins[fits], behinds[fits]
            self._steps.append((rows, self.counts[rows], begins, behinds))
            self.counts[rows] += 1
            self.at[rows] = behinds
            rows = rows[behinds < self.ends[rows]]
        for row in rows.tolist():
            self._run_one(row)

    def _run_one(self, row: int) -> None:
        begins: list[int] = []
        behinds: list[int] = []
        end = int(self.ends[row])
        self.good[row] = pass_records(self.content, int(self.at[row]), end, begins, behinds) == end
        places = self.counts[row] + np.arange(len(begins))
        self._steps.append((np.full(len(begins), row), places, np.array(begins, np.int64), np.array(behinds, np.int64)))
        self.counts[row] += len(begins)

    def placed(self) -> tuple[Places, Places]:
        """Return where the spans of all scopes begin and end, in order."""
        firsts = np.cumsum(self.counts) - self.counts
        begins, ends = (np.zeros(int(self.counts.sum()), np.int64) for _ in range(2))
        for rows, places, starts, behinds in self._steps:
            begins[firsts[rows] + places] = starts
            ends[firsts[rows] + places] = behinds
        return begins, ends
