"""Traces in the notation of tests/span_notation.py as a service without spans logs them.

A request is an access record, a statement or command a record with its text, a request to another service an
"outgoing call"; what is no call leaves nothing. `held` says what the records of a request have in common: `trace`,
`request`, `nothing`; or `session`: then they are lines of one PostgreSQL connection, and there is no access record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from span_notation import span_rows

Row = dict[str, Any]
Held = Literal["trace", "request", "session", "nothing"]


def log_rows(notation: str, held: Held) -> list[Row]:
    """Return the rows of `logs` that a notation stands for."""
    records = [record for span in span_rows(notation) for record in _records(span, held)]
    return [
        {"source_id": 1, "line": line, "ordinal": 0, **record}
        for line, record in enumerate(sorted(records, key=lambda record: int(record["ts_ns"])), start=1)
    ]


def _records(span: Mapping[str, Any], held: Held) -> Iterator[Row]:
    record: Row = {
        "service": span["service"],
        "ts_ns": span["start_ns"] + span["duration_ns"],
        "duration_ns": span["duration_ns"],
        "severity_number": 17 if span["status"] == "ERROR" else 9,
    }
    if held in {"trace", "request"}:
        record[f"{held}_id"] = span["trace_id"]
    attributes = json.loads(span["attributes"] or "{}")
    if "db_query" in span and held == "session":
        text = f"duration: {span['duration_ns'] / 1e6:.3f} ms  statement: {span['db_query']}"
        attributes["session_id"] = attributes.get("session_id", "5f.1")
        record |= {"service": "postgres", "message": text, "duration_ns": None, "attributes": json.dumps(attributes)}
        yield record
    elif "db_query" in span:
        attributes |= {"db.statement": span["db_query"], "db.system": span["db_system"]}
        yield record | {"message": "query", "attributes": json.dumps(attributes)}
    elif span["kind"] == "CLIENT" and "http_method" in span:
        named = {name: span[name] for name in ("http_method", "path", "route")}
        yield record | {"message": "outgoing call", "attributes": json.dumps(attributes), **named}
    elif span["kind"] == "SERVER" and held != "session":
        named = {name: span[name] for name in ("http_method", "path", "route", "status_code")}
        yield record | {"message": "request finished", **named}
