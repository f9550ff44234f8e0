"""Attributes of OTLP protobuf into flat JSON objects, many at a time, by taking keys and values out of the bytes.

    4a 1a 0a 0a http.route 12 0c 0a 0a /cart/{id} 4a 0a 0a 01 n 12 05 18 07
           {  " http.route  "  :     " /cart/{id}  "        ,  " n  "  :  7 }

What stands around a key and a text is as long as what JSON has there. A list counts as read only when each attribute in
it has a key that needs no escape and is there once, and a plain value: text, integer, boolean, or a number that a
double holds; any other is left to the exact reader.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa

from loglens.ingest.formats.otlp_digits import Bytes, Flags, Places, Words
from loglens.ingest.formats.otlp_key_lists import KeyLists, Keys, hash_keys
from loglens.ingest.formats.otlp_wire_writer import FlatWriter

PADDING = 32
KEY, VALUE, TEXT, BOOL, INT, DOUBLE = 0x0A, 0x12, 0x0A, 0x10, 0x18, 0x21
MAX_VARINT_BYTES = 10
EXACT_DIGITS = 17
BLANK = ord(" ")
# What is kept of a word when only its first bytes count, by how many do.
KEPT = np.array([(1 << 8 * size) - 1 for size in range(8)] + [(1 << 64) - 1], np.uint64)


@dataclass(frozen=True)
class Attributes:
    """The attributes of some records in a content: where each begins and ends.

    They are in order; `counts` is how many each record has.
    """

    starts: Places
    ends: Places
    counts: Places


@dataclass(frozen=True)
class Flat:
    """The attributes of some records as JSON objects.

    Where `plain`, the texts are what the engine would write too, and `columns` has what they say of the columns that
    were asked for.
    """

    texts: pa.StringArray
    plain: Flags
    columns: dict[str, pa.StringArray]


class WireFlattener:
    """Flattens attributes and remembers which keys it has seen; `columns` has the names of each column."""

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        self.seen = KeyLists(columns)
        self._expects_dirty = False

    def flatten(self, content: bytes, attributes: Attributes, good: Flags) -> Flat:
        """Return the flat form of the attributes of each record; takes the flag of those that cannot be read."""
        batch = Batch(content, attributes, good)
        batch.find_parts()
        batch.judge_keys(self.seen)
        # Mostly no text needs an escape, and one look at what was written proves it.
        if not self._expects_dirty:
            flat = batch.write(np.zeros(len(batch.keys), np.bool_), self.seen)
            if batch.is_clean(flat.texts):
                return flat
        dirty = batch.find_dirty()
        self._expects_dirty = bool(dirty.any())
        return batch.write(dirty, self.seen)


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
        self.starts, self.ends = attributes.starts, attributes.ends
        self.counts = attributes.counts
        self.good = good
        self.hashes: Words = np.zeros(0, np.uint64)
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
        wrong |= (data[starts] != KEY) | (key_sizes >= 128) | (key_sizes == 0)
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
            "starts", "ends", "keys", "key_ends", "values", "texts", "owners", "is_text", "is_int", "is_bool",
            "is_double",
        ):  # fmt: skip
            setattr(self, name, getattr(self, name)[kept])
        self.counts = np.where(self.good, self.counts, 0)
        if len(self.hashes):
            self.hashes = self.hashes[kept]
            self.listed = Keys.of(self.hashes, self.counts)

    def judge_keys(self, seen: KeyLists) -> None:
        """Leave records that may have a key twice."""
        sizes = self.key_ends - self.keys
        kept = KEPT[np.minimum(sizes, 8)]
        first, last = self.words[self.keys] & kept, self.words[self.keys + np.maximum(sizes - 8, 0)] & kept
        self.hashes = hash_keys(self.words, self.keys, sizes, first, last)
        self.listed = Keys.of(self.hashes, self.counts)

        def names(first: int, last: int) -> list[str]:
            bounds = zip(self.keys[first:last].tolist(), self.key_ends[first:last].tolist(), strict=True)
            return [self.content[begin:end].decode(errors="replace") for begin, end in bounds]

        codes = seen.look_up(self.listed, names)
        self.codes = np.zeros(len(self.good), np.intp)
        self.codes[self.listed.filled] = codes
        doubled = seen.doubled(codes)
        if doubled is not None:
            self.good[self.listed.filled[doubled]] = False
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

    def write(self, dirty: Flags, seen: KeyLists) -> Flat:
        """Write the flat form; `dirty` says which texts may need escapes."""
        integers = self._integers()
        patches = {}
        for place in np.flatnonzero(dirty | self.is_double).tolist():
            text = self._patch(place)
            if text is None:
                self.good[self.owners[place]] = False
            elif text:
                patches[place] = text
        plain = np.ones(len(self.good), np.bool_)
        plain[self.owners[list(patches)]] = False
        if not len(self.keys):
            nothing = pa.nulls(len(plain), pa.string())
            return Flat(nothing, plain, seen.columns(self.codes[:0], self.listed, nothing, self.keys))
        writer = FlatWriter(self, integers, patches)
        columns = seen.columns(self.codes[self.listed.filled], self.listed, *writer.values())
        return Flat(writer.written(), plain, columns)

    def is_clean(self, written: pa.StringArray) -> bool:
        """Say whether no text in what was written needs an escape or is not ASCII."""
        _, offsets, content = written.buffers()
        text = memoryview(content)[: np.frombuffer(offsets, np.int32)[len(written)]].tobytes()
        quotes = 2 * len(self.keys) + 2 * int(self.is_text.sum())
        if not text.isascii() or b"\\" in text or text.count(b'"') != quotes:
            return False
        return not len(text) or int(np.frombuffer(text, np.uint8).min()) >= BLANK

    def _patch(self, place: int) -> bytes | None:
        """Return the text of a value, nothing for one that can stand as it is, None for one for the exact reader."""
        start, end = int(self.texts[place]), int(self.ends[place])
        if self.is_text[place]:
            try:
                text = msgspec.json.encode(self.content[start:end].decode())
            except UnicodeDecodeError:
                return None
            return text if len(text) > end - start + 2 else b""
        number = repr(float(np.frombuffer(self.content, "<f8", 1, int(self.values[place]) + 1)[0]))
        is_exact = "n" not in number and "e" not in number and sum(map(str.isdigit, number)) <= EXACT_DIGITS
        return number.encode() if is_exact else None

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
