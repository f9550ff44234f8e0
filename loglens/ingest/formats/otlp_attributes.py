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
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

OPEN, CLOSE, LIST, LIST_END, QUOTE, BACKSLASH, BLANK, MINUS, ZERO, NEWLINE = b'{}[]"\\ -0\n'


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text, "little"))


KEY = _word(b'{"key":"')
VALUE = _word(b',"value"')
STRING, INT, BOOL, DOUBLE = (_word(text) for text in (b'{"string', b'{"intVal', b'{"boolVa', b'{"double'))
STRING_REST, INT_REST, BOOL_REST, DOUBLE_REST = (
    _word(text) for text in (b'Value":"', b'tValue":', b'lValue":', b'Value":\0')
)
BLANKS = _word(b"        ")
COLON_LAST = _word(b"       :")
QUOTE_LAST = _word(b'       "')
SEVEN_BYTES = np.uint64((1 << 56) - 1)
ZEROS, SIXES, HIGH_HALVES, THREES = (np.uint64(0x0101010101010101 * byte) for byte in (0x30, 0x06, 0xF0, 0x33))
ESCAPED = np.isin(np.arange(256), list(b'"/bfnrt'))
PLAIN_NUMBER_BYTES = 17
PADDING = 32


@dataclass
class FlatAttributes:
    """What became of some attribute lists.

    `texts` has a JSON object with blanks for each list that could be read, null for none and for empty ones; `whole`
    says which could be read; `sizes` are the bytes of the lists as they came; `names` are keys not seen before.
    """

    texts: pa.StringArray
    whole: Flags
    sizes: npt.NDArray[np.int64]
    names: list[str]


class Flattener:
    """Flattens attribute lists and remembers which keys it has seen."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def flatten(self, lists: Sequence[msgspec.Raw]) -> FlatAttributes:
        """Flatten the attribute lists of some records; an empty text stands for no list."""
        blob = bytearray(PADDING)
        blob += b"\n".join(lists)
        blob += b"\n" + bytes(PADDING)
        return _Batch(blob, len(lists)).run(self._seen)


class _Batch:
    def __init__(self, blob: bytearray, lists: int) -> None:
        self.blob = blob
        self.bytes: Bytes = np.frombuffer(blob, np.uint8)
        self.words = np.ndarray(shape=(len(blob) - 8,), dtype=np.uint64, buffer=blob, strides=(1,))
        self.ends: Places = np.flatnonzero(self.bytes == NEWLINE)
        if len(self.ends) != lists:
            raise ValueError("attribute lists hold line breaks")
        self.starts: Places = np.concatenate([np.full(1, PADDING, np.intp), self.ends[:-1] + 1])
        self.whole: Flags = np.ones(lists, np.bool_)

    def run(self, seen: set[int]) -> FlatAttributes:
        sizes = self.ends - self.starts
        escapes = self._judge_escapes()
        braces = self._structural_braces()
        keys, values = self._pairs(braces)
        names = self._judge_keys(keys, values, seen)
        self._judge_values(keys, values, escapes)
        self._blank(keys, values)
        offsets = np.empty(len(self.ends) + 1, np.int32)
        offsets[0] = PADDING
        offsets[1:] = self.ends + 1
        present = np.packbits(self.whole & (sizes > 2), bitorder="little")
        buffers = (pa.py_buffer(part) for part in (offsets, self.blob, present))
        return FlatAttributes(pa.StringArray.from_buffers(len(self.ends), *buffers), self.whole, sizes, names)

    def _spoil(self, places: Places) -> None:
        """Leave the lists that hold these places to the exact reader."""
        self.whole[np.searchsorted(self.ends, places)] = False

    def _judge_escapes(self) -> Places | None:
        """Leave lists with other than one-letter escapes; return the places of escaped quotes, None without any."""
        if self.blob.find(b"\\") < 0:
            return None
        slashes = np.flatnonzero(self.bytes == BACKSLASH)
        escaped = self.bytes[slashes + 1]
        self._spoil(slashes[~ESCAPED[escaped]])
        return slashes[escaped == QUOTE]

    def _structural_braces(self) -> Places:
        braces = np.flatnonzero(self.bytes == OPEN)
        braces = braces[self.bytes[braces + 1] == QUOTE]
        structural: Places = braces[((self.bytes[braces + 2] | 32) - np.uint8(97)) < 26]
        return structural

    def _pairs(self, braces: Places) -> tuple[Places, Places]:
        """Return the places of keys and of their values, for lists in which they alternate."""
        words = self.words[braces]
        is_key = words == KEY
        is_value = (words == STRING) | (words == INT) | (words == BOOL) | (words == DOUBLE)
        strange = ~(is_key | is_value)
        if strange.any():
            self._spoil(braces[strange])
        firsts = np.searchsorted(braces, self.starts)
        counts = np.diff(np.append(firsts, len(braces)))
        keys_before = np.concatenate([np.zeros(1, np.intp), np.cumsum(is_key)])
        keys = keys_before[firsts + counts] - keys_before[firsts]
        even = (np.arange(len(braces)) - np.repeat(firsts, counts)) & 1 == 0
        misplaced = even != is_key
        if misplaced.any():
            self._spoil(braces[misplaced])
        self.whole &= keys * 2 == counts
        if not self.whole.all():
            kept = np.repeat(self.whole, counts)
            braces, is_key = braces[kept], is_key[kept]
        self.pairs = np.where(self.whole, keys, 0)
        return braces[is_key], braces[~is_key]

    def _judge_keys(self, keys: Places, values: Places, seen: set[int]) -> list[str]:
        """Leave lists that have a key twice; return the keys that were never seen before."""
        first, last = self.words[keys + 8], self.words[values - 18]
        length = (values - keys).astype(np.uint64)
        hashes = (first * np.uint64(0x9E3779B97F4A7C15)) ^ (last * np.uint64(0xC2B2AE3D27D4EB4F))
        hashes = (hashes ^ (length << np.uint64(40))) * np.uint64(0xFF51AFD7ED558CCD)
        owner = np.repeat(np.arange(len(self.pairs), dtype=np.uint64), self.pairs)
        marked = np.sort((owner << np.uint64(40)) | (hashes >> np.uint64(24)))
        twice = marked[1:] == marked[:-1]
        if twice.any():
            self.whole[(marked[1:][twice] >> np.uint64(40)).astype(np.intp)] = False
        fresh = set(np.unique(hashes).tolist()) - seen
        seen |= fresh
        names = []
        for key in fresh:
            place = int(np.flatnonzero(hashes == np.uint64(key))[0])
            names.append(bytes(self.blob[keys[place] + 8 : values[place] - 10]).decode(errors="replace"))
        return names

    def _judge_values(self, keys: Places, values: Places, escaped_quotes: Places | None) -> None:
        data, words = self.bytes, self.words
        self._spoil(
            values[(words[values - 9] != VALUE) | (data[values - 1] != ord(":")) | (data[values - 10] != QUOTE)]
        )
        empty = self.starts == self.ends
        plain = (data[self.starts] == LIST) & (data[self.ends - 1] == LIST_END)
        bare = (self.pairs == 0) & (self.ends - self.starts != 2)
        self.whole &= empty | (plain & ~bare)
        self._find_closes(keys)
        kinds = words[values]
        self.strings, self.ints = values[kinds == STRING], values[kinds == INT]
        self.bools, self.doubles = values[kinds == BOOL], values[kinds == DOUBLE]
        quotes = np.where(kinds == STRING, 10, 8)
        self._judge_strings()
        self._judge_ints(kinds, quotes)
        self._judge_bools(kinds)
        self._judge_doubles(kinds)
        self._judge_quotes(self._per_list(quotes), escaped_quotes)

    def _judge_quotes(self, expected: npt.NDArray[np.int64], escaped: Places | None) -> None:
        """Leave lists that have more quotes than their attributes account for: something else stands in them."""
        counted = (self.bytes == QUOTE).view(np.uint8)
        if escaped is not None:
            counted[escaped] = 0
        # No list has fewer than expected, so equal sums prove that each is equal.
        if self.whole.all() and np.count_nonzero(counted) == expected.sum():
            return
        found = np.add.reduceat(counted, self.starts, dtype=np.int64)
        self.whole &= found == expected

    def _per_list(self, amounts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        total = np.concatenate([np.zeros(1, np.int64), np.cumsum(amounts)])
        ends = np.cumsum(self.pairs)
        per_list: npt.NDArray[np.int64] = total[ends] - total[ends - self.pairs]
        return per_list

    def _find_closes(self, keys: Places) -> None:
        """Find where each attribute ends: at `}},` before the next key, or `}}]` at the end of its list."""
        data = self.bytes
        lasts = np.cumsum(self.pairs)[self.pairs > 0] - 1
        closes = np.empty(len(keys), np.intp)
        closes[:-1] = keys[1:] - 3
        closes[lasts] = self.ends[self.pairs > 0] - 3
        wrong = (data[closes] != CLOSE) | (data[closes + 1] != CLOSE)
        between = np.ones(len(keys), np.bool_)
        between[lasts] = False
        wrong |= between & (data[closes + 2] != ord(","))
        firsts = lasts - self.pairs[self.pairs > 0] + 1
        wrong[firsts] |= data[keys[firsts] - 1] != LIST
        self._spoil(keys[wrong])
        self.closes = closes

    def _judge_strings(self) -> None:
        self._spoil(self.strings[self.words[self.strings + 8] != STRING_REST])

    def _judge_ints(self, kinds: npt.NDArray[np.uint64], quotes: npt.NDArray[np.int64]) -> None:
        """Leave ints that are not one to eighteen digits, quoted or not."""
        data, places = self.bytes, self.ints
        is_int = kinds == INT
        proper = self.words[places + 4] == INT_REST
        quoted = data[places + 12] == QUOTE
        quotes[np.flatnonzero(is_int)[quoted]] = 10
        start = places + 12 + quoted
        end = self.closes[is_int] - quoted
        start = start + (data[start] == MINUS)
        size = end - start
        proper &= (size >= 1) & (size <= 18) & ((data[start] != ZERO) | (size == 1))
        proper &= ~quoted | (data[end] == QUOTE)
        for skip in (0, 8, 16):
            left = np.clip(size - skip, 0, 8).astype(np.uint64)
            some = left > 0
            if not some.any():
                break
            proper[some] &= _digits(self.words[start[some] + skip], left[some])
        self._spoil(places[~proper])

    def _judge_bools(self, kinds: npt.NDArray[np.uint64]) -> None:
        size = self.closes[kinds == BOOL] - self.bools
        first = self.bytes[self.bools + 13]
        proper = (first == ord("t")) & (size == 17) | (first == ord("f")) & (size == 18)
        self._spoil(self.bools[~proper | (self.words[self.bools + 5] != BOOL_REST)])

    def _judge_doubles(self, kinds: npt.NDArray[np.uint64]) -> None:
        """Leave doubles with exponents, with more digits than a double has, and those written as text."""
        if not len(self.doubles):
            return
        start = self.doubles + 15
        size = self.closes[kinds == DOUBLE] - start
        columns = np.arange(PLAIN_NUMBER_BYTES)
        letters = self.bytes[start[:, None] + columns]
        inside = columns < size[:, None]
        numeric = ((letters >= ZERO) & (letters <= ord("9"))) | (letters == MINUS) | (letters == ord("."))
        proper = (size <= PLAIN_NUMBER_BYTES) & (numeric | ~inside).all(axis=1)
        proper &= self.words[self.doubles + 8] & SEVEN_BYTES == DOUBLE_REST
        self._spoil(self.doubles[~proper])

    def _blank(self, keys: Places, values: Places) -> None:
        """Overwrite everything but keys, colons, commas and plain values."""
        data, words, closes = self.bytes, self.words, self.closes
        if not self.whole.all():
            kept = np.repeat(self.whole, self.pairs)
            keys, values, closes = keys[kept], values[kept], closes[kept]
        kinds = words[values]
        words[keys] = QUOTE_LAST
        words[values - 9] = BLANKS
        data[values - 1] = BLANK
        for kind, colon in ((STRING, 14), (INT, 11), (BOOL, 12), (DOUBLE, 14)):
            places = values[kinds == kind]
            words[places] = BLANKS
            words[places + (colon - 7)] = COLON_LAST
        is_int = kinds == INT
        quoted = data[values[is_int] + 12] == QUOTE
        data[values[is_int][quoted] + 12] = BLANK
        data[closes[is_int][quoted] - 1] = BLANK
        data[closes] = BLANK
        data[closes + 1] = BLANK
        filled = self.whole & (self.ends > self.starts)
        data[self.starts[filled]] = OPEN
        data[self.ends[filled] - 1] = CLOSE


def _digits(words: npt.NDArray[np.uint64], sizes: npt.NDArray[np.uint64]) -> Flags:
    """Say for each word whether its first bytes, as many as its size (1 to 8) says, are decimal digits."""
    bits = sizes * np.uint64(8)
    fill = np.where(sizes < 8, ZEROS >> (bits & np.uint64(63)), np.uint64(0))
    filled = (words << (np.uint64(64) - bits)) | fill
    carried = ((filled + SIXES) & HIGH_HALVES) >> np.uint64(4)
    digits: Flags = ((filled & HIGH_HALVES) | carried) == THREES
    return digits
