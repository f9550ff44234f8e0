"""Attribute lists into flat JSON objects, many at a time, by taking out what the flat form does not have.

    [{"key":"http.route","value":{"stringValue":"/a"}},{"key":"n","value":{"intValue":"5"}}]
    {       "http.route"                      : "/a"  ,       "n"                   :  5   }

A list counts as read only when each of its bytes is part of one of the four plain shapes (string, int, bool, double):
each of their quotes is found at its place, and the number of quotes proves that there are no others. Any other list is
left to the exact reader. `{"` followed by a letter stands outside strings, always: inside a string the quote would
carry a backslash, and behind the end of a string no letter may follow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loglens.ingest.formats.otlp_digits import Flags, Places, Words, are_decimals, are_integers
from loglens.ingest.formats.otlp_named import NamedValues, Values
from loglens.ingest.formats.otlp_shapes import (
    BEFORE_VALUE,
    BOOL,
    BOOL_REST,
    CLOSED,
    CLOSED_LAST,
    DOUBLE,
    DOUBLE_REST,
    DOUBLES,
    INT,
    INT_REST,
    KEY,
    KEY_LEFT,
    KINDS,
    LEADS,
    QUOTES,
    REMOVED,
    STRING,
    STRING_REST,
    UP_TO_VALUE,
    word,
)
from loglens.ingest.formats.otlp_views import KEPT, no_views, text_views

OPEN, LIST, LIST_END, CLOSE, QUOTE, BACKSLASH = b'{[]}"\\'

MARGIN = b" " * 128
BRACE_QUOTE = word(b'{"')
ESCAPED = np.isin(np.arange(256), list(b'"/bfnrt'))
MIXES = tuple(
    np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD, 0xD6E8FEB86659FD93)
)
LENGTH_SHIFT, FOLD, BYTE = np.uint64(40), np.uint64(29), np.uint64(8)
# Bytes that are looked at around the brace of a value: from the end of its key on, to where a number begins.
BEFORE, AROUND = 18, 48


@dataclass(frozen=True)
class FlatAttributes:
    """What became of some attribute lists.

    `texts` has a JSON object for each list that could be read, null for none and for empty ones; `whole` says which
    could be read; `sizes` are the bytes of the lists as they came; `named` has the columns that attributes fill.
    """

    texts: pa.StringViewArray
    whole: Flags
    sizes: npt.NDArray[np.int64]
    named: dict[str, pa.StringViewArray]


class Braces:
    """The places of `{"` with a letter behind it in a text, and the eight bytes at each."""

    def __init__(self, text: bytes | bytearray) -> None:
        places: Places = np.flatnonzero(np.frombuffer(text, np.uint8) == OPEN)
        words = np.ndarray((len(text) - 7,), np.uint64, text, strides=(1,))[places]
        third = (words >> np.uint64(16)).astype(np.uint8)
        structural = ((words & KEPT[2]) == BRACE_QUOTE) & (((third | 32) - np.uint8(97)) < 26)
        self.places: Places = places if structural.all() else places[structural]
        self.words: npt.NDArray[np.uint64] = words if structural.all() else words[structural]


class Flattener:
    """Flattens attribute lists and remembers which keys it has seen; `columns` are those that attributes fill."""

    def __init__(self, columns: Mapping[str, Sequence[str]] | None = None) -> None:
        self.seen = NamedValues(columns or {})

    def flatten(self, lists: Sequence[msgspec.Raw]) -> FlatAttributes:
        """Flatten the attribute lists of some records, each valid JSON; an empty text stands for no list."""
        blob = bytearray().join([MARGIN, *lists, MARGIN])
        sizes = np.fromiter((memoryview(text).nbytes for text in lists), np.int64, len(lists))
        ends = np.cumsum(sizes) + len(MARGIN)
        return self.flatten_within(blob, ends - sizes, ends, Braces(blob), quotes_beside=0)

    def flatten_within(
        self, blob: bytearray, starts: Places, ends: Places, braces: Braces, quotes_beside: int
    ) -> FlatAttributes:
        """Flatten the lists that stand between `starts` and `ends` of a text, which is used up by that.

        The text has a MARGIN on both sides and holds no zeros; `quotes_beside` are those outside of the lists.
        """
        return _Batch(blob, starts, ends, braces).run(self.seen, quotes_beside)


class _Batch:
    def __init__(self, blob: bytearray, starts: Places, ends: Places, braces: Braces) -> None:
        self.blob = blob
        self.bytes = np.frombuffer(blob, np.uint8)
        self.words: Words = np.ndarray((len(blob) - 7,), np.uint64, blob, strides=(1,))
        self.starts, self.ends, self.sizes = starts, ends, ends - starts
        self.whole: Flags = np.ones(len(starts), np.bool_)
        self.slashes = self._judge_escapes()
        self._find_pairs(braces)

    def run(self, seen: NamedValues, quotes_beside: int) -> FlatAttributes:
        """Judge all lists and flatten those that are whole."""
        self._judge_lists()
        if not len(self.keys):
            none = no_views(len(self.starts))
            return FlatAttributes(none, self.whole, self.sizes, dict.fromkeys(seen.columns, none))
        self.context = self._records(AROUND, self.values - BEFORE)
        marks = self._judge_keys(seen)
        self._judge_values()
        self._judge_quotes(quotes_beside)
        lists = np.flatnonzero(self.pairs)
        kept = self.whole[lists]
        firsts = (np.cumsum(self.pairs) - self.pairs)[lists[kept]]
        ends = self.closes - (self.kinds < 2)
        values = Values(self.blob, self.values + LEADS[self.kinds], ends, self.slashes)
        named = seen.columns_of(values, lists[kept], firsts, marks[kept], len(self.starts))
        return FlatAttributes(self._compacted(), self.whole, self.sizes, named)

    def _records(self, size: int, places: Places) -> npt.NDArray[np.void]:
        """Copy that many bytes from each place."""
        every = np.ndarray((len(self.blob) - size + 1,), f"V{size}", self.blob, strides=(1,))
        return every[places]

    def _beside(self, shift: int) -> Words:
        """Return the eight bytes that many bytes from the brace of each value."""
        return np.ndarray((len(self.values),), np.uint64, self.context, shift + BEFORE, (AROUND,))

    def _spoil(self, places: Places) -> None:
        """Leave the lists that contain these places to the exact reader."""
        found = np.searchsorted(self.ends, places, "right")
        places, found = places[found < len(self.ends)], found[found < len(self.ends)]
        self.whole[found[self.starts[found] <= places]] = False

    def _judge_escapes(self) -> Places:
        """Leave lists with other than one-letter escapes; return the places of backslashes."""
        if self.blob.find(b"\\") < 0:
            return np.empty(0, np.intp)
        slashes: Places = np.flatnonzero(self.bytes == BACKSLASH)
        self._spoil(slashes[~ESCAPED[self.bytes[slashes + 1]]])
        return slashes

    def _find_pairs(self, found: Braces) -> None:
        """Find the places of keys and of their values, for lists in which they alternate."""
        braces, words = found.places, found.words
        firsts, lasts = np.searchsorted(braces, self.starts), np.searchsorted(braces, self.ends)
        counts = lasts - firsts
        if counts.sum() < len(braces):
            edges = np.zeros(len(braces) + 1, np.int8)
            edges[firsts[counts > 0]] = 1
            edges[lasts[counts > 0]] -= 1
            inside = np.cumsum(edges[:-1], dtype=np.int8).view(np.bool_)
            braces, words = braces[inside], words[inside]
            firsts = np.cumsum(counts) - counts
        even = np.ones(len(braces), np.bool_)
        even[1::2] = False
        if (counts & 1).any() or not ((words == KEY) == even).all():
            even = (np.arange(len(braces)) - np.repeat(firsts, counts)) & 1 == 0
            self._spoil(braces[even != (words == KEY)])
            self.whole &= counts & 1 == 0
            kept = np.repeat(self.whole, counts)
            braces, words = braces[kept], words[kept]
        self.pairs = np.where(self.whole, counts >> 1, 0)
        self.keys, self.values, self.shapes = braces[0::2], braces[1::2], words[1::2]

    def _judge_lists(self) -> None:
        """Find where each attribute ends: at `}},` before the next key, or `}}]` at the end of its list."""
        proper = (self.bytes[self.starts] == LIST) & (self.bytes[self.ends - 1] == LIST_END)
        self.whole &= (self.sizes == 0) | (proper & ((self.pairs > 0) | (self.sizes == 2)))
        filled = self.pairs > 0
        lasts = np.cumsum(self.pairs)[filled] - 1
        firsts = lasts - self.pairs[filled] + 1
        self.closes = np.empty(len(self.keys), np.intp)
        self.closes[:-1] = self.keys[1:] - 3
        self.closes[lasts] = self.ends[filled] - 3
        expected = np.full(len(self.keys), CLOSED)
        expected[lasts] = CLOSED_LAST
        self.closing = self.words[self.closes - 1]
        self._spoil(self.keys[(self.closing >> BYTE) & KEPT[3] != expected])
        self._spoil(self.keys[firsts][self.keys[firsts] != self.starts[filled] + 1])

    def _judge_keys(self, seen: NamedValues) -> Words:
        """Leave lists that may have a key twice; return a mark for the keys of each list that has any."""
        lists = np.flatnonzero(self.pairs)
        firsts, pairs = (np.cumsum(self.pairs) - self.pairs)[lists], self.pairs[lists]
        sizes = self.values - self.keys - BEFORE
        self._spoil(self.keys[sizes < 0])
        hashes = self._hash_keys(sizes)
        place = (np.arange(len(hashes)) - np.repeat(firsts, pairs)).astype(np.uint64)
        marks = np.add.reduceat(hashes * (place * MIXES[1] + MIXES[0]), firsts)
        for mark in seen.fresh(marks):
            at = int(np.flatnonzero(marks == np.uint64(mark))[0])
            some = slice(int(firsts[at]), int(firsts[at] + pairs[at]))
            spans = zip(self.keys[some] + 8, self.values[some] - 10, strict=True)
            names = [bytes(self.blob[start:end]).decode(errors="replace") for start, end in spans]
            seen.add(mark, hashes[some], names)
        doubled = seen.doubled(marks)
        if doubled is not None:
            self.whole[lists[doubled]] = False
        return marks

    def _hash_keys(self, sizes: Places) -> Words:
        """Hash the length of each key, its first 24 bytes and its last eight."""
        begins = self._records(24, self.keys + 8).view(np.uint64).reshape(-1, 3)
        hashes = self._beside(-18) * MIXES[3]
        for column in range(3):
            hashes ^= (begins[:, column] & KEPT[np.clip(sizes - 8 * column, 0, 8)]) * MIXES[column]
        hashes ^= sizes.astype(np.uint64) << LENGTH_SHIFT
        return (hashes ^ (hashes >> FOLD)) * MIXES[2]

    def _judge_values(self) -> None:
        """Say of which kind each value is, and leave lists with values that are none of them or not well written."""
        values, closes = self.values, self.closes
        sizes = closes - values
        is_string, is_int = self.shapes == STRING, self.shapes == INT
        quoted = is_int & (np.ndarray((len(values),), np.uint8, self.context, BEFORE + 12, (AROUND,)) == QUOTE)
        self.kinds = np.where(is_string, 0, 2 - quoted)
        ends_quoted = ((self.closing & KEPT[1]) == QUOTE) & (sizes > LEADS[self.kinds])
        proper = (self._beside(-10) == BEFORE_VALUE) & (self._beside(-8) == UP_TO_VALUE)
        proper &= ends_quoted | ~(is_string | quoted)
        proper &= ~is_string | (self._beside(8) == STRING_REST)
        proper &= ~is_int | (self._beside(4) == INT_REST)
        ints = np.flatnonzero(is_int)
        starts, ends = values[ints] + LEADS[self.kinds[ints]], closes[ints] - quoted[ints]
        proper[ints] &= are_integers(self.bytes, self.words, starts, ends)
        rarer = np.flatnonzero(~(is_string | is_int))
        if len(rarer):
            proper[rarer] &= self._judge_rarer(rarer, sizes)
        self._spoil(values[~proper])

    def _judge_rarer(self, rarer: Places, sizes: Places) -> Flags:
        is_bool = self.shapes[rarer] == BOOL
        self.kinds[rarer] = np.where(is_bool, 3, 4)
        content = self._beside(13)[rarer]
        proper: Flags = (content & KEPT[4] == word(b"true")) & (sizes[rarer] == 17)
        proper |= (content & KEPT[5] == word(b"false")) & (sizes[rarer] == 18)
        proper &= is_bool & (self._beside(5)[rarer] == BOOL_REST)
        is_double = (self.shapes[rarer] == DOUBLE) & (self._beside(8)[rarer] & KEPT[7] == DOUBLE_REST)
        doubles = rarer[is_double]
        proper[is_double] = are_decimals(self.bytes, self.values[doubles] + DOUBLES.lead, self.closes[doubles])
        return proper

    def _judge_quotes(self, beside: int) -> None:
        """Leave lists that have more quotes than their attributes account for: something else stands in them."""
        counted = (self.bytes == QUOTE).view(np.uint8)
        counted[self.slashes + 1] = 0
        amounts = QUOTES[self.kinds]
        # No list has fewer than expected, so equal sums prove that each is equal.
        if self.whole.all() and np.count_nonzero(counted) == amounts.sum() + beside:
            return
        found = np.add.reduceat(counted, np.stack([self.starts, self.ends], axis=1).ravel(), dtype=np.int64)[::2]
        self.whole &= np.where(self.sizes > 0, found, 0) == self._sums(amounts)[0]

    def _sums(self, amounts: Places) -> tuple[Places, Places]:
        """Sum up an amount of each pair: for each list, and for all lists before it."""
        running = np.concatenate([np.zeros(1, np.int64), np.cumsum(amounts)])
        ends = np.cumsum(self.pairs)
        before = running[ends - self.pairs]
        return running[ends] - before, before

    def _compacted(self) -> pa.StringViewArray:
        """Overwrite everything but keys, colons, commas and plain values with zeros, and take those out."""
        kept = np.repeat(self.whole, self.pairs)
        keys, values, closes, kinds = (part[kept] for part in (self.keys, self.values, self.closes, self.kinds))
        self.words[keys] = KEY_LEFT
        for code, kind in enumerate(KINDS):
            some = kinds == code
            self._overwrite(values[some] - 9, kind.flat)
            self._overwrite(closes[some] + 2 - kind.flat_end.nbytes, kind.flat_end)
        filled = self.whole & (self.sizes > 2)
        self.bytes[self.starts[filled]] = OPEN
        self.bytes[self.ends[filled] - 1] = CLOSE
        removed, before = self._sums(np.where(kept, REMOVED[self.kinds], 0))
        return text_views(self.blob.translate(None, b"\0"), self.starts - before, self.sizes - removed, filled)

    def _overwrite(self, places: Places, text: np.void) -> None:
        every = np.ndarray((len(self.blob) - text.nbytes + 1,), text.dtype, self.blob, strides=(1,))
        every[places] = text
