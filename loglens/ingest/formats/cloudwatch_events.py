"""The events of CloudWatch exports, each as a wrapped record; see wrapping.WRAPPED_SCHEMA."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pyarrow as pa

from loglens.ingest.formats.otlp_batches import Ordinals
from loglens.ingest.pieces import Reject, RejectSpool
from loglens.ingest.reader import Reading
from loglens.ingest.wrapping import WRAPPED_SCHEMA, read_wrapped

# The member that holds the events, and what that of a query calls the parts of one.
LISTS = ("logEvents", "events", "results")
_OF_QUERY = {"@timestamp": "timestamp", "@message": "message", "@logStream": "logStream", "@log": "logGroup"}
BATCH_EVENTS = 8192

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_EVENTS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


class _Field(msgspec.Struct):
    field: str
    value: msgspec.Raw = msgspec.Raw(b"null")


_ROWS = msgspec.json.Decoder(list[list[_Field]])
_DECODER = json.JSONDecoder()

Event = dict[str, msgspec.Raw]
Row = dict[str, Any]


def read_events(reading: Reading) -> None:
    """Read the events of the exports in the pieces, and reject what is none."""
    events = _Events(reading)
    read_wrapped(replace(reading, pieces=events))
    reading.counts.record_lines += events.empty_lines
    events.rejects.insert(reading.connection, reading.source_id)


class _Events:
    """The events of a content as batches of wrapped records."""

    def __init__(self, reading: Reading) -> None:
        self._pieces = reading.pieces
        self._ordinals = Ordinals()
        self.rejects = RejectSpool()
        self.empty_lines = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches, once, in order."""
        rows: list[Row] = []
        for batch in self._pieces:
            for line, lines, text in zip(*(batch[name].to_pylist() for name in ("line", "lines", "text")), strict=True):
                rows += self._rows(line, lines, text)
                if len(rows) >= BATCH_EVENTS:
                    yield pa.RecordBatch.from_pylist(rows, schema=WRAPPED_SCHEMA)
                    rows = []
        if rows:
            yield pa.RecordBatch.from_pylist(rows, schema=WRAPPED_SCHEMA)

    def _rows(self, line: int, lines: int, text: str) -> list[Row]:
        try:
            events = [event for value in _values(text) for event in _events(value)]
        except (ValueError, RecursionError) as error:
            self.rejects.add(Reject(line, lines, f"no export of CloudWatch: {error}", text.rstrip("\r\n")))
            return []
        if not events:
            self.empty_lines += lines
        first = self._ordinals.take(line, len(events))
        return [
            _row(event) | {"line": line, "ordinal": ordinal, "lines": lines if ordinal == first else 0}
            for ordinal, event in enumerate(events, first)
        ]


def _values(text: str) -> Iterator[bytes]:
    """Yield the values of a line: Firehose writes them one after another."""
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        _, end = _DECODER.raw_decode(text, place)
        yield text[place:end].encode()
        place = end


def _events(value: bytes) -> Iterator[Event]:
    """Yield the events of an export, each with what is around it; raises ValueError for what is none."""
    around = _MEMBERS.decode(value)
    name = next((name for name in LISTS if name in around), None)
    if name is None:
        raise ValueError("no member logEvents, events or results")
    inner = around.pop(name)
    if name == "results":
        rows = _ROWS.decode(inner)
        events = [{_OF_QUERY.get(each.field, each.field): each.value for each in row} for row in rows]
        around = {}
    else:
        events = _EVENTS.decode(inner)
    for event in events:
        yield {**around, **event}


def _row(event: Event) -> Row:
    texts = {name: _text(event[name]) for name in ("message", "timestamp", "logGroup", "logStream") if name in event}
    stream = texts.get("logStream") or _text(event.get("logStreamName"))
    rest = {name: value for name, value in event.items() if name not in {"message", "timestamp"}}
    return {
        "text": (texts.get("message") or "").rstrip("\r\n"),
        "outer_time": texts.get("timestamp"),
        # A group is a path, behind its account in the answers of queries.
        "outer_service": (texts.get("logGroup") or "").rpartition(":")[2].rpartition("/")[2] or None,
        "outer_instance": stream or None,
        "outer_stream": None,
        "outer_members": _members(rest),
    }


def _text(value: msgspec.Raw | None) -> str | None:
    if value is None:
        return None
    found = json.loads(bytes(value))
    return found if isinstance(found, str) else None if found is None else bytes(value).decode()


def _members(event: Mapping[str, msgspec.Raw]) -> str | None:
    """Return what else an event says as members of a JSON object."""
    return ",".join(f"{json.dumps(name)}:{bytes(value).decode()}" for name, value in event.items()) or None
