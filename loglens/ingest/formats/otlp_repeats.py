"""The texts that repeat from span to span, each read once: middles, rests, and what stands between the spans."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from loglens.ingest.formats.otlp_origin import Around
from loglens.ingest.formats.otlp_pieces import Signal
from loglens.ingest.formats.otlp_scalars import KINDS, STATUSES, read_enum
from loglens.ingest.formats.otlp_typed import NOTHING, Status, groups, skeleton_bytes

NEXT = b","
PLACE = b"0"
UNREADABLE = -1


class Middle(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What stands between the ids and the times of a span."""

    flags: int | None = None
    name: str | None = None
    kind: int | str | None = None


class Rest(msgspec.Struct, forbid_unknown_fields=True):
    """What stands behind the attributes of a span."""

    attributes: list[None] | None = None
    droppedAttributesCount: int | None = None  # noqa: N815
    events: msgspec.Raw = NOTHING
    droppedEventsCount: int | None = None  # noqa: N815
    links: msgspec.Raw = NOTHING
    droppedLinksCount: int | None = None  # noqa: N815
    status: Status | None = None


class ScopeSkeleton(msgspec.Struct, forbid_unknown_fields=True, rename={"records": "spans"}):
    """A scope with a number in the place of its spans."""

    scope: msgspec.Raw = NOTHING
    records: list[int] = []
    schemaUrl: msgspec.Raw = NOTHING  # noqa: N815


class ResourceSkeleton(msgspec.Struct, forbid_unknown_fields=True, rename={"scopes": "scopeSpans"}):
    """The scopes of one resource."""

    resource: msgspec.Raw = NOTHING
    scopes: list[ScopeSkeleton] = []
    schemaUrl: msgspec.Raw = NOTHING  # noqa: N815


class Skeleton(msgspec.Struct, forbid_unknown_fields=True, rename={"resources": "resourceSpans"}):
    """A request without its spans."""

    resources: list[ResourceSkeleton]


@dataclass(frozen=True)
class SpanMiddle:
    """A middle that was read; `extra` are members of the column of that name."""

    name: str | None
    kind: str
    extra: str


@dataclass(frozen=True)
class SpanRest:
    """A rest that was read; `after` is what stands behind the span."""

    status: str
    status_message: str | None
    extra: str
    events: str | None
    links: str | None
    after: bytes


NO_MIDDLE = SpanMiddle(None, "", "")
NO_REST = SpanRest("", None, "", None, None, b"")
_decode_middle = msgspec.json.Decoder(Middle).decode
_decode_rest = msgspec.json.Decoder(Rest).decode
_decode_skeleton = msgspec.json.Decoder(Skeleton).decode
_json = json.JSONDecoder()
EXTRAS = ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")


def quotes_of(text: bytes) -> int:
    """Count the quotes in a JSON text that carry no backslash."""
    return text.count(b'"') - text.count(b'\\"')


def read_middle(text: bytes) -> tuple[SpanMiddle, int]:
    """Read a middle; return with it how many quotes it has, UNREADABLE where it cannot be read this way."""
    whole = b"{" + text[1:] + b"}"
    try:
        middle = _decode_middle(whole)
    except msgspec.MsgspecError:
        return NO_MIDDLE, UNREADABLE
    kind, known = read_enum(None if middle.kind is None else str(middle.kind), KINDS, "SPAN_KIND_")
    if not known or len(msgspec.json.encode(middle)) != len(whole) or text[:1] not in (b",", b""):
        return NO_MIDDLE, UNREADABLE
    extra = "" if middle.flags is None else f'"flags":{middle.flags}'
    return SpanMiddle(middle.name, kind, extra), quotes_of(text)


def read_rest(text: bytes) -> tuple[SpanRest, int]:
    """Read a rest; return with it how many quotes it has, UNREADABLE where it cannot be read this way."""
    begun = "{" + text.decode().removeprefix(",")
    try:
        _, size = _json.raw_decode(begun)
        rest = _decode_rest(begun[:size])
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return NO_REST, UNREADABLE
    status = rest.status or Status()
    code, known = read_enum(None if status.code is None else str(status.code), STATUSES, "STATUS_CODE_")
    if not known or _written_bytes(rest) != len(begun[:size].encode()):
        return NO_REST, UNREADABLE
    counts = ((key, getattr(rest, key)) for key in EXTRAS)
    extra = ",".join(f'"{key}":{count}' for key, count in counts if count is not None)
    events, links = (bytes(raw).decode() if len(bytes(raw)) > 2 else None for raw in (rest.events, rest.links))
    after = begun[size:].encode()
    return SpanRest(code, status.message or None, extra, events, links, after), quotes_of(text)


def _written_bytes(value: msgspec.Struct) -> int:
    """Return the bytes that the members of an object that are there take as JSON."""
    members = ((key, getattr(value, key)) for key in value.__struct_fields__)
    sizes = [len(key) + 4 + _size(member) for key, member in members if member is not None and member is not NOTHING]
    return sum(sizes) + 1 if sizes else 2


def _size(value: Any) -> int:
    return _written_bytes(value) if isinstance(value, msgspec.Struct) else len(msgspec.json.encode(value))


def read_skeleton(parts: Sequence[bytes], signal: Signal) -> list[Around] | None:
    """Return where the spans between the parts of a piece come from, None where these are not its usual envelope."""
    text = PLACE.join(parts)
    try:
        request: Any = _decode_skeleton(text)
    except msgspec.MsgspecError:
        return None
    places = len(parts) - 1
    found = [(around, records) for around, records in groups(request) if records]
    if skeleton_bytes(request, signal) + places * len(PLACE) != len(text):
        return None
    return [around for around, _ in found] if [records for _, records in found] == [[0]] * places else None
