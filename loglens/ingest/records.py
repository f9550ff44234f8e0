"""Cutting a text log into records: a line and the lines that go on with it, such as a stack trace."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import xxhash

from loglens.ingest.content import Content
from loglens.ingest.continuation import record_starts
from loglens.ingest.encoding import with_latin_1
from loglens.ingest.layout import Layouts
from loglens.ingest.lines import Flags, Lines, Places, texts
from loglens.ingest.pieces import SCHEMA, LinePieces, piece_batch

# Indented text without an end is not one record; it is cut where it has grown to this size.
MAX_RECORD_BYTES = 1 << 20


class RecordPieces(LinePieces):
    """The records of a content, each with its line ends and the blank lines within it.

    What the next lines could still change waits for them: the last record that surely begins where it does, and what
    follows it. At the end of a content `open_line` is where that stands, so that a file that grows is read on there.
    """

    def __init__(
        self,
        content: Content,
        first_line: int,
        done: xxhash.xxh3_128,
        longest_bytes: int,
        layouts: Layouts | None = None,
    ) -> None:
        super().__init__(content, first_line, done, longest_bytes)
        self._layouts = layouts
        self._held = b""

    def _cut(self, lines: Lines) -> Cut:
        return Cut(lines, self._layouts)

    def _take(self, whole: bytes) -> Iterator[pa.RecordBatch]:
        """Yield the records that are whole, and hold what may go on."""
        held = self._held + whole
        lines = self._lines_of(held)
        cut = self._cut(lines)
        keep = cut.certain_line
        yield from self._give(cut, keep)
        end = 0 if keep == 0 else int(lines.starts[keep]) if keep < len(lines.ends) else len(held)
        self._held = held[end:]
        self._done(held[:end])

    def _flush(self) -> Iterator[pa.RecordBatch]:
        held, self._held = self._held, b""
        if held:
            cut = self._cut(self._lines_of(held))
            yield from self._give(cut, len(cut.lines.ends))
            self._done(held)

    def _finish(self, rest: bytes) -> Iterator[pa.RecordBatch]:
        """Yield what is left at the end; its last lines stay open."""
        held = self._held + rest
        if not held:
            return
        cut = self._cut(self._lines_of(held))
        keep = cut.certain_line
        if keep < len(cut.lines.ends):
            self.open_line = self.first_line + self.lines + keep
            self.open_blank_lines = int(cut.blank[keep:].sum())
            self._done(held[: cut.raw.starts[keep]] if keep else b"")
        yield from self._give(cut, len(cut.lines.ends))

    def _give(self, cut: Cut, lines: int) -> Iterator[pa.RecordBatch]:
        """Yield the records of the first lines, and count them."""
        first = self.first_line + self.lines
        self.lines += lines
        self.blank_lines += int(cut.blank[:lines].sum())
        self.latin_1_lines += int(cut.broken[:lines].sum())
        begins = cut.begins[: np.searchsorted(cut.begins, lines)]
        if len(begins):
            bounds = np.searchsorted(cut.kept, np.append(begins, lines))
            lasts = cut.kept[bounds[1:] - 1]
            text = texts(cut.lines, cut.lines.starts[begins], cut.lines.ends[lasts], pa.string())
            batch = piece_batch(begins + first, np.diff(bounds).astype(np.int32), text)
            yield pa.record_batch([*batch.columns, *cut.columns(begins)], schema=cut.schema)


class Cut:
    """Where records begin among some lines: `kept` are the lines of records, `begins` those that begin one.

    From `certain_line` on the lines that follow can change that.
    """

    def __init__(self, lines: Lines, layouts: Layouts | None = None) -> None:
        self.raw = lines
        self.broken = lines.broken()
        self.lines = self._open(with_latin_1(lines, self.broken))
        self._layouts = layouts
        self.blank = self.lines.blank()
        self.kept: Places = np.flatnonzero(~self.blank)
        is_start = self._starts()
        self.begins: Places = self.kept[is_start]
        # Whether a line begins a record depends on the next one, and that may still grow.
        open_lines = 1 if lines.whole.endswith(b"\n") else 2
        certain = self.kept[:-open_lines][is_start[:-open_lines]]
        self.certain_line = (
            int(certain[-1]) if len(certain) else int(self.kept[0]) if len(self.kept) else len(lines.ends)
        )

    def _open(self, lines: Lines) -> Lines:
        """Return the lines that records are made of."""
        return lines

    def columns(self, begins: Places) -> list[pa.Array]:
        """Return further columns of the records that begin on some lines."""
        return []

    @property
    def schema(self) -> pa.Schema:
        """The columns of a batch of its records."""
        return SCHEMA

    def _starts(self) -> Flags:
        if not len(self.kept):
            return np.zeros(0, bool)
        starts, ends = self.lines.starts[self.kept], self.lines.ends[self.kept]
        flags = record_starts(self.lines, starts, ends, self._layouts)
        begins = np.flatnonzero(flags)
        sizes = np.append(ends[begins[1:] - 1], ends[-1:]) - starts[begins]
        for place in np.flatnonzero(sizes > MAX_RECORD_BYTES):
            until = begins[place + 1] if place + 1 < len(begins) else len(flags)
            _cut_long(flags, starts, int(begins[place]), int(until))
        return flags


def _cut_long(flags: Flags, starts: Places, first: int, until: int) -> None:
    """Flag a line within a long record as a start wherever the size is reached."""
    begin = starts[first]
    while (first := int(np.searchsorted(starts[:until], begin + MAX_RECORD_BYTES))) < until:
        flags[first] = True
        begin = starts[first]
