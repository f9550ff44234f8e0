"""Attributes of OTLP protobuf into flat JSON objects, many at a time, by overwriting the bytes around keys and values.

    4a 1a 0a 0a http.route 12 0c 0a 0a /cart/{id} 4a 0a 0a 01 n 12 05 18 07
     .  .  { "  http.route  "  :  .  " /cart/{id}  "  .  ,  "  n  "  :  7 .  .  }

What stands around a key and its value is at least as long as what JSON has there. Where the text of a value is longer
than its bytes (a text with escapes, a long number), the text is put in their place first. A list counts as read only
when each attribute in it has a key that needs no escape and is there once, and a plain value: text, integer, boolean,
or a number that a double holds; any other is left to the exact reader.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa

from loglens.ingest.formats.otlp_attributes import FOLD, LENGTH_SHIFT, MIX, MIX_FIRST, MIX_LAST, KeyLists
from loglens.ingest.formats.otlp_digits import Bytes, Flags, Places, Words
from loglens.ingest.formats.otlp_wire_writer import BLANK, Digits, FlatWriter

PADDING = 32
KEY, VALUE, TEXT, BOOL, INT, DOUBLE = 0x0A, 0x12, 0x0A, 0x10, 0x18, 0x21
MAX_VARINT_BYTES = 10
# The tag of an attribute with its length; there are places to overwrite for no more.
MAX_HEAD_BYTES = 4
EXACT_DIGITS = 17
# What is kept of a word when only its first bytes count, by how many do.
KEPT = np.array([(1 << 8 * size) - 1 for size in range(8)] + [(1 << 64) - 1], np.uint64)


@dataclass(frozen=True)
class Attributes:
    """The attributes of some records in a content: where the tag, the message and the end of each stand.

    They are in order; `counts` is how many each record has.
    """

    tags: Places
    starts: Places
    ends: Places
    counts: Places


class WireFlattener:
    """Flattens attributes and remembers which keys it has seen."""

    def __init__(self) -> None:
        self.seen = KeyLists()
        self._expects_dirty = False

    def flatten(self, content: bytes, attributes: Attributes, good: Flags) -> pa.StringArray:
        """Return the flat form of the attributes of each record; takes the flag of those that cannot be read."""
        batch = Batch(content, attributes, good)
        if not len(attributes.tags):
            return pa.nulls(len(good), pa.string())
        batch.find_parts()
        batch.judge_keys(self.seen)
        # Mostly no text needs an escape, and one look at what was written proves it.
        if not self._expects_dirty:
            written = batch.write(np.zeros(len(batch.keys), np.bool_))
            if batch.is_clean(written):
                return written
        dirty = batch.find_dirty()
        self._expects_dirty = bool(dirty.any())
        return batch.write(dirty)


def read_lengths(data: Bytes, places: Places) -> tuple[Places, Places, Flags]:
    """Return where the contents begin whose length stands at some places, how long they are, and which are too long."""
    sizes = data[places].astype(np.int64)
    begins = places + 1
    longer = np.flatnonzero(sizes >= 128)
    if not len(longer):
        return begins, sizes, np.zeros(len(places), np.bool_)
    too_long = np.zeros(len(places), np.bool_)
    sizes[longer] &= 127
    for shift in (7, 14, 21):
        bytes_ = data[begins[longer]].astype(np.int64)
        sizes[longer] |= (bytes_ & 127) << shift
        begins[longer] += 1
        longer = longer[bytes_ >= 128]
        if not len(longer):
            break
    too_long[longer] = True
    return begins, sizes, too_long


class Batch:
    """The attributes of some records: where the parts of each stand, and which records can be read."""

    def __init__(self, content: bytes, attributes: Attributes, good: Flags) -> None:
        self.content = content
        self.data = np.frombuffer(content, np.uint8)
        self.words: Words = np.ndarray((len(content) - 7,), np.uint64, content, strides=(1,))
        self.tags, self.starts, self.ends = attributes.tags, attributes.starts, attributes.ends
        self.counts = attributes.counts
        self.good = good
        self.owners = np.repeat(np.arange(len(good)), attributes.counts)

    def _spoil(self, attributes: Flags) -> None:
        """Leave the records that hold some attributes to the exact reader."""
        self.good[self.owners[attributes]] = False

    def find_parts(self) -> None:
        """Find keys, values and kinds; what is wrong with an attribute never leads out of the content."""
        data, starts, ends = self.data, self.starts, self.ends
        last = len(data) - PADDING
        key_sizes = data[starts + 1].astype(np.int64)
        self.keys = starts + 2
        self.key_ends = np.minimum(self.keys + key_sizes, last)
        values, sizes, wrong = read_lengths(data, self.key_ends + 1)
        self.values = np.minimum(values, last)
        wrong |= (starts - self.tags > MAX_HEAD_BYTES) | (data[starts] != KEY) | (key_sizes >= 128) | (key_sizes == 0)
        wrong |= data[self.key_ends] != VALUE
        wrong |= (values + sizes != ends) | (sizes < 2)
        kinds = data[self.values]
        self.is_text, self.is_int = kinds == TEXT, kinds == INT
        self.is_bool, self.is_double = kinds == BOOL, kinds == DOUBLE
        self.texts = ends.copy()
        (texts,) = np.nonzero(self.is_text)
        begins, sizes, odd = read_lengths(data, self.values[texts] + 1)
        self.texts[texts] = np.minimum(begins, ends[texts])
        wrong[texts] |= odd | (begins + sizes != ends[texts])
        wrong |= ~(self.is_text | self.is_int | self.is_bool | self.is_double)
        wrong |= self.is_bool & ((ends - self.values != 2) | (data[self.values + 1] > 1))
        wrong |= self.is_double & (ends - self.values != 9)
        wrong |= self.is_int & ((ends - self.values > MAX_VARINT_BYTES + 1) | (data[ends - 1] >= 128))
        self._spoil(wrong)
        self._keep()

    def _keep(self) -> None:
        """Forget the attributes of records that are left to the exact reader."""
        kept = self.good[self.owners]
        if kept.all():
            return
        for name in (
            "tags", "starts", "ends", "keys", "key_ends", "values", "texts", "owners",
            "is_text", "is_int", "is_bool", "is_double",
        ):  # fmt: skip
            setattr(self, name, getattr(self, name)[kept])
        self.counts = np.where(self.good, self.counts, 0)

    def judge_keys(self, seen: KeyLists) -> None:
        """Leave records that may have a key twice."""
        (filled,) = np.nonzero(self.counts)
        if not len(filled):
            return
        sizes = self.key_ends - self.keys
        firsts_of_key = self.words[self.keys] & KEPT[np.minimum(sizes, 8)]
        lasts_of_key = self.words[self.keys + np.maximum(sizes - 8, 0)] & KEPT[np.minimum(sizes, 8)]
        hashes = (firsts_of_key * MIX_FIRST) ^ (lasts_of_key * MIX_LAST) ^ (sizes.astype(np.uint64) << LENGTH_SHIFT)
        hashes = (hashes ^ (hashes >> FOLD)) * MIX
        firsts = (np.cumsum(self.counts) - self.counts)[filled]
        marks = np.add.reduceat(hashes, firsts)
        for mark in seen.fresh(marks):
            place = int(np.flatnonzero(marks == np.uint64(mark))[0])
            some = slice(int(firsts[place]), int(firsts[place] + self.counts[filled[place]]))
            bounds = zip(self.keys[some].tolist(), self.key_ends[some].tolist(), strict=True)
            seen.add(mark, hashes[some], [self.content[a:b].decode(errors="replace") for a, b in bounds])
        doubled = seen.doubled(marks)
        if doubled is not None:
            self.good[filled[doubled]] = False
            self._keep()

    def find_dirty(self) -> Flags:
        """Say which texts need escapes or are not ASCII; leave records with such keys."""
        if not len(self.keys):
            return np.zeros(0, np.bool_)
        data = self.data
        odd = ((data < 0x20) | (data == ord('"')) | (data == 0x5C) | (data >= 0x80)).view(np.uint8)
        edges = np.stack([self.keys, self.key_ends, self.texts, self.ends], axis=1).ravel()
        found = np.maximum.reduceat(odd, edges).reshape(-1, 4).astype(np.bool_)
        dirty: Flags = found[:, 2] & (self.texts < self.ends)
        if found[:, 0].any():
            self._spoil(found[:, 0])
            kept = self.good[self.owners]
            self._keep()
            dirty = dirty[kept]
        return dirty

    def write(self, dirty: Flags) -> pa.StringArray:
        """Write the flat form; `dirty` says which texts need escapes."""
        self.integers = self._integers()
        self.digits = Digits.of(self.integers)
        (ints,) = np.nonzero(self.is_int)
        self.is_patched = dirty | self.is_double | (self.is_bool & (self.data[self.values + 1] == 0))
        self.is_patched[ints] |= self.digits.sizes > (self.ends - self.key_ends)[ints]
        self.ranks = np.cumsum(self.is_int) - 1
        (places,) = np.nonzero(self.is_patched)
        texts = [self._patch(place) for place in places.tolist()]
        unread = [place for place, text in zip(places.tolist(), texts, strict=True) if text is None]
        self.good[self.owners[unread]] = False
        return FlatWriter(self, places, [text or b"" for text in texts]).run()

    def is_clean(self, written: pa.StringArray) -> bool:
        """Say whether no text in what was written needs an escape or is not ASCII."""
        _, offsets, content = written.buffers()
        text = memoryview(content)[: np.frombuffer(offsets, np.int32)[len(written)]].tobytes()
        quotes = 2 * len(self.keys) + 2 * int(self.is_text.sum())
        if not text.isascii() or b"\\" in text or text.count(b'"') != quotes:
            return False
        return not len(text) or int(np.frombuffer(text, np.uint8).min()) >= BLANK

    def _patch(self, place: int) -> bytes | None:
        """Return the text of a value with the end of its key, None for one that is left to the exact reader."""
        start, end = int(self.texts[place]), int(self.ends[place])
        if self.is_text[place]:
            try:
                return b'":' + msgspec.json.encode(self.content[start:end].decode())
            except UnicodeDecodeError:
                return None
        if self.is_double[place]:
            number = repr(float(np.frombuffer(self.content, "<f8", 1, int(self.values[place]) + 1)[0]))
            is_exact = "n" not in number and "e" not in number and sum(map(str.isdigit, number)) <= EXACT_DIGITS
            return f'":{number}'.encode() if is_exact else None
        if self.is_bool[place]:
            return b'":false'
        return f'":{self.integers[self.ranks[place]]}'.encode()

    def _integers(self) -> Places:
        """Return the values of all integers."""
        values, ends = self.values[self.is_int] + 1, self.ends[self.is_int]
        found = np.zeros(len(values), np.uint64)
        rows = np.arange(len(values))
        wrong = np.zeros(len(values), np.bool_)
        for step in range(MAX_VARINT_BYTES):
            bytes_ = self.data[values[rows] + step].astype(np.uint64)
            found[rows] |= (bytes_ & np.uint64(127)) << np.uint64(7 * step)
            goes_on = bytes_ >= 128
            wrong[rows[~goes_on]] = values[rows[~goes_on]] + step + 1 != ends[rows[~goes_on]]
            rows = rows[goes_on]
            if not len(rows):
                break
        wrong[rows] = True
        if wrong.any():
            self.good[self.owners[self.is_int][wrong]] = False
        return found.view(np.int64)
