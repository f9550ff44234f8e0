"""Index templates: what each index holds, declared with its fields, and nothing that grows by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from typing import Any

from loglens.columns import Column
from loglens.push.fields import ORIGIN, RESULT_NAMES, Field, FieldType, Stream
from loglens.push.names import Names
from loglens.push.server import PushError, Server

OWNER = "loglens"
# Raised when what a field is changes; a template is only ever replaced by a later one, or by one with more fields.
VERSION = 1
PRIORITY = 300
# Templates that are put side by side.
_AT_ONCE = 8
# Lucene refuses terms of more than 32,766 bytes, and a character has up to four.
_LONGEST_KEYWORD = 8191
_TYPES: Mapping[FieldType, dict[str, Any]] = {
    "date_nanos": {"type": "date_nanos"},
    "keyword": {"type": "keyword", "ignore_above": _LONGEST_KEYWORD},
    "text": {"type": "text"},
    "long": {"type": "long"},
    "double": {"type": "double"},
    "boolean": {"type": "boolean"},
    "flattened": {"type": "flattened", "ignore_above": _LONGEST_KEYWORD},
    "stored": {"type": "object", "enabled": False},
}
_FLAT_OBJECT = {"type": "flat_object"}
_OF_KIND: Mapping[str, FieldType] = {
    "integer": "long",
    "real": "double",
    "decimal": "double",
    "boolean": "boolean",
    "time_ns": "date_nanos",
    "time_us": "date_nanos",
    "json": "stored",
    "nested": "stored",
}

Template = dict[str, Any]


def stream_templates(stream: Stream, names: Names, product: str) -> dict[str, Template]:
    """Return the templates of the indices of a table of events, by their names."""
    fields = (Field("@timestamp", "date_nanos", ""), *ORIGIN, *stream.fields)
    index = names.stream(stream.name)
    if names.layout != "data-stream":
        return {index: _template(names.patterns(stream.name), fields, product)}
    # A data stream takes nothing without a time, which goes to an index beside it.
    untimed = names.untimed(stream.name)
    return {
        index: {**_template([index], fields, product), "data_stream": {}},
        untimed: _template([untimed], fields, product),
    }


def results_template(index: str, columns: Iterable[Column], is_computed: bool, product: str) -> Template:
    """Return the template of the index of an answer.

    Numbers made in Python may be whole in one answer and not in the next.
    """
    fields = [
        Field("@timestamp", "date_nanos", ""),
        *(Field(name, "keyword", "") for name in ("loglens.analysis", "loglens.run", "loglens.window")),
        *(Field(field_name(column), _field_type(column, is_computed), "") for column in columns),
    ]
    return _template([index], fields, product)


def field_name(column: Column) -> str:
    """Return what a column of an answer is called in a document."""
    return RESULT_NAMES.get(column.name, column.name)


def _field_type(column: Column, is_computed: bool) -> FieldType:
    kind = column.kind
    if is_computed and column.is_number and not column.name.endswith("_ns"):
        return "double"
    return _OF_KIND.get(kind, "text" if column.name in {"message", "summary"} else "keyword")


def _template(patterns: list[str], fields: Iterable[Field], product: str) -> Template:
    properties: dict[str, Any] = {}
    for field in fields:
        place = properties
        *outer, last = field.name.split(".") if field.name != "@timestamp" else [field.name]
        for name in outer:
            place = place.setdefault(name, {"properties": {}})["properties"]
        place[last] = _FLAT_OBJECT if field.type == "flattened" and product == "opensearch" else _TYPES[field.type]
    meta = {"managed_by": OWNER, "version": VERSION}
    return {
        "index_patterns": patterns,
        "priority": PRIORITY,
        "version": VERSION,
        "_meta": meta,
        "template": {
            "settings": {"index": {"number_of_shards": 1, "auto_expand_replicas": "0-1"}},
            "mappings": {"dynamic": False, "_meta": meta, "properties": properties},
        },
    }


def install(server: Server, templates: Mapping[str, Template]) -> None:
    """Put the templates that are missing, older, or lack a field.

    Raises PushError where those of somebody else are in the way.
    """
    found = server.call("GET", "/_index_template", missing={}).get("index_templates", [])
    known = {each["name"]: each["index_template"] for each in found}
    behind: list[str] = []
    for name, template in templates.items():
        present = known.get(name)
        if present and present.get("_meta", {}).get("managed_by") != OWNER:
            raise PushError(
                f"An index template {name} on {server.url} belongs to somebody else."
                " Push under other names with --namespace."
            )
        _refuse_overlap(server, name, template, known)
        if present is None or _is_behind(present, template):
            behind.append(name)
    # A server writes down together what it is told at the same time.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(lambda name: server.call("PUT", f"/_index_template/{name}", templates[name]), behind))


def _is_behind(present: Template, template: Template) -> bool:
    version = int(present.get("version", 0))
    if version != VERSION:
        return version < VERSION
    known = present.get("template", {}).get("mappings", {}).get("properties", {})
    return bool(
        present.get("index_patterns") != template["index_patterns"]
        or _lacks(known, template["template"]["mappings"]["properties"])
    )


def _lacks(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether fields are wanted that are not known, at any depth."""
    return any(
        name not in known or _lacks(known[name].get("properties", {}), field.get("properties", {}))
        for name, field in wanted.items()
    )


def _refuse_overlap(server: Server, name: str, template: Template, known: Mapping[str, Template]) -> None:
    for other, present in known.items():
        if other == name or present.get("priority", 0) < PRIORITY:
            continue
        for pattern in present.get("index_patterns", []):
            for own in template["index_patterns"]:
                if fnmatch(own.replace("*", "026.01.15"), pattern):
                    raise PushError(
                        f"The index template {other} on {server.url} also covers {own} ({pattern}), with priority"
                        f" {present.get('priority', 0)}. Lower that below {PRIORITY}, or push under"
                        " names that it does not cover, with --namespace."
                    )
