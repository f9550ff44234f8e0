"""Spans decoded by type into the columns of a batch, with a verdict for each span."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loglens.ingest.formats.otlp_attributes import Flattener
from loglens.ingest.formats.otlp_columns import Codes, Columns, Flags, Ints, dictionary, ids, strings, times
from loglens.ingest.formats.otlp_exact import exception_type
from loglens.ingest.formats.otlp_origin import Origin
from loglens.ingest.formats.otlp_scalars import KINDS, SPAN_ID_BYTES, STATUSES, TRACE_ID_BYTES, read_enum
from loglens.ingest.formats.otlp_typed import NOTHING, Span, Status
from loglens.ingest.formats.otlp_words import Words, json_size, members, origin_columns, texts

EXTRAS = ("traceState", "flags", "droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")
_EXTRAS = attrgetter(*EXTRAS)


class SpanReader:
    """Makes columns of typed spans; keeps what repeats from batch to batch."""

    def __init__(self) -> None:
        self._flattener = Flattener()
        self._kinds = Words(_kind)
        self._statuses = Words(_status)
        self._extras = Words(_extra_text)

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
        kind, kind_sizes = self._kinds.look_up([span.kind for span in spans])
        status, status_sizes = self._statuses.look_up([_status_key(span.status) for span in spans])
        name, name_sizes = texts([span.name for span in spans])
        extra, extra_sizes = self._extra(spans, origins, codes)
        events, event_sizes = json_texts([span.events for span in spans])
        links, link_sizes = json_texts([span.links for span in spans])
        good = flat.whole & trace.good & own.good & (parent.good | (parent.sizes <= 2)) & start.good & end.good
        good &= (kind_sizes >= 0) & (status_sizes >= 0) & _both_or_neither(start.array, end.array)
        sizes = extra_sizes + 1
        for key, part in (
            ("traceId", trace.sizes), ("spanId", own.sizes), ("parentSpanId", parent.sizes),
            ("startTimeUnixNano", start.sizes), ("endTimeUnixNano", end.sizes), ("name", name_sizes),
            ("kind", kind_sizes), ("status", status_sizes), ("attributes", flat.sizes), ("events", event_sizes),
            ("links", link_sizes),
        ):  # fmt: skip
            sizes += members(key, part)
        columns = origin_columns(origins, codes) | {
            "trace_id": trace.array, "span_id": own.array, "parent_span_id": parent.array, "name": name,
            "start_ns": start.array, "duration_ns": pc.subtract(end.array, start.array), "extra": extra,
            "kind": dictionary(kind, self._kinds.found),
            "status": dictionary(status, [code for code, _ in self._statuses.found]),
            "status_message": dictionary(status, [message for _, message in self._statuses.found]),
            "attributes": flat.texts, "events": events, "links": links, "exception_type": _exception_types(events),
            "raw": pa.nulls(len(spans), pa.string()),
        }  # fmt: skip
        return Columns(columns, good, sizes)

    def _extra(self, spans: Sequence[Span], origins: Sequence[Origin], codes: Codes) -> tuple[pa.Array, Ints]:
        """Make the column with what else the spans hold; return it with the bytes that takes in each span."""
        own, sizes = self._extras.look_up(list(map(_EXTRAS, spans)))
        pairs = codes.astype(np.int64) * len(self._extras.found) + own
        distinct, places = np.unique(pairs, return_inverse=True)
        combined = []
        for origin, extra in zip(*divmod(distinct, len(self._extras.found)), strict=True):
            text = ",".join(part for part in (self._extras.found[extra], origins[origin].extra) if part)
            combined.append(f"{{{text}}}" if text else None)
        return dictionary(places.astype(np.int32), combined), sizes


def _kind(value: Any) -> tuple[str, int]:
    name, known = read_enum(None if value is None else str(value), KINDS, "SPAN_KIND_")
    return name, json_size(value) if known else -1


def _status_key(status: Status | None) -> tuple[int | str | None, str | None] | None:
    return None if status is None else (status.code, status.message)


def _status(key: tuple[int | str | None, str | None] | None) -> tuple[tuple[str, str | None], int]:
    code, message = key or (None, None)
    name, known = read_enum(None if code is None else str(code), STATUSES, "STATUS_CODE_")
    inner = sum(
        len(word) + 4 + json_size(part) for word, part in (("code", code), ("message", message)) if part is not None
    )
    size = 0 if key is None else max(2, inner + 1)
    return (name, message or None), size if known else -1


def json_texts(raws: Sequence[msgspec.Raw]) -> tuple[pa.StringArray, Ints]:
    """Make an array of JSON lists as they were written, null for absent and empty ones, and the bytes of each."""
    if raws.count(NOTHING) == len(raws):
        return pa.nulls(len(raws), pa.string()), np.zeros(len(raws), np.int64)
    written = [bytes(raw) for raw in raws]
    array = strings([text.decode() if len(text) > 2 else None for text in written])
    return array, np.fromiter(map(len, written), np.int64, len(written))


def _exception_types(events: pa.StringArray) -> pa.StringArray:
    if events.null_count == len(events):
        return events
    found = (exception_type(text) if text and '"exception.type"' in text else None for text in events.to_pylist())
    return strings(list(found))


def _both_or_neither(start: pa.Array, end: pa.Array) -> Flags | bool:
    if not start.null_count and not end.null_count:
        return True
    alike: Flags = np.asarray(start.is_null()) == np.asarray(end.is_null())
    return alike


def _extra_text(values: tuple[Any, ...]) -> tuple[str, int]:
    text = ",".join(
        f'"{key}":{msgspec.json.encode(value).decode()}'
        for key, value in zip(EXTRAS, values, strict=True)
        if value is not None
    )
    return text, len(text.encode()) + 1 if text else 0
