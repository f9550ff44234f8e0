"""The flat form of attributes: keys where they stand, with what JSON has around them, and the texts of values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from loglens.ingest.formats.otlp_columns import numbers
from loglens.ingest.formats.otlp_digits import Places

if TYPE_CHECKING:
    from loglens.ingest.formats.otlp_wire_attributes import Batch

QUOTE, COMMA, OPEN = b'",{'
AFTER_KEY = np.uint16(int.from_bytes(b'":', "little"))
# What stands behind the content: these, digits, texts with escapes.
WORDS = (b"}", b"false", b"true")
CLOSE, FALSE = 0, 1
TAKEN = -1


class FlatWriter:
    """Writes the flat form of attributes.

    A value is taken where it stands, or is one of the texts put behind the content: `behind` says which.
    """

    def __init__(self, batch: Batch, integers: Places, patches: Mapping[int, bytes]) -> None:
        self.batch = batch
        digits = numbers(integers).cast(pa.string())
        _, offsets, written = digits.buffers()
        ends = np.frombuffer(offsets, np.int32)[: len(digits) + 1].astype(np.int64)
        texts = (*WORDS, memoryview(written)[: ends[-1]] if len(digits) else b"", *patches.values())
        self.out = bytearray().join((batch.content, *texts))
        sizes = (np.fromiter(map(len, some), np.int64) for some in (WORDS, patches.values()))
        first, last = (each for each in sizes)
        starts = np.cumsum(np.concatenate([np.zeros(1, np.int64), first, np.diff(ends), last]))
        self.bounds = len(batch.content) + starts
        self.behind = np.full(len(batch.keys), TAKEN)
        self.behind[batch.is_bool] = FALSE + batch.data[batch.values[batch.is_bool] + 1]
        self.behind[batch.is_int] = len(WORDS) + np.arange(len(digits))
        self.behind[list(patches)] = len(WORDS) + len(digits) + np.arange(len(patches))
        self.is_taken = self.behind == TAKEN

    def values(self) -> tuple[pa.StringArray, Places]:
        """Return texts, and which of them is that of each value, without quotes."""
        texts = self._cut(self.batch.texts, self.batch.ends)
        count = len(self.behind)
        return texts, np.where(self.is_taken, 2 * np.arange(count), 2 * count + self.behind)

    def written(self) -> pa.StringArray:
        """Return the objects, null for records without attributes."""
        batch, counts = self.batch, self.batch.counts
        self._put_marks()
        begins = np.where(self.is_taken, batch.texts - 1, batch.ends)
        every = self._cut(batch.keys - 2, batch.key_ends + 2, begins, batch.ends + self.is_taken)
        count = len(batch.keys)
        places = np.arange(count)
        # Behind the keys and values of each record comes a brace.
        filled = counts > 0
        closes = np.cumsum(2 * counts + filled)
        at = 2 * places + np.repeat(np.cumsum(filled) - 1, counts)
        parts = np.empty(2 * count + int(filled.sum()), np.int64)
        parts[at] = 4 * places
        parts[at + 1] = np.where(self.is_taken, 4 * places + 2, 4 * count + self.behind)
        parts[closes[filled] - 1] = 4 * count + CLOSE
        _, offsets, content = every.take(numbers(parts)).buffers()
        bounds = np.frombuffer(offsets, np.int32)[np.concatenate([np.zeros(1, np.int64), closes])]
        present = np.packbits(filled, bitorder="little")
        return pa.StringArray.from_buffers(len(counts), pa.py_buffer(bounds), content, pa.py_buffer(present))

    def _cut(self, *edges: Places) -> pa.StringArray:
        """Return as texts what stands between places of each attribute, and what stands behind the content."""
        bounds = np.concatenate([np.stack(edges, axis=1).ravel(), self.bounds]).astype(np.int32)
        return pa.StringArray.from_buffers(len(bounds) - 1, pa.py_buffer(bounds), pa.py_buffer(self.out))

    def _put_marks(self) -> None:
        """Overwrite what stands around keys and texts."""
        batch, data = self.batch, np.frombuffer(self.out, np.uint8)
        firsts = (np.cumsum(batch.counts) - batch.counts)[batch.counts > 0]
        data[batch.keys - 2] = COMMA
        data[batch.keys[firsts] - 2] = OPEN
        data[batch.keys - 1] = QUOTE
        np.ndarray((len(data) - 1,), np.uint16, self.out, strides=(1,))[batch.key_ends] = AFTER_KEY
        texts = batch.is_text & self.is_taken
        data[batch.texts[texts] - 1] = QUOTE
        data[batch.ends[texts]] = QUOTE
