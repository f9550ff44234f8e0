"""Attribute lists into flat JSON objects, many at a time, by taking out what the flat form has.

    [{"key":"http.route","value":{"stringValue":"/a"}},{"key":"n","value":{"intValue":"5"}}]
          {"http.route":                      "/a"          ,"n":                   5  }

In valid JSON `{"` followed by a letter stands outside strings, always: inside a string the quote would carry a
backslash, and behind the end of a string no letter may follow. So every such place can be found and judged without
parsing. A list counts as read only when each of its bytes is part of one of the four plain shapes (string, int,
bool, double), which the number of quotes proves; any other list is left to the exact reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from loglens.ingest.formats.otlp_columns import cut_out
from loglens.ingest.formats.otlp_digits import Flags, Places, Words, are_decimals, are_integers
from loglens.ingest.formats.otlp_key_lists import MAX_KEY_BYTES, KeyLists, Keys, hash_keys

OPEN, LIST, LIST_END, CLOSE, QUOTE, BACKSLASH, COLON, COMMA, NEWLINE = b'{[]}"\\:,\n'


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


KEY = _word(b'{"key":"')
STRING, INT, BOOL, DOUBLE = (_word(text) for text in (b'{"string', b'{"intVal', b'{"boolVa', b'{"double'))
STRING_REST, INT_REST, BOOL_REST = (_word(text) for text in (b'Value":"', b'tValue":', b'lValue":'))
DOUBLE_REST, SEVEN_BYTES = _word(b'Value":\0'), _word(b"\xff" * 7)
BEFORE_VALUE, UP_TO_VALUE = _word(b'","value'), _word(b'"value":')
BRACE_QUOTE, TWO_BYTES = _word(b'{"'), _word(b"\xff" * 2)
NEGATIVE_ZERO = np.uint16(int.from_bytes(b"-0", "little"))
CLOSED, CLOSED_LAST, THREE_BYTES = _word(b"}},"), _word(b"}}]"), _word(b"\xff" * 3)
ESCAPED = np.isin(np.arange(256), list(b'"/bfnrt'))
PADDING = 32


@dataclass(frozen=True)
class FlatAttributes:
    """What became of some attribute lists.

    `texts` has a JSON object for each list that could be read, null for none and for empty ones; `whole` says which
    could be read; `sizes` are the bytes of the lists as they came. Where `plain`, the texts are what the engine would
    write too, and `columns` has what they say of the columns that were asked for.
    """

    texts: pa.StringArray
    whole: Flags
    plain: Flags
    columns: dict[str, pa.StringArray]
    sizes: npt.NDArray[np.int64]


class Flattener:
    """Flattens attribute lists and remembers which keys it has seen; `columns` has the names of each column."""

    def __init__(self, columns: Mapping[str, Sequence[str]] | None = None) -> None:
        self.seen = KeyLists(columns or {})

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
        self.plain: Flags = np.ones(lists, np.bool_)

    def run(self, seen: KeyLists) -> FlatAttributes:
        sizes = self.ends - self.starts
        has_slashes = self.blob.find(b"\\") >= 0
        slashes = np.flatnonzero(self.bytes == BACKSLASH) if has_slashes else np.zeros(0, np.intp)
        escaped_quotes = self._judge_escapes(slashes)
        self._find_pairs()
        self._judge_escaped_keys(slashes)
        self._judge_lists(sizes)
        self._judge_keys(seen)
        self._judge_values(escaped_quotes)
        self._keep()
        codes = self.codes[self.listed.filled]
        columns = seen.columns(codes, self.listed, self._plain_values(), np.arange(len(self.keys)))
        return FlatAttributes(self._written(sizes), self.whole, self.plain, columns, sizes)

    def _spoil(self, places: Places) -> None:
        """Leave the lists that contain these places to the exact reader."""
        if len(places):
            self.whole[np.searchsorted(self.ends, places)] = False

    def _distrust(self, places: Places) -> None:
        """Note that the engine would write the lists that contain these places otherwise."""
        if len(places):
            self.plain[np.searchsorted(self.ends, places)] = False

    def _judge_escapes(self, slashes: Places) -> Places | None:
        """Leave lists with other than one-letter escapes; return the places of escaped quotes, None without any."""
        if not len(slashes):
            return None
        escaped = self.bytes[slashes + 1]
        self._spoil(slashes[~ESCAPED[escaped]])
        self._distrust(slashes)
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

    def _judge_escaped_keys(self, slashes: Places) -> None:
        """Leave lists with a key that may be written in another way: it may be there twice."""
        if len(slashes) and len(self.keys):
            before = np.searchsorted(self.keys, slashes) - 1
            self._spoil(slashes[(before >= 0) & (slashes < self.values[before])])

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
        begins, behinds = self.keys + 8, self.values - 10
        sizes = behinds - begins
        hashes = hash_keys(self.words, begins, sizes, self.words[begins], self.words[behinds - 8])
        self.listed = Keys.of(hashes, self.pairs)
        self._spoil(self.keys[sizes > MAX_KEY_BYTES])

        def names(first: int, last: int) -> list[str]:
            bounds = zip(begins[first:last].tolist(), behinds[first:last].tolist(), strict=True)
            return [bytes(self.blob[begin:behind]).decode(errors="replace") for begin, behind in bounds]

        codes = seen.look_up(self.listed, names)
        self.codes = np.zeros(len(self.pairs), np.intp)
        self.codes[self.listed.filled] = codes
        doubled = seen.doubled(codes)
        if doubled is not None:
            self.whole[self.listed.filled[doubled]] = False

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
        begins = ints + 12 + quoted
        self._spoil(ints[~(proper & are_integers(data, words, begins, ends))])
        self._distrust(ints[words[begins].astype(np.uint16) == NEGATIVE_ZERO])
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
        self._distrust(doubles)

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

    def _keep(self) -> None:
        """Forget the attributes of lists that are left to the exact reader, and find the values of the others."""
        if not self.whole.all():
            kept = np.repeat(self.whole, self.pairs)
            self.pairs = np.where(self.whole, self.pairs, 0)
            self.listed = Keys.of(self.listed.hashes[kept], self.pairs)
            for name in ("keys", "values", "closes", "kinds", "quoted", "is_string"):
                setattr(self, name, getattr(self, name)[kept])
        before = np.where(self.is_string, 15, 12) + self.quoted
        before[self.kinds == BOOL] = 13
        before[self.kinds == DOUBLE] = 15
        self.begins, self.behinds = self.values + before, self.closes - self.quoted

    def _plain_values(self) -> pa.StringArray:
        """Return the texts of values, without quotes."""
        return cut_out(self.blob, self.begins + self.is_string, self.behinds - self.is_string)

    def _written(self, sizes: npt.NDArray[np.int64]) -> pa.StringArray:
        """Put commas and braces around keys and values, and take them together."""
        data, filled = self.bytes, self.listed.filled
        lasts = self.listed.firsts + self.pairs[filled] - 1
        data[self.keys + 6] = COMMA
        data[self.keys[self.listed.firsts] + 6] = OPEN
        data[self.values - 9] = COLON
        data[self.behinds[lasts]] = CLOSE
        behinds = self.behinds.copy()
        behinds[lasts] += 1
        edges = np.stack([self.keys + 6, self.begins], axis=1), np.stack([self.values - 8, behinds], axis=1)
        parts = cut_out(self.blob, *(edge.ravel() for edge in edges))
        _, offsets, content = parts.buffers()
        ends = np.concatenate([np.zeros(1, np.int64), 2 * np.cumsum(self.pairs)])
        bounds = np.frombuffer(offsets, np.int32)[ends]
        present = np.packbits(self.whole & (sizes > 2), bitorder="little")
        return pa.StringArray.from_buffers(len(sizes), pa.py_buffer(bounds), content, pa.py_buffer(present))
