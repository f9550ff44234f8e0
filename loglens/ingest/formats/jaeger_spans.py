"""Spans of Jaeger into rows.

Source: Jaeger's JSON model (model/json); parents, kinds and statuses as OpenTelemetry's translation has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from loglens.ingest.formats.jaeger_usual import INSTANCE_KEYS, KINDS, read_shared, read_traces, read_usual
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
    object_sql,
    time_ns_sql,
)
from loglens.ingest.formats.span_usual import has_escape
from loglens.ingest.sql_text import element


class Trace(msgspec.Struct):
    """A trace; its spans and processes stay text."""

    spans: list[msgspec.Raw] | None = None
    traceID: str | None = None  # noqa: N815 - the name in the API
    processes: dict[str, msgspec.Raw] | None = None


class Document(Trace):
    """An answer of the API or a download, a trace by itself, or a span, which has neither list."""

    data: list[Trace] | None = None


class Tag(msgspec.Struct):
    """An attribute; its value stays text."""

    key: str
    type: str | None = None
    value: msgspec.Raw = msgspec.Raw()


class Log(msgspec.Struct):
    """An event of a span."""

    timestamp: Time = None
    fields: list[Tag] | None = None


class Process(msgspec.Struct):
    """The service a span comes from."""

    serviceName: str | None = None  # noqa: N815
    tags: list[Tag] | None = None


class Head(msgspec.Struct):
    """A span, as far as its types must be right for its columns to hold what it says."""

    spanID: str  # noqa: N815
    traceID: str | None = None  # noqa: N815
    parentSpanID: str | None = None  # noqa: N815
    operationName: str | None = None  # noqa: N815
    startTime: Time = None  # noqa: N815
    duration: Time = None
    processID: str | None = None  # noqa: N815
    process: msgspec.Raw = msgspec.Raw()
    tags: list[Tag] | None = None
    logs: list[Log] | None = None
    references: list[dict[str, str]] | None = None


_DOCUMENT = msgspec.json.Decoder(Document)
_HEAD = msgspec.json.Decoder(Head)
_PROCESS = msgspec.json.Decoder(Process)

_READ = ("spanID", "traceID", "parentSpanID", "operationName", "startTime", "duration", "processID", "process", "tags",
         "logs", "references")  # fmt: skip
_PATHS = ["$.operationName", "$.startTime", "$.duration", "$.parentSpanID"]
_NAME, _START, _DURATION, _PARENT_ID = (f"v[{place}]" for place in range(1, len(_PATHS) + 1))
_TAGS = '[{"key":"VARCHAR","value":"JSON"}]'
_REFERENCES = '[{"refType":"VARCHAR","traceID":"VARCHAR","spanID":"VARCHAR"}]'
_LOGS = '[{"timestamp":"JSON","fields":[{"key":"VARCHAR","type":"VARCHAR","value":"JSON"}]}]'


class JaegerSpans:
    """The spans of Jaeger: found in their documents, read by type or by SQL."""

    columns: str

    def __init__(self) -> None:
        self.shared = Words(read_shared)

    def read_whole(self, text: bytes) -> list[Usual] | None:
        """Read an answer or a trace whose spans all have the usual shape, None where one has another."""
        return read_traces(text, self.shared)

    def split(self, text: bytes, *, is_mended: bool) -> Iterator[Found]:
        """Yield the spans of an answer, a trace or a span; raises ValueError where there are none to read."""
        document = _DOCUMENT.decode(text)
        traces = document.data if document.data is not None else [document] if document.spans is not None else None
        if traces is None:
            yield _span(msgspec.Raw(text), None, {})
            return
        escaped = has_escape(text)
        for trace in traces:
            texts = {name: bytes(process) for name, process in (trace.processes or {}).items()}
            processes = {name: _process(process) for name, process in texts.items()}
            for span in trace.spans or []:
                is_plain = not (is_mended or (escaped and has_escape(span)))
                usual = read_usual(span, texts, self.shared) if is_plain else None
                if usual is None:
                    yield _span(span, trace.traceID, processes)
                else:
                    yield Found(span, usual=usual, names_service=bool(self.shared.found[usual[-1]].service))


def _span(text: msgspec.Raw, trace_id: str | None, processes: dict[str, tuple[str, bool]]) -> Found:
    try:
        head = _HEAD.decode(text)
        process, names_service = (
            _process(bytes(head.process)) if bytes(head.process) else processes.get(head.processID or "", ("", False))
        )
    except ValueError as error:
        return Found(text, lack=f"no span of Jaeger: {error}")
    if not (head.traceID or trace_id):
        return Found(text, lack="no span of Jaeger: no traceID")
    if not head.spanID:
        return Found(text, lack="no span of Jaeger: an empty spanID")
    return Found(text, head.traceID or trace_id, head.spanID, process or None, names_service)


def _process(text: bytes) -> tuple[str, bool]:
    """Return the text of a process, and whether it names a service; raises ValueError where it is none."""
    return text.decode(), bool(_PROCESS.decode(text).serviceName)


def _columns_sql() -> str:
    """Return the SELECT that makes rows of spans in `input`."""
    named = [element(f"list_filter(about, lambda x: x.key = '{key}')") for key in INSTANCE_KEYS]
    instance = ", ".join(f"{each}.value ->> '$'" for each in named)
    same = "list_filter(refs, lambda x: coalesce(x.traceID, trace_id) = trace_id)"
    parent = (
        f"coalesce(list_filter({same}, lambda x: x.refType = 'CHILD_OF')[1].spanID, {same}[1].spanID, {_PARENT_ID})"
    )
    statement = f"""
        SELECT
            line                                                              AS line,
            ordinal                                                           AS ordinal,
            {hex_id_sql("trace_id")}                                          AS trace_id,
            {hex_id_sql("span_id")}                                           AS span_id,
            {hex_id_sql("parent_id")}                                         AS parent_span_id,
            coalesce(nullif(process ->> '$.serviceName', ''), $fallback)      AS service,
            CASE WHEN len(about) > 0 THEN coalesce({instance}) END            AS instance,
            TAG('otel.scope.name', 'otel.library.name')                       AS scope_name,
            {object_sql("about")}                                             AS resource,
            {beside_sql(_READ)}                                               AS extra,
            CASE
                WHEN upper(TAG('span.kind')) IN {KINDS} THEN upper(TAG('span.kind'))
                ELSE 'UNSPECIFIED'
            END                                                               AS kind,
            CASE
                WHEN upper(TAG('otel.status_code')) IN ('OK', 'ERROR') THEN upper(TAG('otel.status_code'))
                WHEN lower(TAG('error')) = 'true' THEN 'ERROR'
                ELSE 'UNSET'
            END                                                               AS status,
            TAG('otel.status_description')                                    AS status_message,
            {_NAME}                                                           AS name,
            {time_ns_sql(_START)}                                             AS start_ns,
            {time_ns_sql(_DURATION)}                                          AS duration_ns,
            {object_sql("tags")}                                              AS attributes,
            {_events_sql()}                                                   AS events,
            {_links_sql()}                                                    AS links,
            {_exception_sql()}                                                AS exception_type,
            CASE
                WHEN written IS NOT NULL THEN written
                WHEN regexp_matches(text, '{INEXACT_NUMBER}')
                    OR len(list_distinct(members)) < len(members)
                    OR {has_odd_time_sql(_START, "logs")}
                    OR len(list_distinct(keys)) < len(keys)
                    THEN text::VARCHAR
            END                                                               AS raw
        FROM (
            SELECT
                *,
                {parent}                                                      AS parent_id,
                list_transform(tags, lambda x: x.key)                         AS keys
            FROM (
                SELECT
                    *,
                    json_extract_string(text, {_PATHS!r})                     AS v,
                    json_keys(text)                                           AS members,
                    from_json(json_extract(text, '$.tags'), '{_TAGS}')        AS tags,
                    from_json(json_extract(text, '$.logs'), '{_LOGS}')        AS logs,
                    from_json(json_extract(text, '$.references'), '{_REFERENCES}') AS refs,
                    from_json(json_extract(process, '$.tags'), '{_TAGS}')     AS about
                FROM input
            )
        )
    """
    return re.sub(r"TAG\(([^)]*)\)", lambda match: _tag(match[1]), statement)


def _tag(names: str) -> str:
    """Return the SQL expression for the text of the first of some tags."""
    found = [f"({element('tags', f'list_position(keys, {name.strip()})')}.value ->> '$')" for name in names.split(",")]
    return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"


def _events_sql() -> str:
    """Return a SQL expression for logs as OTLP writes events: the field `event`, or else `message`, is the name."""
    named, told = (element(f"list_filter(x.fields, lambda f: f.key = '{key}')") for key in ("event", "message"))
    rest = "list_filter(x.fields, lambda f: f.key <> 'event')"
    value = """CASE
        WHEN f.value ->> '$' IS NULL THEN 'null'
        WHEN f.type = 'bool' AND json_type(f.value) = 'BOOLEAN' THEN concat('{"boolValue":', f.value, '}')
        WHEN f.type = 'int64' THEN concat('{"intValue":', to_json(f.value ->> '$'), '}')
        WHEN f.type = 'float64' AND json_type(f.value) <> 'VARCHAR' THEN concat('{"doubleValue":', f.value, '}')
        WHEN f.type = 'binary' THEN concat('{"bytesValue":', to_json(f.value ->> '$'), '}')
        ELSE concat('{"stringValue":', to_json(f.value ->> '$'), '}')
    END"""
    attribute = f"""concat('{{"key":', to_json(f.key), ',"value":', {value}, '}}')"""
    attributes = f"array_to_string(list_transform({rest}, lambda f: {attribute}), ',')"
    name = f"to_json(coalesce({named}.value ->> '$', {told}.value ->> '$', 'log'))"
    return event_list_sql("logs", name, f"""',"attributes":[', {attributes}, ']'""")


def _exception_sql() -> str:
    """Return a SQL expression for the type of the exception a log of the span tells of."""
    fields = "flatten(list_transform(logs, lambda x: x.fields))"
    typed = f"list_filter({fields}, lambda f: f.key IN ('exception.type', 'error.kind'))"
    return f"CASE WHEN len(logs) > 0 THEN {element(typed)}.value ->> '$' END"


def _links_sql() -> str:
    """Return a SQL expression for the references that are no parent, as OTLP writes links."""
    others = "list_filter(refs, lambda x: x.spanID <> parent_id OR coalesce(x.traceID, trace_id) <> trace_id)"
    kind = '{"key":"opentracing.ref_type","value":{"stringValue":'
    attribute = f"CASE WHEN x.refType IS NOT NULL THEN concat('{kind}', to_json(lower(x.refType)), '}}}}') END"
    link = (
        "concat('{\"traceId\":', to_json(coalesce(x.traceID, trace_id)), "
        "',\"spanId\":', coalesce(to_json(x.spanID), 'null'), "
        f"',\"attributes\":[', {attribute}, ']}}')"
    )
    return (
        f"CASE WHEN len({others}) > 0 "
        f"THEN concat('[', array_to_string(list_transform({others}, lambda x: {link}), ','), ']') END"
    )


JaegerSpans.columns = _columns_sql()
