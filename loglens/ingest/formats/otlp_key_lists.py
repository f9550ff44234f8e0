"""The lists of keys that attributes have: few, and each says once and for all where a column finds its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from loglens.ingest.formats.otlp_columns import numbers
from loglens.ingest.formats.otlp_digits import Flags, Places, Words

# Of a longer key each of its words would be looked at.
MAX_KEY_BYTES = 250
MAX_KEPT = 20_000
MIX_FIRST, MIX_LAST, MIX = (np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD))
LENGTH_SHIFT, HALF = np.uint64(40), np.uint64(32)
WORD_BYTES = 8
# The place of a column in a list that has none of its names.
ABSENT = -1


@dataclass(frozen=True)
class Keys:
    """The keys of some records: a hash of each, how many a record has, and the records that have some.

    `firsts` are the places of the first keys of those.
    """

    hashes: Words
    counts: Places
    filled: Places
    firsts: Places

    @classmethod
    def of(cls, hashes: Words, counts: Places) -> Keys:
        """Tell which records have keys."""
        filled = np.flatnonzero(counts)
        return cls(hashes, counts, filled, (np.cumsum(counts) - counts)[filled])

    def marks(self) -> Words:
        """Return a hash of each list of keys, in its order."""
        if not len(self.filled):
            return np.zeros(0, np.uint64)
        ranks = np.arange(len(self.hashes)) - np.repeat(self.firsts, self.counts[self.filled])
        odd = (ranks << 1 | 1).astype(np.uint64)
        marks: Words = np.add.reduceat(self.hashes * odd, self.firsts)
        return marks


def hash_keys(words: Words, begins: Places, sizes: Places, first: Words, last: Words) -> Words:
    """Return hashes of keys; `first` and `last` hold the first and the last eight bytes of each.

    Each word is mixed before the next one comes: a product spreads a byte upwards only, and the shift back down.
    """
    hashes = _mixed(first * MIX_FIRST) ^ (sizes.astype(np.uint64) << LENGTH_SHIFT)
    hashes = _mixed((hashes ^ last) * MIX_LAST)
    skip = WORD_BYTES
    (longer,) = np.nonzero(sizes > 2 * WORD_BYTES)
    while len(longer) and skip < MAX_KEY_BYTES:
        hashes[longer] = _mixed((hashes[longer] ^ words[begins[longer] + skip]) * MIX)
        skip += WORD_BYTES
        longer = longer[sizes[longer] > skip + WORD_BYTES]
    return _mixed(hashes * MIX)


def _mixed(hashes: Words) -> Words:
    mixed: Words = hashes ^ (hashes >> HALF)
    return mixed


class KeyLists:
    """The lists of keys that were seen, and in each the place of the value of each column.

    `columns` has the names that a column goes by, of which the first that is there counts; `names` are all keys.
    """

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        self._columns = columns
        self._codes: dict[int, int] = {}
        self._is_single: list[bool] = []
        self._places: list[list[int]] = []
        self.names: set[str] = set()

    def look_up(self, keys: Keys, read: Callable[[int, int], Sequence[str]]) -> Places:
        """Return codes of the lists of records that have keys; `read` returns the keys between two places."""
        if len(self._codes) > MAX_KEPT:
            self._codes, self._is_single, self._places = {}, [], []
        marks, places, of_records = np.unique(keys.marks(), return_index=True, return_inverse=True)
        for mark, place in zip(marks.tolist(), places.tolist(), strict=True):
            if mark in self._codes:
                continue
            first = int(keys.firsts[place])
            last = first + int(keys.counts[keys.filled[place]])
            self._codes[mark] = len(self._places)
            # Keys with equal hashes count as double.
            self._is_single.append(len(np.unique(keys.hashes[first:last])) == last - first)
            self._add(read(first, last))
        codes: Places = np.fromiter(map(self._codes.__getitem__, marks.tolist()), np.intp, len(marks))[of_records]
        return codes

    def _add(self, names: Sequence[str]) -> None:
        self.names.update(names)
        places = {name: place for place, name in enumerate(names)}
        given = ((places[name] for name in wanted if name in places) for wanted in self._columns.values())
        self._places.append([next(found, ABSENT) for found in given])

    def doubled(self, codes: Places) -> Flags | None:
        """Say which lists may have a key twice, None for no list at all."""
        if all(self._is_single):
            return None
        return ~np.array(self._is_single)[codes]

    def columns(self, codes: Places, keys: Keys, values: pa.StringArray, elements: Places) -> dict[str, pa.StringArray]:
        """Return the columns that records find among some values; `elements` says which value each key has."""
        rows = len(keys.counts)
        used, of_rows = np.unique(codes, return_inverse=True)
        table = np.array([self._places[code] for code in used.tolist()], np.int64)
        columns = {}
        for column, places in zip(self._columns, table.reshape(len(used), len(self._columns)).T, strict=True):
            if (places == ABSENT).all():
                columns[column] = pa.nulls(rows, pa.string())
                continue
            at = places[of_rows]
            there = at != ABSENT
            chosen, present = np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
            chosen[keys.filled[there]] = elements[(keys.firsts + at)[there]]
            present[keys.filled] = there
            columns[column] = values.take(numbers(chosen, present))
        return columns
