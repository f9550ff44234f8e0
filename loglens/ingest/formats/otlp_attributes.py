"""Attribute lists into flat JSON objects, many at a time, by blanking out what the flat form does not have.

    [{"key":"http.route","value":{"stringValue":"/a"}},{"key":"n","value":{"intValue":"5"}}]
    {       "http.route"                      : "/a"  ,       "n"                   :  5   }

In valid JSON `{"` followed by a letter stands outside strings, always: inside a string the quote would carry a
backslash, and behind the end of a string no letter may follow. So every such place can be found and judged without
parsing. A list counts as read only when each of its bytes is part of one of the four plain shapes (string, int,
bool, double), which the number of quotes proves; any other list is left to the exact reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loglens.ingest.formats.otlp_digits import Flags, Places, Words, are_decimals, are_integers

OPEN, LIST, LIST_END, CLOSE, QUOTE, BACKSLASH, BLANK, NEWLINE = b'{[]}"\\ \n'


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


KEY = _word(b'{"key":"')
STRING, INT, BOOL, DOUBLE = (_word(text) for text in (b'{"string', b'{"intVal', b'{"boolVa', b'{"double'))
STRING_REST, INT_REST, BOOL_REST = (_word(text) for text in (b'Value":"', b'tValue":', b'lValue":'))
DOUBLE_REST, SEVEN_BYTES = _word(b'Value":\0'), _word(b"\xff" * 7)
BEFORE_VALUE, UP_TO_VALUE = _word(b'","value'), _word(b'"value":')
BRACE_QUOTE, TWO_BYTES = _word(b'{"'), _word(b"\xff" * 2)
CLOSED, CLOSED_LAST, THREE_BYTES = _word(b"}},"), _word(b"}}]"), _word(b"\xff" * 3)
BLANKS, COLON_LAST, QUOTE_LAST = _word(b"        "), _word(b"       :"), _word(b'       "')
TWO_BLANKS = np.uint16(0x2020)
ESCAPED = np.isin(np.arange(256), list(b'"/bfnrt'))
MIX_FIRST, MIX_LAST, MIX = (np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD))
LENGTH_SHIFT, FOLD = np.uint64(40), np.uint64(29)
PADDING = 32


@dataclass(frozen=True)
class FlatAttributes:
    """What became of some attribute lists.

    `texts` has a JSON object with blanks for each list that could be read, null for none and for empty ones; `whole`
    says which could be read; `sizes` are the bytes of the lists as they came.
    """

    texts: pa.StringArray
    whole: Flags
    sizes: npt.NDArray[np.int64]


class KeyLists:
    """The lists of keys that were seen, by a sum of hashes, and whether one may be taken as free of doubles."""

    def __init__(self) -> None:
        self._is_single: dict[int, bool] = {}
        self.names: set[str] = set()

    def add(self, mark: int, hashes: npt.NDArray[np.uint64], names: Sequence[str]) -> None:
        """Judge a list of keys that was not seen before; keys with equal hashes count as double."""
        self._is_single[mark] = len(np.unique(hashes)) == len(hashes)
        self.names.update(names)

    def fresh(self, marks: npt.NDArray[np.uint64]) -> set[int]:
        """Return the marks that were not seen before."""
        return set(marks.tolist()) - self._is_single.keys()

    def doubled(self, marks: npt.NDArray[np.uint64]) -> Flags | None:
        """Say which lists may have a key twice, None for no list at all."""
        if all(self._is_single.values()):
            return None
        return np.fromiter((not self._is_single[mark] for mark in marks.tolist()), np.bool_, len(marks))


class Flattener:
    """Flattens attribute lists and remembers which keys it has seen."""

    def __init__(self) -> None:
        self.seen = KeyLists()

    def flatten(self, lists: Sequence[msgspec.Raw]) -> FlatAttributes:
        """Flatten the attribute lists of some records; an empty text stands for no list.

        Raises ValueError for lists that contain line breaks.
        """
        margin = bytes(PADDING)
        blob = bytearray(b"\n".join([margin, *lists, margin]))
        return _Batch(blob, len(lists)).run(self.seen)


class _Batch:
    def __init__(self, blob: bytearray, lists: int) -> None:
        self.blob = blob
        self.bytes = np.frombuffer(blob, np.uint8)
        self.words: Words = np.ndarray((len(blob) - 8,), np.uint64, blob, strides=(1,))
        breaks: Places = np.flatnonzero(self.bytes == NEWLINE)
        if len(breaks) != lists + 1:
            raise ValueError("attribute lists contain line breaks")
        self.starts, self.ends = breaks[:-1] + 1, breaks[1:]
        self.whole: Flags = np.ones(lists, np.bool_)

    def run(self, seen: KeyLists) -> FlatAttributes:
        sizes = self.ends - self.starts
        escaped_quotes = self._judge_escapes()
        self._find_pairs()
        self._judge_lists(sizes)
        self._judge_keys(seen)
        self._judge_values(escaped_quotes)
        self._blank()
        offsets = np.empty(len(self.ends) + 1, np.int32)
        offsets[:-1], offsets[-1] = self.starts, self.ends[-1]
        present = np.packbits(self.whole & (sizes > 2), bitorder="little")
        buffers = [pa.py_buffer(part) for part in (offsets, self.blob, present)]
        return FlatAttributes(pa.StringArray.from_buffers(len(self.ends), *buffers), self.whole, sizes)

    def _spoil(self, places: Places) -> None:
        """Leave the lists that contain these places to the exact reader."""
        if len(places):
            self.whole[np.searchsorted(self.ends, places)] = False

    def _judge_escapes(self) -> Places | None:
        """Leave lists with other than one-letter escapes; return the places of escaped quotes, None without any."""
        if self.blob.find(b"\\") < 0:
            return None
        slashes = np.flatnonzero(self.bytes == BACKSLASH)
        escaped = self.bytes[slashes + 1]
        self._spoil(slashes[~ESCAPED[escaped]])
        quotes: Places = slashes[escaped == QUOTE] + 1
        return quotes

    def _find_pairs(self) -> None:
        """Find the places of keys and of their values, for lists in which they alternate."""
        braces = np.flatnonzero(self.bytes == OPEN)
        words = self.words[braces]
        third = (words >> np.uint64(16)).astype(np.uint8)
        structural = ((words & TWO_BYTES) == BRACE_QUOTE) & (((third | 32) - np.uint8(97)) < 26)
        if not structural.all():
            braces, words = braces[structural], words[structural]
        firsts = np.searchsorted(braces, self.starts)
        counts = np.diff(np.append(firsts, len(braces)))
        is_key = words == KEY
        even = np.ones(len(braces), np.bool_)
        even[1::2] = False
        if (counts & 1).any() or not (is_key == even).all():
            even = (np.arange(len(braces)) - np.repeat(firsts, counts)) & 1 == 0
            self._spoil(braces[even != is_key])
            self.whole &= counts & 1 == 0
        if not self.whole.all():
            kept = np.repeat(self.whole, counts)
            braces, words = braces[kept], words[kept]
        self.pairs = np.where(self.whole, counts >> 1, 0)
        self.keys, self.values, self.kinds = braces[0::2], braces[1::2], words[1::2]

    def _judge_lists(self, sizes: npt.NDArray[np.int64]) -> None:
        """Find where each attribute ends: at `}},` before the next key, or `}}]` at the end of its list."""
        absent = sizes == 0
        proper = (self.bytes[self.starts] == LIST) & (self.bytes[self.ends - 1] == LIST_END)
        self.whole &= absent | (proper & ((self.pairs > 0) | (sizes == 2)))
        filled = self.pairs > 0
        lasts = np.cumsum(self.pairs)[filled] - 1
        firsts = lasts - self.pairs[filled] + 1
        self.closes = np.empty(len(self.keys), np.intp)
        self.closes[:-1] = self.keys[1:] - 3
        self.closes[lasts] = self.ends[filled] - 3
        expected = np.full(len(self.keys), CLOSED)
        expected[lasts] = CLOSED_LAST
        self._spoil(self.keys[(self.words[self.closes] & THREE_BYTES) != expected])
        self._spoil(self.keys[firsts][self.keys[firsts] != self.starts[filled] + 1])

    def _judge_keys(self, seen: KeyLists) -> None:
        """Leave lists that may have a key twice."""
        filled = np.flatnonzero(self.pairs)
        if not len(filled):
            return
        keys, values = self.keys, self.values
        hashes = (self.words[keys + 8] * MIX_FIRST) ^ (self.words[values - 18] * MIX_LAST)
        hashes ^= (values - keys).astype(np.uint64) << LENGTH_SHIFT
        hashes = (hashes ^ (hashes >> FOLD)) * MIX
        firsts = np.cumsum(self.pairs)[filled] - self.pairs[filled]
        marks = np.add.reduceat(hashes, firsts)
        for mark in seen.fresh(marks):
            place = int(np.flatnonzero(marks == np.uint64(mark))[0])
            some = slice(int(firsts[place]), int(firsts[place] + self.pairs[filled[place]]))
            spans = zip(keys[some] + 8, values[some] - 10, strict=True)
            names = [bytes(self.blob[start:end]).decode(errors="replace") for start, end in spans]
            seen.add(mark, hashes[some], names)
        doubled = seen.doubled(marks)
        if doubled is not None:
            self.whole[filled[doubled]] = False

    def _judge_values(self, escaped_quotes: Places | None) -> None:
        data, words, values, closes = self.bytes, self.words, self.values, self.closes
        self._spoil(values[(words[values - 10] != BEFORE_VALUE) | (words[values - 8] != UP_TO_VALUE)])
        self.is_string, self.is_int = self.kinds == STRING, self.kinds == INT
        strings, ints = values[self.is_string], values[self.is_int]
        quotes = np.where(self.is_string, 10, 8)
        self._spoil(strings[words[strings + 8] != STRING_REST])
        quoted = data[ints + 12] == QUOTE
        ends = closes[self.is_int] - quoted
        proper = (words[ints + 4] == INT_REST) & (~quoted | (data[ends] == QUOTE))
        self._spoil(ints[~(proper & are_integers(data, words, ints + 12 + quoted, ends))])
        self.quoted = np.zeros(len(values), np.bool_)
        self.quoted[self.is_int] = quoted
        quotes += 2 * self.quoted
        if len(strings) + len(ints) < len(values):
            self._judge_rarer_values()
        self._judge_quotes(quotes, escaped_quotes)

    def _judge_rarer_values(self) -> None:
        data, words, values = self.bytes, self.words, self.values
        is_bool, is_double = self.kinds == BOOL, self.kinds == DOUBLE
        self._spoil(values[~(self.is_string | self.is_int | is_bool | is_double)])
        bools, doubles = values[is_bool], values[is_double]
        first, sizes = data[bools + 13], self.closes[is_bool] - bools
        proper = (first == ord("t")) & (sizes == 17) | (first == ord("f")) & (sizes == 18)
        self._spoil(bools[~proper | (words[bools + 5] != BOOL_REST)])
        proper = are_decimals(data, doubles + 15, self.closes[is_double])
        self._spoil(doubles[~proper | (words[doubles + 8] & SEVEN_BYTES != DOUBLE_REST)])

    def _judge_quotes(self, amounts: npt.NDArray[np.int64], escaped: Places | None) -> None:
        """Leave lists that have more quotes than their attributes account for: something else stands in them."""
        counted = (self.bytes == QUOTE).view(np.uint8)
        if escaped is not None:
            counted[escaped] = 0
        # No list has fewer than expected, so equal sums prove that each is equal.
        if self.whole.all() and np.count_nonzero(counted) == amounts.sum():
            return
        total = np.concatenate([np.zeros(1, np.int64), np.cumsum(amounts)])
        ends = np.cumsum(self.pairs)
        found = np.add.reduceat(counted, self.starts, dtype=np.int64)
        self.whole &= found == total[ends] - total[ends - self.pairs]

    def _blank(self) -> None:
        """Overwrite everything but keys, colons, commas and plain values."""
        data, words = self.bytes, self.words
        parts: tuple[npt.NDArray[Any], ...] = (self.keys, self.values, self.closes, self.kinds, self.quoted)
        if not self.whole.all():
            kept = np.repeat(self.whole, self.pairs)
            parts = tuple(part[kept] for part in parts)
        keys, values, closes, kinds, quoted = parts
        words[keys] = QUOTE_LAST
        words[values - 9] = BLANKS
        words[values - 1] = BLANKS
        shift = np.where(kinds == INT, 4, 7)
        shift[kinds == BOOL] = 5
        words[values + shift] = COLON_LAST
        data[values[quoted] + 12] = BLANK
        data[closes[quoted] - 1] = BLANK
        np.ndarray((len(data) - 2,), np.uint16, self.blob, strides=(1,))[closes] = TWO_BLANKS
        filled = self.whole & (self.ends > self.starts)
        data[self.starts[filled]] = OPEN
        data[self.ends[filled] - 1] = CLOSE
