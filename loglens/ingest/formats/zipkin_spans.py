"""Spans of Zipkin into rows.

Source: the Zipkin v2 API (zipkin.io/zipkin-api), Span; kinds and the peer as OpenTelemetry's translation has them.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from loglens.ingest.formats.otlp_words import Words
from loglens.ingest.formats.span_pieces import (
    INEXACT_NUMBER,
    Found,
    Time,
    Usual,
    beside_sql,
    event_list_sql,
    has_odd_time_sql,
    hex_id_sql,
    time_ns_sql,
)
from loglens.ingest.formats.span_usual import has_escape
from loglens.ingest.formats.zipkin_usual import KINDS, read_list, read_shared, read_usual


class Annotation(msgspec.Struct):
    """An event of a span."""

    timestamp: Time = None
    value: str | None = None


class Endpoint(msgspec.Struct):
    """One side of a call."""

    serviceName: str | None = None  # noqa: N815 - the name in the API


class Head(msgspec.Struct):
    """A span, as far as its types must be right for its columns to hold what it says."""

    traceId: str  # noqa: N815
    id: str
    parentId: str | None = None  # noqa: N815
    name: str | None = None
    kind: str | None = None
    timestamp: Time = None
    duration: Time = None
    localEndpoint: Endpoint | None = None  # noqa: N815
    remoteEndpoint: Endpoint | None = None  # noqa: N815
    tags: dict[str, msgspec.Raw] | None = None
    annotations: list[Annotation] | None = None


_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_HEAD = msgspec.json.Decoder(Head)

_READ = ("traceId", "id", "parentId", "name", "kind", "timestamp", "duration", "tags", "annotations")
_PATHS = [
    "$.parentId", "$.name", "$.kind", "$.timestamp", "$.duration", "$.localEndpoint.serviceName",
    "$.localEndpoint.ipv4", "$.localEndpoint.ipv6", "$.remoteEndpoint.serviceName", "$.tags", '$.tags."error"',
    '$.tags."otel.status_code"', '$.tags."otel.scope.name"',
]  # fmt: skip
(_PARENT_ID, _NAME, _KIND, _START, _DURATION, _SERVICE, _IPV4, _IPV6, _PEER, _TAGS, _ERROR, _STATUS, _SCOPE) = (
    f"v[{place}]" for place in range(1, len(_PATHS) + 1))  # fmt: skip
_ANNOTATIONS = '[{"timestamp":"JSON","value":"VARCHAR"}]'


class ZipkinSpans:
    """The spans of Zipkin: found in their lists, read by type or by SQL."""

    columns: str

    def __init__(self) -> None:
        self.shared = Words(read_shared)

    def read_whole(self, text: bytes) -> list[Usual] | None:
        """Read a list whose spans all have the usual shape, None where one has another."""
        return read_list(text, self.shared)

    def split(self, text: bytes, *, is_mended: bool) -> Iterator[Found]:
        """Yield the spans of a value: one, or some in lists of any depth; raises ValueError for anything else."""
        escaped = has_escape(text)
        for span in _flat(msgspec.Raw(text)):
            is_plain = not (is_mended or (escaped and has_escape(span)))
            usual = read_usual(span, self.shared) if is_plain else None
            if usual is None:
                yield _span(span)
            else:
                yield Found(span, usual=usual, names_service=bool(self.shared.found[usual[-1]].service))


def _flat(text: msgspec.Raw) -> Iterator[msgspec.Raw]:
    if bytes(memoryview(text)[:1]) != b"[":
        yield text
        return
    for item in _LIST.decode(text):
        yield from _flat(item)


def _span(text: msgspec.Raw) -> Found:
    try:
        head = _HEAD.decode(text)
    except ValueError as error:
        return Found(text, lack=f"no span of Zipkin: {error}")
    for name, value in (("traceId", head.traceId), ("id", head.id)):
        if not value:
            return Found(text, lack=f"no span of Zipkin: an empty {name}")
    return Found(text, head.traceId, head.id, names_service=bool(head.localEndpoint and head.localEndpoint.serviceName))


def _columns_sql() -> str:
    """Return the SELECT that makes rows of spans in `input`."""
    return f"""
        SELECT
            line                                                              AS line,
            ordinal                                                           AS ordinal,
            {hex_id_sql("trace_id")}                                          AS trace_id,
            {hex_id_sql("span_id")}                                           AS span_id,
            {hex_id_sql(_PARENT_ID)}                                          AS parent_span_id,
            coalesce(nullif({_SERVICE}, ''), $fallback)                       AS service,
            coalesce({_IPV4}, {_IPV6})                                        AS instance,
            {_SCOPE}                                                          AS scope_name,
            NULL                                                              AS resource,
            {beside_sql(_READ)}                                               AS extra,
            CASE
                WHEN {_KIND} IS NULL THEN 'INTERNAL' WHEN {_KIND} IN {KINDS} THEN {_KIND} ELSE 'UNSPECIFIED'
            END                                                               AS kind,
            CASE
                WHEN {_ERROR} IS NOT NULL THEN 'ERROR'
                WHEN upper({_STATUS}) IN ('OK', 'ERROR') THEN upper({_STATUS})
                ELSE 'UNSET'
            END                                                               AS status,
            nullif({_ERROR}, '')                                              AS status_message,
            {_NAME}                                                           AS name,
            {time_ns_sql(_START)}                                             AS start_ns,
            {time_ns_sql(_DURATION)}                                          AS duration_ns,
            {_attributes_sql()}                                               AS attributes,
            {event_list_sql("notes", "to_json(coalesce(x.value, ''))")}             AS events,
            NULL                                                              AS links,
            NULL                                                              AS exception_type,
            CASE
                WHEN written IS NOT NULL THEN written
                WHEN regexp_matches(text, '{INEXACT_NUMBER}')
                    OR len(list_distinct(members)) < len(members)
                    OR {_KIND} NOT IN {KINDS}
                    OR {has_odd_time_sql(_START, "notes")}
                    OR len(list_distinct(json_keys({_TAGS}))) < len(json_keys({_TAGS}))
                    THEN text::VARCHAR
            END                                                               AS raw
        FROM (
            SELECT
                *,
                json_extract_string(text, {_PATHS!r})                         AS v,
                json_keys(text)                                               AS members,
                from_json(json_extract(text, '$.annotations'), '{_ANNOTATIONS}') AS notes
            FROM input
        )
    """


def _attributes_sql() -> str:
    """Return a SQL expression for the tags, with the service at the other end of a call as `peer.service`."""
    peer = f"concat('\"peer.service\":', to_json({_PEER}), '}}')"
    return f"""
            CASE
                WHEN {_PEER} IS NULL OR {_KIND} IS NULL OR {_KIND} NOT IN ('CLIENT', 'PRODUCER')
                    OR contains({_TAGS}, '"peer.service"')
                    THEN nullif({_TAGS}, '{{}}')
                WHEN coalesce({_TAGS}, '{{}}') = '{{}}' THEN concat('{{', {peer})
                ELSE concat(left({_TAGS}, -1), ',', {peer})
            END"""


ZipkinSpans.columns = _columns_sql()
