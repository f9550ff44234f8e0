"""Blocks of lines with spans in the usual layout into batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loglens.ingest.formats.otlp_attributes import MARGIN, Braces, FlatAttributes, Flattener
from loglens.ingest.formats.otlp_columns import Codes, Flags, Ints, fixed_times, hex_ids, never, numbers, strings
from loglens.ingest.formats.otlp_exact import exception_types
from loglens.ingest.formats.otlp_layout import (
    END,
    PARENT_ID,
    SPAN_ID,
    START,
    TRACE_ID,
    Layout,
    find_layout,
    is_plain,
    without_line_ends,
)
from loglens.ingest.formats.otlp_origin import Around, Origin, Origins
from loglens.ingest.formats.otlp_pieces import SPANS
from loglens.ingest.formats.otlp_repeats import (
    NEXT,
    SpanMiddle,
    SpanRest,
    quotes_of,
    read_middle,
    read_rest,
    read_skeleton,
)
from loglens.ingest.formats.otlp_spans import SPAN_SCHEMA
from loglens.ingest.formats.otlp_values import Malformed
from loglens.ingest.formats.otlp_words import MAX_KEPT, Words, few, origin_columns


@dataclass(frozen=True)
class Block:
    """The spans of some pieces: a batch, the places of the pieces among those given, and the lines they account for."""

    batch: pa.RecordBatch
    read: frozenset[int]
    lines: int


class BlockReader:
    """Reads blocks of lines; keeps what repeats from block to block."""

    def __init__(self, origins: Origins, flattener: Flattener) -> None:
        self._origins = origins
        self._flattener = flattener
        self._middles = Words(read_middle)
        self._rests = Words(read_rest)
        self._skeletons: dict[tuple[bytes, ...], list[Around] | None] = {}

    def read(self, pieces: pa.RecordBatch) -> Block | None:
        """Read the pieces that are of the usual layout, None where there is none, or where a line has several."""
        ordinals = np.frombuffer(pieces.column("ordinal").buffers()[1], np.int32)
        text, starts, ends = _joined_texts(pieces.column("text"))
        if ordinals.any() or not is_plain(text, starts, ends):
            return None
        braces = Braces(text)
        chosen = np.arange(pieces.num_rows)
        while (layout := find_layout(text, braces, starts[chosen], ends[chosen])) is not None:
            chosen = chosen[layout.pieces]
            try:
                columns, good = self._columns(text, braces, layout)
            except pa.ArrowInvalid:
                return None
            if good.all():
                return _block(columns, pieces, chosen, layout.counts)
            chosen = chosen[good]
        return None

    def _columns(self, text: bytes, braces: Braces, layout: Layout) -> tuple[dict[str, pa.Array], Flags]:
        """Make the columns of the spans; return with them which pieces are good: the columns count if all are."""
        middles, middle_quotes = self._middles.look_up(layout.middles)
        rests, rest_quotes = self._rests.look_up(layout.rests)
        proper = (middle_quotes >= 0) & (rest_quotes >= 0)
        ends = np.cumsum(layout.counts)
        good = np.logical_and.reduceat(proper, ends - layout.counts)
        if not good.all():
            return {}, good
        is_last = np.array([rest.after != NEXT for rest in self._rests.found])[rests]
        is_last[ends - 1] = True
        (last,) = np.nonzero(is_last)
        arounds, good = self._arounds(layout.openings, rests[last], np.searchsorted(last, ends))
        origins, places, known = self._known_origins(arounds)
        if not good.all():
            return {}, good
        codes = np.repeat(places, np.diff(last, prepend=-1))
        quotes = layout.quotes + int(middle_quotes.sum() + rest_quotes.sum()) + sum(map(quotes_of, layout.openings))
        flat = self._flattener.flatten_within(bytearray(text), layout.starts, layout.ends, braces, quotes)
        columns, proper = _judged(layout, flat)
        columns |= self._repeated(middles, rests, origins, codes) | origin_columns(origins, codes)
        return columns, np.logical_and.reduceat(proper & known[codes], ends - layout.counts)

    def _arounds(self, openings: Sequence[bytes], rests: Codes, until: Ints) -> tuple[list[Around], Flags]:
        """Return where the spans of each group come from, and which pieces have the usual envelope."""
        arounds: list[Around] = []
        good = np.ones(len(openings), np.bool_)
        afters = [self._rests.found[code].after for code in rests.tolist()]
        start = 0
        for piece, (opening, end) in enumerate(zip(openings, until.tolist(), strict=True)):
            parts = (opening, *afters[start:end])
            if parts not in self._skeletons:
                if len(self._skeletons) > MAX_KEPT:
                    self._skeletons.clear()
                self._skeletons[parts] = read_skeleton(parts, SPANS)
            found = self._skeletons[parts]
            good[piece] = found is not None
            arounds += found or []
            start = end
        return arounds, good

    def _known_origins(self, arounds: Sequence[Around]) -> tuple[list[Origin], Codes, Flags]:
        """Return the distinct origins, which of them each group has, and which could be read."""
        places: dict[Around, int] = {}
        codes = np.fromiter((places.setdefault(around, len(places)) for around in arounds), np.int32, len(arounds))
        origins, known = [], np.ones(len(places), np.bool_)
        for around, place in places.items():
            try:
                origins.append(self._origins.of(around))
            except (Malformed, RecursionError):
                origins.append(NO_ORIGIN)
                known[place] = False
        return origins, codes, known

    def _repeated(self, middles: Codes, rests: Codes, origins: Sequence[Origin], codes: Codes) -> dict[str, pa.Array]:
        """Make the columns that follow from texts that repeat."""
        middle: list[SpanMiddle] = self._middles.found
        rest: list[SpanRest] = self._rests.found
        events = _if_any([each.events for each in rest], rests)
        return {
            "name": few(middles, [each.name for each in middle]),
            "kind": few(middles, [each.kind for each in middle]),
            "status": few(rests, [each.status for each in rest]),
            "status_message": few(rests, [each.status_message for each in rest]),
            "events": events,
            "links": _if_any([each.links for each in rest], rests),
            "exception_type": exception_types(events),
            "extra": _extras(middles, rests, codes, middle, rest, origins),
        }


def _extras(
    middles: Codes,
    rests: Codes,
    codes: Codes,
    middle: Sequence[SpanMiddle],
    rest: Sequence[SpanRest],
    origins: Sequence[Origin],
) -> pa.DictionaryArray:
    """Make the column with what else the spans and their origins hold."""
    parts = [[each.extra for each in some] for some in (middle, rest, origins)]
    combined, texts = np.zeros(len(codes), np.int32), [""]
    for some, part in zip((middles, rests, codes), parts, strict=True):
        distinct = {text: place for place, text in enumerate(dict.fromkeys(part))}
        own = np.array([distinct[text] for text in part], np.int32)[some]
        pairs, combined = np.unique(combined * len(distinct) + own, return_inverse=True)
        kept = list(distinct)
        texts = [
            _joined(texts[before], kept[after])
            for before, after in (divmod(pair, len(kept)) for pair in pairs.tolist())
        ]
        combined = combined.astype(np.int32)
    return few(combined, [f"{{{text}}}" if text else None for text in texts])


def _joined(first: str, second: str) -> str:
    return f"{first},{second}" if first and second else first or second


def _if_any(values: Sequence[str | None], codes: Codes) -> pa.StringArray:
    if not any(values):
        return pa.nulls(len(codes), pa.string())
    return strings([values[code] for code in codes.tolist()])


def _judged(layout: Layout, flat: FlatAttributes) -> tuple[dict[str, pa.Array], Flags]:
    """Make the columns of what is different in each span, and say which spans are good."""
    count = len(layout.left)
    every = np.ones(count, np.bool_)
    trace, trace_good = hex_ids(layout.left[:, TRACE_ID].tobytes(), every, 32)
    own, own_good = hex_ids(layout.left[:, SPAN_ID].tobytes(), every, 16)
    parent, parent_good = hex_ids(layout.left[layout.has_parent, PARENT_ID].tobytes(), layout.has_parent, 16)
    start, start_good = fixed_times(layout.right[:, START].tobytes(), count)
    end, end_good = fixed_times(layout.right[:, END].tobytes(), count)
    columns = {
        "trace_id": trace, "span_id": own, "parent_span_id": parent, "start_ns": start,
        "duration_ns": pc.subtract(end, start), "attributes": flat.texts, "raw": pa.nulls(count, pa.string()),
        "is_exact": never(count), **flat.named,
    }  # fmt: skip
    good = flat.whole & trace_good & own_good & start_good & end_good
    return columns, good & (parent_good | ~layout.has_parent)


def _joined_texts(texts: pa.StringArray) -> tuple[bytes, Ints, Ints]:
    """Return some texts between MARGINs, and where each begins and ends, line ends left out."""
    _, offsets, data = texts.buffers()
    bounds = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    text = b"".join([MARGIN, memoryview(data)[bounds[0] : bounds[-1]], MARGIN])
    bounds += len(MARGIN) - bounds[0]
    return text, bounds[:-1], without_line_ends(text, bounds[1:])


def _block(columns: dict[str, pa.Array], pieces: pa.RecordBatch, chosen: Ints, counts: Ints) -> Block:
    """Put the columns of the spans of some pieces together with their places."""
    lines, amounts = (
        np.frombuffer(pieces.column(name).buffers()[1], dtype)[chosen]
        for name, dtype in (("line", np.int64), ("lines", np.int32))
    )
    first = np.repeat(np.cumsum(counts) - counts, counts)
    columns["line"] = numbers(np.repeat(lines, counts))
    columns["ordinal"] = numbers((np.arange(len(first)) - first).astype(np.int32))
    batch = pa.record_batch([columns[name] for name in SPAN_SCHEMA.names], schema=SPAN_SCHEMA)
    return Block(batch, frozenset(chosen.tolist()), int(amounts.sum()))


NO_ORIGIN = Origin(None, None, None, None, "")
