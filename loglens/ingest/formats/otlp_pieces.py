"""The envelopes of OTLP JSON, whatever their spelling: which records a piece holds, and where each comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from loglens.ingest.formats.otlp_origin import Around
from loglens.ingest.formats.otlp_values import MALFORMED_DEPTH, Malformed, camel

# An escape, and whether it is half of a surrogate pair on its own.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw] | None).decode


@dataclass(frozen=True)
class Signal:
    """The names of one kind of records in an envelope: of the list, of what is inside, of the records themselves."""

    name: str
    resources: str
    scopes: tuple[str, ...]
    records: str


SPANS = Signal("spans", "resourceSpans", ("scopeSpans", "instrumentationLibrarySpans"), "spans")
LOGS = Signal("logs", "resourceLogs", ("scopeLogs", "instrumentationLibraryLogs"), "logRecords")
METRICS = Signal("metrics", "resourceMetrics", ("scopeMetrics", "instrumentationLibraryMetrics"), "metrics")
SIGNALS = (SPANS, LOGS, METRICS)
WHITE_SPACE = b" \t\r\n"
SCOPES = ("scope", "instrumentationLibrary")


@dataclass(frozen=True)
class Piece:
    """A piece of a source: its place, the lines it counts for, and its text without white space at the end."""

    line: int
    ordinal: int
    lines: int
    text: memoryview


@dataclass(frozen=True)
class Group:
    """Records that share a resource and a scope; each text is a view of the piece."""

    signal: Signal
    around: Around
    records: list[bytes]


def read_envelope(text: memoryview) -> list[Group]:
    """Return the records of a piece by their origin; raises Malformed for a piece that is no OTLP request."""
    try:
        return list(_Envelope(text, text).groups())
    except RecursionError:
        raise Malformed(MALFORMED_DEPTH) from None
    except msgspec.MsgspecError as error:
        reason = str(error)
    content = bytes(text)
    whole = mended(content)
    if whole is content:
        raise Malformed(f"not JSON: {reason}")
    try:
        return list(_Envelope(text, memoryview(whole)).groups())
    except msgspec.MsgspecError as error:
        raise Malformed(f"not JSON: {error}") from None


def mended(text: bytes) -> bytes:
    """Return JSON with U+FFFD for each lone surrogate; no byte moves, and without one it is the same object."""
    if not _HALF.search(text):
        return text
    whole = _ESCAPE.sub(lambda match: b"\\ufffd" if match[1] else match[0], text)
    return text if whole == text else whole


def as_written(part: Any, whole: Any, original: memoryview) -> memoryview:
    """Return a part of a mended text as it stood before."""
    start = _address(memoryview(part)) - _address(memoryview(whole))
    return original[start : start + memoryview(part).nbytes]


class _Envelope:
    def __init__(self, original: memoryview, text: memoryview) -> None:
        self.original = original
        self.text = text
        self.is_mended = original is not text

    def groups(self) -> Iterator[Group]:
        request = self._members(self.text, "the request")
        known = {signal.resources: signal for signal in SIGNALS}
        if request and not request.keys() & known.keys():
            keys = ", ".join(sorted(request)[:5])
            raise Malformed(f"no OTLP request: an object with the keys {keys[:200]}")
        beside = tuple((f"request.{key}", bytes(raw)) for key, raw in request.items() if key not in known)
        for key, signal in known.items():
            for resource in self._elements(request.get(key), key):
                yield from self._resource(signal, resource, beside)

    def _resource(self, signal: Signal, text: msgspec.Raw, beside: tuple[tuple[str, bytes], ...]) -> Iterator[Group]:
        members = self._members(text, f"an element of {signal.resources}")
        resource = bytes(members.pop("resource", b""))
        scopes = [(key, members.pop(key)) for key in signal.scopes if key in members]
        around = beside + _beside("resource", members)
        for key, scope_list in scopes:
            for scope_text in self._elements(scope_list, key):
                inner = self._members(scope_text, f"an element of {key}")
                records = self._elements(inner.pop(signal.records, None), signal.records)
                scope = next((bytes(inner.pop(name)) for name in SCOPES if name in inner), b"")
                where = Around(resource, scope, around, _beside("scope", inner))
                yield Group(signal, where, [self._written(raw) for raw in records])

    def _written(self, raw: msgspec.Raw) -> bytes:
        """Return the text of a record as it stands in the piece."""
        return bytes(as_written(raw, self.text, self.original)) if self.is_mended else raw

    def _members(self, text: Any, what: str) -> dict[str, Any]:
        """Return the members of an object under camelCase names; raises Malformed where a name stands twice."""
        try:
            found = _decode_object(text)
        except msgspec.ValidationError:
            raise Malformed(f"{what} is not an object") from None
        named = {camel(key): raw for key, raw in found.items()}
        if len(named) < len(found) or not _is_all(text, found):
            raise Malformed(f"{what} has a key twice")
        return named

    def _elements(self, text: msgspec.Raw | None, what: str) -> list[msgspec.Raw]:
        if text is None:
            return []
        try:
            return _decode_list(text) or []
        except msgspec.ValidationError:
            raise Malformed(f"{what} is not a list") from None


def _beside(place: str, members: Mapping[str, Any]) -> tuple[tuple[str, bytes], ...]:
    """Name what else stands beside a resource or a scope the way `extra` does."""
    return tuple(
        (f"{place}SchemaUrl" if key == "schemaUrl" else f"{place}.{key}", bytes(raw)) for key, raw in members.items()
    )


def _is_all(text: Any, members: Mapping[str, msgspec.Raw]) -> bool:
    """Say whether an object holds these members and no others, such as a first one of the same key."""
    whole = memoryview(text)
    begin = _address(whole)
    placed = sorted((_address(memoryview(raw)) - begin, memoryview(raw).nbytes, key) for key, raw in members.items())
    end, opening = 0, b"{"
    for start, size, key in placed:
        gap = bytes(whole[end:start]).strip(WHITE_SPACE)
        name = gap[1:-1].strip(WHITE_SPACE)
        if gap[:1] != opening or gap[-1:] != b":" or not _is_string(name, key):
            return False
        end, opening = start + size, b","
    rest = bytes(whole[end:]).translate(None, WHITE_SPACE)
    return rest == (b"}" if placed else b"{}")


def _is_string(text: bytes, value: str) -> bool:
    try:
        return bool(msgspec.json.decode(text) == value)
    except msgspec.MsgspecError:
        return False


def _address(view: memoryview) -> int:
    import numpy as np

    return int(np.frombuffer(view, np.uint8).ctypes.data)
