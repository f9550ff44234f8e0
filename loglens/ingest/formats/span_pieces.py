"""Spans that stand in lists of JSON: what is found of each, and the expressions that read their texts."""

from __future__ import annotations

import json
from collections.abc import Iterable

import msgspec

from loglens.ingest.sql_text import quoted

# Numbers that a double does not hold, in text that is JSON: more than 17 digits, or an exponent.
INEXACT_NUMBER = r"[:\[,]\s*-?[0-9](?:[0-9.]*[eE]|[0-9.]{16})"

Time = int | float | str | None


# A span of the usual shape, whose members all have a place: the ids of trace, span and parent, name, start and duration
# in microseconds, attributes as a JSON object (none: empty), and the code of what it shares with others.
Usual = tuple[str, str, str | None, str | None, int, int | None, bytes, int]


class Found(msgspec.Struct, gc=False):
    """One span as it was written, its ids as they were judged, and its process where that stands beside it.

    `lack` says why it is no span after all; `usual` is there where it was read already.
    """

    text: bytes | msgspec.Raw
    trace_id: str | None = None
    span_id: str | None = None
    process: str | None = None
    names_service: bool = True
    lack: str | None = None
    usual: Usual | None = None


class Shared(msgspec.Struct, frozen=True):
    """What many spans have in common; the service is None where they name none, `resource` and `extra` are JSON."""

    service: str | None
    instance: str | None
    scope_name: str | None
    resource: str | None
    extra: str | None
    kind: str
    status: str
    status_message: str | None


def hex_id_sql(text: str) -> str:
    """Return a SQL expression for a trace or span id in lower case, with the zeros that were cut off its front."""
    return (
        f"CASE WHEN length({text}) IN (16, 32) THEN lower({text}) WHEN {text} = '' THEN NULL "
        f"WHEN length({text}) < 32 AND regexp_full_match({text}, '[0-9a-fA-F]+') "
        f"THEN lpad(lower({text}), CASE WHEN length({text}) < 16 THEN 16 ELSE 32 END, '0') "
        f"ELSE lower({text}) END"
    )


def time_ns_sql(microseconds: str) -> str:
    """Return a SQL expression for nanoseconds of a text with microseconds; null where it is no number or too large."""
    return f"TRY_CAST(TRY_CAST({microseconds} AS DECIMAL(30, 3)) * 1000 AS BIGINT)"


_EVENT_NS = time_ns_sql("(x.timestamp ->> '$')")


def has_odd_time_sql(start: str, events: str) -> str:
    """Return a SQL condition: the start of a span, or the time of one of its events, cannot be read."""
    return f"{time_ns_sql(start)} IS NULL OR len(list_filter({events}, lambda x: {_EVENT_NS} IS NULL)) > 0"


def beside_sql(known: Iterable[str]) -> str:
    """Return a SQL expression for the members of `text` that are read nowhere else, as a JSON object, or null."""
    names = tuple(known)
    patch = json.dumps(dict.fromkeys(names))
    is_more = f"len(list_filter(members, lambda x: x NOT IN ({', '.join(map(quoted, names))}))) > 0"
    return f"CASE WHEN {is_more} THEN CAST(json_merge_patch(text, {quoted(patch)}) AS VARCHAR) END"


def object_sql(pairs: str) -> str:
    """Return a SQL expression for a JSON object of a list of structs of key and value, or null for none."""
    member = "concat(to_json(x.key), ':', coalesce(x.value, 'null'))"
    return (
        f"CASE WHEN len({pairs}) > 0 "
        f"THEN concat('{{', array_to_string(list_transform({pairs}, lambda x: {member}), ','), '}}') END"
    )


def event_list_sql(events: str, name: str, rest: str = "''") -> str:
    """Return a SQL expression for structs with a `timestamp`, each `x` in name and rest, as OTLP writes events."""
    begin, middle = """'{"timeUnixNano":"'""", """'","name":'"""
    event = f"concat({begin}, coalesce({_EVENT_NS}, 0), {middle}, {name}, {rest}, '}}')"
    joined = f"array_to_string(list_transform({events}, lambda x: {event}), ',')"
    return f"CASE WHEN len({events}) > 0 THEN concat('[', {joined}, ']') END"
