"""Where records come from: a resource and a scope, read once for all records that share them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from loglens.ingest.formats.otlp_values import Writer, encodable, parse
from loglens.ingest.semconv import INSTANCE

MAX_KEPT = 5000


@dataclass(frozen=True)
class Origin:
    """A resource and a scope: the columns they fill, and the members of `extra` they add, as JSON text.

    `service` is None where the resource has no service.name.
    """

    service: str | None
    instance: str | None
    resource: str | None
    scope_name: str | None
    extra: str


class Around(NamedTuple):
    """The JSON texts around some records: resource, scope, and what stands beside them by its name in `extra`."""

    resource: bytes
    scope: bytes
    resource_members: tuple[tuple[str, bytes], ...] = ()
    scope_members: tuple[tuple[str, bytes], ...] = ()


class Origins:
    """Reads origins and keeps them by their text."""

    def __init__(self, fallback_service: str) -> None:
        self._fallback_service = fallback_service
        self.fell_back = False
        self._kept: dict[Around, Origin] = {}

    def of(self, around: Around) -> Origin:
        """Return the origin some texts stand for; raises Malformed."""
        origin = self._kept.get(around)
        if origin is None:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            origin = read_origin(around)
            if not origin.service:
                origin = replace(origin, service=self._fallback_service)
                self.fell_back = True
            self._kept[around] = origin
        return origin


def read_origin(around: Around) -> Origin:
    """Read a resource and a scope; raises Malformed."""
    writer = Writer()
    resource = writer.members(parse(around.resource or b"null"), "resource")
    attributes = writer.attributes(resource.get("attributes"), "resource.attributes")
    by_name = _texts(resource.get("attributes"))
    extra: dict[str, str] = {}
    beside = {key: value for key, value in resource.items() if key != "attributes"}
    if writer.lost:
        extra["resource"] = around.resource.decode()
    elif beside:
        extra["resource"] = writer.plain(beside)
    scope = writer.members(parse(around.scope or b"null"), "scope")
    name = scope.get("name")
    name = encodable(name) if isinstance(name, str) else None
    unnamed = {key: value for key, value in scope.items() if key != "name" or name is None}
    if unnamed:
        extra["scope"] = _scope(unnamed, around.scope)
    for key, value in (*around.resource_members, *around.scope_members):
        extra[key] = value.decode()
    return Origin(
        service=by_name.get("service.name"),
        instance=next((by_name[key] for key in INSTANCE if by_name.get(key)), None),
        resource=attributes,
        scope_name=name or None,
        extra=",".join(f"{writer.string(key)}:{text}" for key, text in extra.items()),
    )


def _scope(members: Mapping[str, Any], whole: bytes) -> str:
    """Write what a scope holds beside its name, attributes flat; the scope as it came where that loses something."""
    writer = Writer()
    written = []
    for key, value in members.items():
        text = writer.attributes(value, "scope.attributes") if key == "attributes" else writer.plain(value)
        if text is not None:
            written.append(f"{writer.string(key)}:{text}")
    return whole.decode() if writer.lost else "{" + ",".join(written) + "}"


def _texts(attributes: Any) -> dict[str, str]:
    """Return the attributes whose value is text or a number, the first of each name."""
    found: dict[str, str] = {}
    for pair in attributes or ():
        value = (pair or {}).get("value")
        if isinstance(value, dict) and len(value) == 1:
            content = next(iter(value.values()))
            if isinstance(content, str):
                found.setdefault(pair.get("key", ""), encodable(content))
    return found
