"""The export requests of OTLP protobuf: which records one holds, of which kind they are, where each comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from loglens.ingest.formats.otlp_messages import MESSAGES
from loglens.ingest.formats.otlp_origin import Around
from loglens.ingest.formats.otlp_pieces import LOGS, METRICS, SPANS, Signal
from loglens.ingest.formats.otlp_scalars import SPAN_ID_BYTES, TRACE_ID_BYTES
from loglens.ingest.formats.otlp_transcode import SCALARS, UNKNOWN, transcode, unknown_text
from loglens.ingest.formats.otlp_values import Malformed
from loglens.ingest.protobuf_wire import BYTES, BrokenWire, Buffer, read_field, read_fields

MESSAGE_OF = {SPANS: "Span", METRICS: "Metric", LOGS: "LogRecord"}
METRIC_DATA = frozenset({5, 7, 9, 10, 11})
# Request, resource and scope share these numbers: what they are about, what they hold, their schema.
ABOUT, HELD, SCHEMA_URL = 1, 2, 3
RESOURCES, RECORD_TAG = 1, 0x12
MAX_KEPT = 5000
Field = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class WireGroup:
    """Records that share a resource and a scope, by the places where each begins and ends."""

    around: Around
    begins: list[int]
    ends: list[int]


class RequestReader:
    """Reads requests; keeps the resources and scopes it has written as JSON."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, bytes], bytes] = {}

    def groups(self, data: Buffer, begin: int, end: int) -> list[WireGroup]:
        """Return the records of a request; raises Malformed."""
        try:
            return list(self._groups(data, begin, end))
        except BrokenWire as error:
            raise Malformed(f"no OTLP request: {error}") from None

    def around(self, resource: bytes, scope: bytes) -> Around:
        """Return what the bytes of a resource and a scope stand for; raises Malformed."""
        return Around(self._about(resource, "Resource"), self._about(scope, "Scope"))

    def _groups(self, data: Buffer, begin: int, end: int) -> Iterator[WireGroup]:
        unread: list[Field] = []
        resources = []
        for field in read_fields(data, begin, end):
            if field[0] == RESOURCES and field[1] == BYTES:
                resources.append(field)
            else:
                unread.append(field)
        beside = _unknown("request", data, unread)
        for _, _, start, stop, _ in resources:
            resource, scopes, around = self._parts(data, start, stop, "Resource")
            for _, _, scope_start, scope_stop, _ in scopes:
                yield self._scope(data, scope_start, scope_stop, resource, beside + around)

    def _parts(
        self, data: Buffer, begin: int, end: int, message: str
    ) -> tuple[bytes, list[Field], tuple[tuple[str, bytes], ...]]:
        """Return what an element is about, the fields it holds, and what stands beside."""
        about, url = b"", ""
        held, unread = [], []
        for field in read_fields(data, begin, end):
            number, wire, start, stop, _ = field
            if wire != BYTES or number > SCHEMA_URL:
                unread.append(field)
            elif number == HELD:
                held.append(field)
            elif number == ABOUT:
                about += bytes(data[start:stop])
            else:
                url = _text(data, start, stop)
        return (
            self._about(about, message),
            held,
            _beside(message.lower(), url) + _unknown(message.lower(), data, unread),
        )

    def _scope(
        self, data: Buffer, begin: int, end: int, resource: bytes, around: tuple[tuple[str, bytes], ...]
    ) -> WireGroup:
        about, url = b"", ""
        begins: list[int] = []
        ends: list[int] = []
        unread = []
        place = begin
        while place < end:
            place = pass_records(data, place, end, begins, ends)
            if place == end:
                break
            field = read_field(data, place, end)
            number, wire, start, place, _ = field
            if wire != BYTES or number > SCHEMA_URL:
                unread.append(field)
            elif number == HELD:
                begins.append(start)
                ends.append(place)
            elif number == ABOUT:
                about += bytes(data[start:place])
            else:
                url = _text(data, start, place)
        beside = _beside("scope", url) + _unknown("scope", data, unread)
        return WireGroup(Around(resource, self._about(about, "Scope"), around, beside), begins, ends)

    def _about(self, content: bytes, message: str) -> bytes:
        """Return the JSON form of a resource or a scope."""
        if not content:
            return b""
        key = (message, content)
        if key not in self._kept:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[key] = transcode(content, message).encode()
        return self._kept[key]


def pass_records(data: Buffer, place: int, end: int, begins: list[int], ends: list[int]) -> int:
    """Note where records begin and end while their lengths are short, and return the place behind them."""
    begun, ended = begins.append, ends.append
    last = end - 3
    while place <= last and data[place] == RECORD_TAG:
        low, high = data[place + 1], data[place + 2]
        if low < 128:
            start = place + 2
            stop = start + low
        elif high < 128:
            start = place + 3
            stop = start + (low & 127 | high << 7)
        else:
            break
        if stop > end:
            break
        begun(start)
        ended(stop)
        place = stop
    return place


def _text(data: Buffer, begin: int, end: int) -> str:
    try:
        return bytes(data[begin:end]).decode()
    except UnicodeDecodeError:
        raise Malformed("a schema URL is not UTF-8") from None


def _beside(place: str, url: str) -> tuple[tuple[str, bytes], ...]:
    return ((f"{place}SchemaUrl", json.dumps(url, ensure_ascii=False).encode()),) if url else ()


def _unknown(place: str, data: Buffer, fields: list[Field]) -> tuple[tuple[str, bytes], ...]:
    return ((f"{place}.{UNKNOWN}", unknown_text(data, fields).encode()),) if fields else ()


def signal_of(data: Buffer, begin: int, end: int) -> Signal | None:
    """Return the kind of a record by its fields, None where it could be none or anything."""
    try:
        fields = list(read_fields(data, begin, end))
    except BrokenWire:
        return None
    sizes = {number: stop - start for number, _, start, stop, _ in fields}
    if sizes.get(1) == TRACE_ID_BYTES and sizes.get(2) == SPAN_ID_BYTES and _fits(fields, "Span"):
        return SPANS
    if 1 in sizes and METRIC_DATA & sizes.keys() and _fits(fields, "Metric"):
        return METRICS
    return LOGS if fields and _fits(fields, "LogRecord") else None


def _fits(fields: list[Field], message: str) -> bool:
    """Say whether fields are of the kinds that a message has, all but a few known."""
    table = MESSAGES[message]
    known = [(table[number], wire) for number, wire, *_ in fields if number in table]
    kinds = all(wire == (BYTES if member.kind in MESSAGES else SCALARS[member.kind][0]) for member, wire in known)
    return kinds and len(known) > len(fields) / 2
