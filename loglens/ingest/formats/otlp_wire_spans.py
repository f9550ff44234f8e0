"""Spans of OTLP protobuf into the columns of a batch: a field of all spans at a time, with a verdict for each span.

    0a 10 trace  12 08 span  [1a tracestate]  [22 08 parent]     ids
    [2a name] [30 kind]                                          middle
    39 start  41 end                                             times
    4a attribute  4a attribute ...                               attributes
    50 .. 85 01: dropped counts, events, links, status, flags    rest

Every SDK and the collector write fields in the order of their numbers. Middles and rests repeat, so they are read once
each and known by their bytes after that. A span with another order, or with a field that is not known, is not good.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from loglens.ingest.formats.otlp_columns import Codes, Columns, cut_out, dictionary, hex_ids, numbers
from loglens.ingest.formats.otlp_digits import Flags, Places
from loglens.ingest.formats.otlp_exact import exact_rest
from loglens.ingest.formats.otlp_origin import Origin
from loglens.ingest.formats.otlp_scalars import KINDS, SPAN_ID_BYTES, TRACE_ID_BYTES
from loglens.ingest.formats.otlp_spans import NAMED, NAMES
from loglens.ingest.formats.otlp_transcode import UNKNOWN, transcode
from loglens.ingest.formats.otlp_values import Malformed, parse
from loglens.ingest.formats.otlp_wire_attributes import Attributes, WireFlattener, read_lengths
from loglens.ingest.formats.otlp_words import Words, origin_columns
from loglens.ingest.lines import flag_column, strings
from loglens.ingest.timestamps import LAST_NS

TRACE_ID, SPAN_ID, TRACE_STATE, PARENT_ID, ATTRIBUTE = 0x0A, 0x12, 0x1A, 0x22, 0x4A
START, END = 0x39, 0x41
MAX_ATTRIBUTES = 1000


class SpanWireReader:
    """Makes columns of spans; keeps what repeats from batch to batch."""

    def __init__(self) -> None:
        self._flattener = WireFlattener(NAMES)
        self._middles = Words(_middle)
        self._rests = Words(self._rest)
        self._states = Words(_state)
        self.has_unknown = False

    @property
    def names(self) -> set[str]:
        """The attribute names that were seen."""
        return self._flattener.seen.names

    def read(self, content: bytes, starts: Places, ends: Places, origins: Sequence[Origin], codes: Codes) -> Columns:
        """Read the spans between some places of a content, which goes on for PADDING bytes behind the last.

        `codes` says for each span which of the origins is its own.
        """
        walk = _Walk(content, starts, ends)
        trace, own = walk.fixed(TRACE_ID, TRACE_ID_BYTES), walk.fixed(SPAN_ID, SPAN_ID_BYTES)
        walk.good &= (trace >= 0) & (own >= 0)
        states, state_sizes = self._states.look_up_each(walk.optional(TRACE_STATE))
        parent = walk.fixed(PARENT_ID, SPAN_ID_BYTES)
        middles, middle_sizes = self._middles.look_up_each(walk.slices(walk.middle(), walk.at))
        start, end = walk.number(START), walk.number(END)
        attributes = walk.attributes()
        rests, rest_sizes = self._rests.look_up_each(walk.slices(walk.at, walk.ends))
        good = walk.good & (state_sizes >= 0) & (middle_sizes >= 0) & (rest_sizes >= 0)
        for time in (start, end):
            good &= (time > 0) & (time <= LAST_NS)
        flat = self._flattener.flatten(content, attributes, good)
        trace_id, trace_good = hex_ids(content, trace, TRACE_ID_BYTES)
        span_id, own_good = hex_ids(content, own, SPAN_ID_BYTES)
        parent_id, _ = hex_ids(content, parent, SPAN_ID_BYTES)
        good &= trace_good & own_good
        middle, rest = self._middles.found, self._rests.found
        columns = origin_columns(origins, codes) | {
            "trace_id": trace_id, "span_id": span_id, "parent_span_id": parent_id,
            "name": strings([name for name, _ in middle]).take(numbers(middles)),
            "kind": dictionary(middles, [kind for _, kind in middle]),
            "start_ns": numbers(start), "duration_ns": numbers(end - start), "attributes": flat.texts,
            "status": dictionary(rests, [row["status"] for row in rest]),
            "status_message": dictionary(rests, [row["status_message"] for row in rest]),
            "events": _taken(rests, [row["events"] for row in rest]),
            "links": _taken(rests, [row["links"] for row in rest]),
            "exception_type": _taken(rests, [row["exception_type"] for row in rest]),
            "extra": self._extra(states, rests, origins, codes), "raw": pa.nulls(len(starts), pa.string()),
            "is_plain": flag_column(flat.plain),
        }  # fmt: skip
        columns |= {NAMED[column]: values for column, values in flat.columns.items()}
        return Columns(columns, good, ends - starts)

    def _rest(self, text: bytes) -> tuple[dict[str, Any], int]:
        """Read what stands behind the attributes of a span, as the columns that it fills."""
        try:
            row = exact_rest(transcode(text, "Span"))
        except (Malformed, RecursionError):
            row = None
        if row is None:
            return NOTHING_READ, -1
        self.has_unknown |= f'"{UNKNOWN}"' in row["extra"]
        return row, 1

    def _extra(self, states: Codes, rests: Codes, origins: Sequence[Origin], codes: Codes) -> pa.Array:
        """Make the column with what else the spans and their origins hold."""
        rows, parts = len(self._rests.found), len(self._states.found)
        combined = (codes.astype(np.int64) * parts + states) * rows + rests
        distinct, places = np.unique(combined, return_inverse=True)
        texts = []
        for each in distinct.tolist():
            around, rest = divmod(each, rows)
            origin, state = divmod(around, parts)
            found = (self._states.found[state], self._rests.found[rest]["extra"], origins[origin].extra)
            text = ",".join(part for part in found if part)
            texts.append(f"{{{text}}}" if text else None)
        return dictionary(places.astype(np.int32), texts)


class _Walk:
    """A cursor in each span, moved over one field of all spans at a time."""

    def __init__(self, content: bytes, starts: Places, ends: Places) -> None:
        self.content = content
        self.data = np.frombuffer(content, np.uint8)
        self.words = np.ndarray((len(content) - 7,), np.uint64, content, strides=(1,))
        self.at, self.ends = starts.copy(), ends
        self.good: Flags = np.ones(len(starts), np.bool_)

    def _there(self, tag: int) -> Flags:
        there: Flags = (self.data[self.at] == tag) & (self.at < self.ends)
        return there

    def _advance(self, rows: Places, behind: Places) -> None:
        """Move some cursors; a span that a field leads out of is not good, and its cursor stays at its end."""
        out = behind > self.ends[rows]
        if out.any():
            self.good[rows[out]] = False
            behind = np.minimum(behind, self.ends[rows])
        self.at[rows] = behind

    def _field(self, tag: int) -> tuple[Places, Places, Places]:
        """Move over a field with a length where it is there; return those rows, and where it begins and ends."""
        (rows,) = np.nonzero(self._there(tag))
        begins, sizes, too_long = read_lengths(self.data, self.at[rows] + 1)
        self.good[rows[too_long]] = False
        self._advance(rows, begins + sizes)
        return rows, begins, begins + sizes

    def fixed(self, tag: int, size: int) -> Places:
        """Return where the content of a field of some size begins, -1 where it is absent or empty."""
        rows, begins, behinds = self._field(tag)
        places = np.full(len(self.at), -1, np.int64)
        sizes = behinds - begins
        places[rows] = np.where(sizes == size, begins, -1)
        self.good[rows[(sizes != size) & (sizes != 0)]] = False
        return places

    def optional(self, tag: int) -> pa.BinaryArray:
        """Return the content of a field that may be there."""
        starts = self.at.copy()
        rows, begins, behinds = self._field(tag)
        self.good[rows[behinds == begins]] = False
        starts[rows] = np.minimum(begins, self.at[rows])
        return self.slices(starts, self.at)

    def middle(self) -> Places:
        """Move to the times, over name and kind; return where these begin."""
        begins = self.at.copy()
        self._field(0x2A)
        (rows,) = np.nonzero(self._there(0x30))
        self._advance(rows, self.at[rows] + 2)
        return begins

    def slices(self, begins: Places, behinds: Places) -> pa.BinaryArray:
        """Return the bytes between places of each span."""
        return cut_out(self.content, begins, behinds, pa.binary())

    def number(self, tag: int) -> Places:
        """Return a fixed number of eight bytes, -1 where it is absent or too large to be a time."""
        there = self._there(tag)
        (rows,) = np.nonzero(there)
        found = np.full(len(self.at), -1, np.int64)
        found[rows] = self.words[self.at[rows] + 1].view(np.int64)
        self._advance(rows, self.at[rows] + 9)
        return found

    def attributes(self) -> Attributes:
        """Move over the attributes."""
        parts: list[tuple[Places, Places, Places]] = []
        counts = np.zeros(len(self.at), np.int64)
        (rows,) = np.nonzero(self._there(ATTRIBUTE) & self.good)
        while len(rows) and len(parts) < MAX_ATTRIBUTES:
            begins, sizes, too_long = read_lengths(self.data, self.at[rows] + 1)
            self.good[rows[too_long]] = False
            self._advance(rows, begins + sizes)
            parts.append((rows, begins, begins + sizes))
            counts[rows] += 1
            at = self.at[rows]
            rows = rows[(self.data[at] == ATTRIBUTE) & (at < self.ends[rows]) & self.good[rows]]
        counts = np.where(self.good, counts, 0)
        firsts = np.cumsum(counts) - counts
        placed = [np.zeros(int(counts.sum()), np.int64) for _ in range(2)]
        for number, (owners, *columns) in enumerate(parts):
            kept = self.good[owners]
            for target, column in zip(placed, columns, strict=True):
                target[firsts[owners[kept]] + number] = column[kept]
        begins, behinds = placed
        return Attributes(begins, behinds, counts)


def _middle(text: bytes) -> tuple[tuple[str | None, str], int]:
    """Read name and kind."""
    try:
        found = parse(transcode(text, "Span"))
        kind = int(found.get("kind", 0))
        return (found.get("name"), KINDS[kind]), 1 if kind >= 0 else -1
    except (Malformed, IndexError):
        return (None, KINDS[0]), -1


def _state(text: bytes) -> tuple[str, int]:
    """Read a trace state, as a member of the column `extra`."""
    if not text:
        return "", 1
    try:
        return transcode(b"\x1a%c%b" % (len(text), text), "Span")[1:-1], 1 if len(text) < 128 else -1
    except (Malformed, OverflowError):
        return "", -1


NOTHING_READ: dict[str, Any] = {
    "status": "UNSET", "status_message": None, "events": None, "links": None, "exception_type": None, "extra": None
}  # fmt: skip


def _taken(codes: Codes, values: Sequence[str | None]) -> pa.StringArray:
    """Make an array of texts from the few that there are."""
    if not any(values):
        return pa.nulls(len(codes), pa.string())
    return strings(values).take(numbers(codes))
