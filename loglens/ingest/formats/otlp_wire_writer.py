"""The flat form of attributes, written over the bytes that they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from loglens.ingest.formats.otlp_columns import numbers
from loglens.ingest.formats.otlp_digits import Bytes, Places

if TYPE_CHECKING:
    from loglens.ingest.formats.otlp_wire_attributes import Batch

QUOTE, BLANK, COMMA, OPEN, CLOSE = b'" ,{}'
AFTER_KEY = int.from_bytes(b'":  ', "little")
TRUE = int.from_bytes(b"true", "little")
AFTER_TEXT, AFTER_OTHER = (int.from_bytes(text, "little") for text in (b'" ', b"  "))


@dataclass(frozen=True)
class Digits:
    """Integers as text: the bytes of all, where each begins and how long it is."""

    data: Bytes
    begins: Places
    sizes: Places

    @classmethod
    def of(cls, integers: Places) -> Digits:
        """Write some integers."""
        texts = numbers(integers).cast(pa.string())
        _, offsets, content = texts.buffers()
        bounds = np.frombuffer(offsets, np.int32)[: len(texts) + 1].astype(np.int64)
        data = np.frombuffer(content, np.uint8) if len(texts) else np.zeros(0, np.uint8)
        return cls(data, bounds[:-1], np.diff(bounds))


class FlatWriter:
    """Writes the flat form of attributes over a copy of their content.

    `patched` are the attributes whose values are replaced by texts, which begin with the end of the key.
    """

    def __init__(self, batch: Batch, patched: Places, patches: Sequence[bytes]) -> None:
        self.batch = batch
        self.plain = ~batch.is_patched
        self.tags, self.keys, self.key_ends = batch.tags, batch.keys, batch.key_ends
        self.texts, self.ends = batch.texts, batch.ends
        self.out = self._copied(patched, patches)
        self.data = np.frombuffer(self.out, np.uint8)
        self.words32 = np.ndarray((len(self.out) - 3,), np.uint32, self.out, strides=(1,))
        self.words16 = np.ndarray((len(self.out) - 1,), np.uint16, self.out, strides=(1,))

    def _copied(self, patched: Places, patches: Sequence[bytes]) -> bytearray:
        """Return the content with patches in the place of values, and move every place accordingly."""
        content = self.batch.content
        if not len(patched):
            return bytearray(content)
        begins, behinds = self.key_ends[patched], self.ends[patched]
        parts: list[bytes | memoryview] = []
        view, before = memoryview(content), 0
        for text, begin, behind in zip(patches, begins.tolist(), behinds.tolist(), strict=True):
            parts += (view[before:begin], text)
            before = behind
        parts.append(view[before:])
        grown = np.fromiter(map(len, patches), np.int64, len(patches)) - (behinds - begins)
        moved = np.concatenate([np.zeros(1, np.int64), np.cumsum(grown)])
        for name in ("tags", "keys", "key_ends", "texts", "ends"):
            old = getattr(self, name)
            setattr(self, name, old + moved[np.searchsorted(behinds, old, "right")])
        return bytearray().join(parts)

    def run(self) -> pa.StringArray:
        """Overwrite what stands around keys and values, and cut the objects out."""
        batch, data = self.batch, self.data
        count = len(batch.counts)
        texts = np.zeros(2 * count, np.int64)
        if len(self.keys):
            data[self.keys - 3] = BLANK
            data[self.keys - 2] = BLANK
            data[self.keys - 1] = QUOTE
            self._write_values()
            (filled,) = np.nonzero(batch.counts)
            lasts = np.cumsum(batch.counts)[filled] - 1
            firsts = lasts - batch.counts[filled] + 1
            self.words16[self.ends[batch.is_text & self.plain]] = AFTER_TEXT
            self.words16[self.ends[batch.is_patched]] = AFTER_OTHER
            data[self.ends + 2] = COMMA
            data[self.ends[lasts] + 2] = CLOSE
            self.words16[self.tags[firsts]] = AFTER_OTHER
            data[self.tags[firsts] + 2] = OPEN
            texts[2 * filled], texts[2 * filled + 1] = self.tags[firsts], self.ends[lasts] + 3
        # Records without attributes take no bytes, wherever they stand.
        offsets = np.append(np.maximum.accumulate(texts), len(self.out)).astype(np.int32)
        array = pa.StringArray.from_buffers(2 * count, pa.py_buffer(offsets), pa.py_buffer(self.out))
        return array.take(numbers(np.arange(0, 2 * count, 2), batch.counts > 0))

    def _write_values(self) -> None:
        """Write what stands between keys and values, and the values that are no texts."""
        batch, data = self.batch, self.data
        self.words32[self.key_ends[self.plain]] = AFTER_KEY
        texts = self.plain & batch.is_text
        room = self.texts - self.key_ends
        for skip in (4, 5, 6):
            (longer,) = np.nonzero(texts & (room > skip))
            if not len(longer):
                break
            data[self.key_ends[longer] + skip] = BLANK
        data[self.texts[texts] - 1] = QUOTE
        self.words32[self.key_ends[self.plain & batch.is_bool] + 2] = TRUE
        self._write_integers()

    def _write_integers(self) -> None:
        """Write digits, and blanks in what is left of the place of each integer."""
        digits, data = self.batch.digits, self.data
        ints = self.batch.is_int & self.plain
        chosen = self.plain[self.batch.is_int]
        sizes, begins = digits.sizes[chosen], digits.begins[chosen]
        places = self.key_ends[ints] + 2
        room = self.ends[ints] + 2 - places
        step = 0
        while len(places):
            has_digit = sizes > step
            data[places] = np.where(has_digit, digits.data[np.where(has_digit, begins + step, 0)], BLANK)
            step += 1
            more = room > step
            places, sizes, begins, room = places[more] + 1, sizes[more], begins[more], room[more]
