"""What the fields of an access log are, told by where they stand and what they look like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from loglens.ingest.formats.json_fields import KEYS, unit_of

Kind = Literal["time", "request", "quoted", "bracket", "bare"]

# Names of log_format fields that are not those of a column.
_NAMED = {
    "rt": "duration", "request_time": "duration", "ua": "user_agent.original", "agent": "user_agent.original",
    "referer": "http.request.header.referer", "referrer": "http.request.header.referer",
    "xff": "http.request.header.x-forwarded-for", "host": "server.address", "client": "client.address",
    "bytes": "http.response.body.size", "rid": "request_id", "traceparent": "traceparent",
}  # fmt: skip
# The fields ingress-nginx adds to the combined ones.
_INGRESS = (
    "http.request.size", "duration", "nginx.proxy_upstream_name", "nginx.proxy_alternative_upstream_name",
    "nginx.upstream_addr", "nginx.upstream_response_length", "nginx.upstream_response_time", "nginx.upstream_status",
    "request_id",
)  # fmt: skip
_INGRESS_KINDS = ("bare", "bare", "bracket", "bracket", "bare", "bare", "bare", "bare", "bare")
_QUOTED_NAMES = ("http.request.header.referer", "user_agent.original", "http.request.header.x-forwarded-for")
_ADDRESS = re.compile(r"[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*(?:, ?\S+)*|localhost|unix:")
_STATUS = re.compile(r"[1-5]\d\d")
_SIZE = re.compile(r"\d+|-")
_SECONDS = re.compile(r"\d+\.\d{3,6}(?:, ?[\d.]+)*|-")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|-")
_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|-")
_SPAN = re.compile(r"[0-9a-f]{16}|-")


@dataclass
class Field:
    """One field of a line: its kind, the text before it, the key in that if there is one, and values that it had."""

    kind: Kind
    before: str
    key: str
    values: list[str] = field(default_factory=list)

    def looks(self, pattern: re.Pattern[str]) -> bool:
        """Say whether every value fits a pattern, and one of them is not just a dash."""
        return all(pattern.fullmatch(value) for value in self.values) and set(self.values) != {"-"}


def name_fields(fields: Sequence[Field]) -> list[str] | None:
    """Return for each field a column, an attribute, or a number; None where they are not those of an access log."""
    kinds = [each.kind for each in fields]
    if kinds.count("time") != 1 or kinds.count("request") != 1:
        return None
    time, request = kinds.index("time"), kinds.index("request")
    status = _find(fields, range(request + 1, len(fields)), lambda each: each.looks(_STATUS) and not each.key)
    if status is None or time > request:
        return None
    names = {time: "time", request: "message", status: "status_code"}
    for place, each in enumerate(fields):
        # A second value under one name keeps the key it was written with, where it can.
        free = (name for name in (_keyed(each.key), each.key.rstrip("=")) if name not in names.values())
        if each.key and place not in names and (name := next(free, None)):
            names[place] = name
    if (
        status + 1 < len(fields)
        and fields[status + 1].kind == "bare"
        and all(map(_SIZE.fullmatch, fields[status + 1].values))
    ):
        names.setdefault(status + 1, "http.response.body.size")
    names |= _before(fields, time)
    names |= _after(fields, status + 1, names)
    # Of two with one name the first that was told has it.
    only = {place: name for name, place in {name: place for place, name in reversed(names.items())}.items()}
    return [only.get(place, f"field_{place + 1}") for place in range(len(fields))]


def _find(fields: Sequence[Field], places: range, fits: Callable[[Field], bool]) -> int | None:
    return next((place for place in places if fits(fields[place])), None)


def _keyed(key: str) -> str:
    """Return what a field with a key is."""
    key = key.rstrip("=")
    column = next((column for column, keys in KEYS.items() if key in keys), None)
    return _NAMED.get(key.lower()) or column or key


def _before(fields: Sequence[Field], time: int) -> dict[int, str]:
    """Name what stands before the time: host, client, identity and user."""
    bare = [place for place in range(time) if fields[place].kind == "bare" and not fields[place].key]
    client = next((place for place in bare if fields[place].looks(_ADDRESS)), bare[0] if bare else None)
    if client is None:
        return {}
    names = {client: "client.address"}
    if client > 0 and client - 1 in bare:
        names[client - 1] = "server.address"
    behind = [place for place in bare if place > client]
    if behind:
        names[behind[-1]] = "user.name"
    return names


def _after(fields: Sequence[Field], first: int, known: dict[int, str]) -> dict[int, str]:
    """Name what stands behind the status: sizes, quoted headers, seconds, ids."""
    quoted = [place for place in range(first, len(fields)) if fields[place].kind == "quoted" and not fields[place].key]
    names: dict[int, str] = {}
    tail = quoted[1] + 1 if len(quoted) > 1 else first
    if tuple(each.kind for each in fields[tail:]) == _INGRESS_KINDS:
        names |= {tail + place: name for place, name in enumerate(_INGRESS)}
    free = [
        place
        for place in range(first, len(fields))
        if place not in known and place not in names and not fields[place].key
    ]
    for place, name in _by_looks(fields, [place for place in free if place not in quoted[:2]]):
        names.setdefault(place, name)
    for place, name in zip(quoted, _QUOTED_NAMES, strict=False):
        names.setdefault(place, name)
    return names


def _by_looks(fields: Sequence[Field], places: Sequence[int]) -> Iterator[tuple[int, str]]:
    seconds = [place for place in places if fields[place].looks(_SECONDS)]
    yield from zip(seconds, ("duration", "nginx.upstream_response_time"), strict=False)
    if (parent := next((place for place in places if fields[place].looks(_TRACEPARENT)), None)) is not None:
        yield parent, "traceparent"
    ids = [place for place in places if fields[place].looks(_ID)]
    spans = [place for place in places if fields[place].looks(_SPAN)]
    if ids and spans:
        yield from ((ids[0], "trace_id"), (spans[0], "span_id"))
        ids = ids[1:]
    if ids:
        yield ids[0], "id"


def unit_of_field(key: str) -> str:
    """Return the unit of a duration by the key before it; log formats count seconds."""
    return (unit_of(key) if key else None) or "s"
