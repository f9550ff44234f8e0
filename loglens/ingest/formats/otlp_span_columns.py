"""Spans decoded by type into the columns of a batch, with a verdict for each span."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loglens.ingest.formats.otlp_attributes import Flattener
from loglens.ingest.formats.otlp_columns import Codes, Columns, Flags, Ints, dictionary, ids, times
from loglens.ingest.formats.otlp_exact import exception_type
from loglens.ingest.formats.otlp_origin import Origin
from loglens.ingest.formats.otlp_scalars import (
    KINDS,
    SPAN_ID_BYTES,
    STATUSES,
    TRACE_ID_BYTES,
    read_enum,
    with_hex_ids,
)
from loglens.ingest.formats.otlp_spans import NAMED, NAMES
from loglens.ingest.formats.otlp_typed import NOTHING, Span, Status
from loglens.ingest.formats.otlp_words import Words, members, origin_columns, texts
from loglens.ingest.lines import flag_column, flags_of, strings

EXTRAS = ("traceState", "flags", "droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")
# How lists of objects begin, or their absence.
_LISTS = frozenset((b"", b"[]", b"[{"))
_REPEATED = attrgetter("kind", "status", *EXTRAS)


@dataclass(frozen=True)
class Repeated:
    """What the members of a span that are much the same from span to span stand for; `extra` is without braces."""

    kind: str
    status: str
    status_message: str | None
    extra: str


class SpanReader:
    """Makes columns of typed spans; keeps what repeats from batch to batch."""

    def __init__(self) -> None:
        self._flattener = Flattener(NAMES)
        self._repeated = Words(_read_repeated)

    @property
    def names(self) -> set[str]:
        """The attribute names that were seen."""
        return self._flattener.seen.names

    def read(self, spans: Sequence[Span], origins: Sequence[Origin], codes: Codes) -> Columns:
        """Read some spans; `codes` says for each which of the origins is its own."""
        flat = self._flattener.flatten([span.attributes for span in spans])
        trace = ids([span.traceId for span in spans], 2 * TRACE_ID_BYTES)
        own = ids([span.spanId for span in spans], 2 * SPAN_ID_BYTES)
        parent = ids([span.parentSpanId for span in spans], 2 * SPAN_ID_BYTES)
        start = times([span.startTimeUnixNano for span in spans])
        end = times([span.endTimeUnixNano for span in spans])
        read, repeated_sizes = self._repeated.look_up(list(map(_REPEATED, spans)))
        used, places = np.unique(read, return_inverse=True)
        repeated: Codes = places.astype(np.int32)
        found: list[Repeated] = [self._repeated.found[code] for code in used.tolist()]
        name, name_sizes = texts([span.name for span in spans])
        events, event_sizes = json_texts([span.events for span in spans])
        links, link_sizes = json_texts([span.links for span in spans], with_hex_ids)
        good = flat.whole & trace.good & own.good & (parent.good | (parent.sizes <= 2)) & start.good & end.good
        good &= (repeated_sizes >= 0) & _both_or_neither(start.array, end.array)
        sizes = repeated_sizes + 1
        for key, part in (
            ("traceId", trace.sizes), ("spanId", own.sizes), ("parentSpanId", parent.sizes),
            ("startTimeUnixNano", start.sizes), ("endTimeUnixNano", end.sizes), ("name", name_sizes),
            ("attributes", flat.sizes), ("events", event_sizes), ("links", link_sizes),
        ):  # fmt: skip
            sizes += members(key, part)
        columns = origin_columns(origins, codes) | {
            "trace_id": trace.array, "span_id": own.array, "parent_span_id": parent.array, "name": name,
            "start_ns": start.array, "duration_ns": pc.subtract(end.array, start.array),
            "extra": _extra(repeated, found, codes, origins),
            "kind": dictionary(repeated, [each.kind for each in found]),
            "status": dictionary(repeated, [each.status for each in found]),
            "status_message": dictionary(repeated, [each.status_message for each in found]),
            "attributes": flat.texts, "events": events, "links": links, "exception_type": _exception_types(events),
            "raw": pa.nulls(len(spans), pa.string()), "is_plain": flag_column(flat.plain),
        }  # fmt: skip
        columns |= {NAMED[column]: values for column, values in flat.columns.items()}
        return Columns(columns, good, sizes)


def _extra(repeated: Codes, found: Sequence[Repeated], codes: Codes, origins: Sequence[Origin]) -> pa.DictionaryArray:
    """Make the column with what else the spans and their origins hold."""
    pairs = codes.astype(np.int64) * len(found) + repeated
    distinct, places = np.unique(pairs, return_inverse=True)
    texts = []
    for origin, own in zip(*(part.tolist() for part in divmod(distinct, len(found))), strict=True):
        text = ",".join(part for part in (found[own].extra, origins[origin].extra) if part)
        texts.append(f"{{{text}}}" if text else None)
    return dictionary(places.astype(np.int32), texts)


def _read_repeated(values: tuple[Any, ...]) -> tuple[Repeated, int]:
    """Read the members that repeat; return with them the bytes they take, -1 where one of them is bad."""
    kind, status, *extras = values
    kind_name, known_kind = read_enum(None if kind is None else str(kind), KINDS, "SPAN_KIND_")
    code, message = (status.code, status.message) if status else (None, None)
    status_name, known_status = read_enum(None if code is None else str(code), STATUSES, "STATUS_CODE_")
    members = [
        f'"{key}":{msgspec.json.encode(value).decode()}'
        for key, value in zip(EXTRAS, extras, strict=True)
        if value is not None
    ]
    own = [f'"kind":{msgspec.json.encode(kind).decode()}'] if kind is not None else []
    if status is not None:
        own.append(f'"status":{msgspec.json.encode(_present(status)).decode()}')
    size = sum(len(member.encode()) + 1 for member in (*members, *own))
    found = Repeated(kind_name, status_name, message or None, ",".join(members))
    return found, size if known_kind and known_status else -1


def _present(status: Status) -> dict[str, int | str]:
    """Return the members of a status that are there."""
    members = {"code": status.code, "message": status.message}
    return {key: value for key, value in members.items() if value is not None}


def json_texts(raws: Sequence[msgspec.Raw], read: Callable[[str], str] = str) -> tuple[pa.StringArray, Ints]:
    """Make an array of JSON lists of objects as `read` has them, null for absent and empty ones, and the bytes of each.

    What begins as none gets no bytes, and is left to the exact reader by that.
    """
    if raws.count(NOTHING) == len(raws):
        return pa.nulls(len(raws), pa.string()), np.zeros(len(raws), np.int64)
    written = [bytes(raw) for raw in raws]
    array = strings([read(text.decode()) if text[:2] == b"[{" else None for text in written])
    sizes = (len(text) if text[:2] in _LISTS else 0 for text in written)
    return array, np.fromiter(sizes, np.int64, len(written))


def _exception_types(events: pa.StringArray) -> pa.StringArray:
    if events.null_count == len(events):
        return events
    found = (exception_type(text) if text and '"exception.type"' in text else None for text in events.to_pylist())
    return strings(list(found))


def _both_or_neither(start: pa.Array, end: pa.Array) -> Flags | bool:
    if not start.null_count and not end.null_count:
        return True
    alike: Flags = flags_of(start.is_null()) == flags_of(end.is_null())
    return alike
