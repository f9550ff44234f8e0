"""A compact notation for traces in case files: one span a line, children indented below their parent.

```
GET /orders/{id}                              240 ms
  SELECT * FROM item WHERE id = {i}    x12      4 ms
  redis GET cart:{i}                            1 ms    at 60 ms
  http GET prices/items/{i}            x5       9 ms    every 2 ms
    prices: GET /items/{id}                     7 ms
```

A line is what the span is, then fields set off by two spaces or more. Spans without an `at` follow one another, the
first at the start of their parent; times are exact. Every unindented line begins a trace of its own.

| what it is                      | the span                                                                        |
|---------------------------------|---------------------------------------------------------------------------------|
| `GET /path`                     | SERVER with method and route                                                    |
| `receive queue`, `send queue`   | CONSUMER, PRODUCER                                                              |
| `SELECT …`, any SQL verb        | CLIENT with db_query, postgresql                                                |
| `redis GET key`                 | CLIENT with db_query, redis                                                     |
| `http GET host/path`            | CLIENT with method, path, route and peer                                        |
| `grpc package.Service/Method`   | CLIENT with rpc attributes                                                      |
| `chat model`                    | CLIENT with gen_ai_model                                                        |
| `loop`                          | no span: its children again and again, in the place of one                      |
| anything else                   | INTERNAL of that name                                                           |

`name: ` in front gives the service; children have that of their parent, roots that of `api`.

| field           | means                                                                          |
|-----------------|--------------------------------------------------------------------------------|
| `240 ms`        | duration (`us`, `ms`, `s`); else as long as its children, or 1 ms               |
| `x12`           | that many, one after another, with their children; of a root, that many traces |
| `every 2 ms`    | their starts are that far apart instead; `every 0 ms` is all at once            |
| `at 60 ms`      | starts that long after its parent did                                          |
| `same trace`    | of a root: in the trace of the root before                                      |
| `error`         | status ERROR                                                                   |
| `name=value`    | a column of `spans`, or else an attribute                                      |

`{i}` in text or value is the number of the repetition, from 1; `{t}` that of the trace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
from conftest import START_NS, insert_rows

Row = dict[str, Any]

COLUMNS = {
    *("service", "instance", "name", "kind", "status", "status_message", "user_id", "error_type", "scope_name"),
    *("http_method", "path", "route", "status_code", "db_system", "db_query", "peer_service", "gen_ai_model"),
    *("messaging_system", "messaging_destination", "trace_id", "span_id", "parent_span_id", "events", "links"),
    *("start_ns", "resource", "extra"),
}
_UNITS = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_LENGTH = re.compile(r"(-?[\d.]+) (us|ms|s)")
_SQL = "SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|SET|EXECUTE|CALL|COPY|SHOW"


@dataclass
class Line:
    """One line, and those below it."""

    text: str
    depth: int
    times: int = 1
    length_ns: int | None = None
    every_ns: int | None = None
    at_ns: int | None = None
    is_same_trace: bool = False
    values: dict[str, str] = field(default_factory=dict)
    children: list[Line] = field(default_factory=list)


def span_rows(notation: str, start_ns: int = START_NS) -> list[Row]:
    """Return the rows of `spans` that a notation stands for, traces and spans numbered from 1."""
    writer = _Writer()
    for line in _parse(notation):
        at_ns = start_ns + (line.at_ns or 0)
        for number in range(1, line.times + 1):
            if not line.is_same_trace:
                writer.begin_trace()
            length = writer.write(line, at_ns, None, {"i": number, "t": number}, "api")
            at_ns += line.every_ns if line.every_ns is not None else length
        start_ns = at_ns
    return writer.rows


def insert_spans(connection: duckdb.DuckDBPyConnection, notation: str) -> None:
    """Insert the spans of a notation into a store."""
    insert_rows(connection, "spans", span_rows(notation))


def _parse(notation: str) -> list[Line]:
    roots: list[Line] = []
    open_lines: list[Line] = []
    for text in notation.splitlines():
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        line = _parse_line(text)
        while open_lines and open_lines[-1].depth >= line.depth:
            open_lines.pop()
        (open_lines[-1].children if open_lines else roots).append(line)
        open_lines.append(line)
    return roots


def _parse_line(text: str) -> Line:
    first, *fields = re.split(r"\s{2,}", text.strip())
    line = Line(first, len(text) - len(text.lstrip()))
    for word in fields:
        if re.fullmatch(r"x\d+", word):
            line.times = int(word[1:])
        elif word == "error":
            line.values["status"] = "ERROR"
        elif word == "same trace":
            line.is_same_trace = True
        elif word.startswith("at "):
            line.at_ns = _length_ns(word[3:])
        elif word.startswith("every "):
            line.every_ns = _length_ns(word[6:])
        elif "=" in word:
            name, _, value = word.partition("=")
            line.values[name] = value
        else:
            line.length_ns = _length_ns(word)
    return line


def _length_ns(text: str) -> int:
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no field of a span line")
    return round(float(found[1]) * _UNITS[found[2]])


class _Writer:
    """Writes lines as rows, one after another in time."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.traces = 0

    def begin_trace(self) -> None:
        self.traces += 1

    def write(self, line: Line, start_ns: int, parent: str | None, numbers: Mapping[str, int], service: str) -> int:
        """Write one line once with all below it, and return how long it took."""
        named = re.fullmatch(r"([\w.-]+): (.+)", line.text)
        what = _fill(named[2] if named else line.text, numbers)
        if what == "loop":
            return self._write_children(line, start_ns, parent, numbers, service)
        service = named[1] if named else service
        row: Row = {
            "source_id": 1,
            "line": len(self.rows) + 1,
            "ordinal": 0,
            "trace_id": f"{self.traces:032x}",
            "span_id": f"{len(self.rows) + 1:016x}",
            "parent_span_id": parent,
            "service": service,
            "name": what,
            "kind": "INTERNAL",
            "start_ns": start_ns,
            "status": "UNSET",
        }
        attributes = _describe(what, row)
        for name, value in line.values.items():
            (row if name in COLUMNS else attributes)[name] = _value(_fill(value, numbers))
        self.rows.append(row)
        taken = self._write_children(line, start_ns, row["span_id"], numbers, row["service"])
        row["duration_ns"] = line.length_ns if line.length_ns is not None else taken or 1_000_000
        row["attributes"] = json.dumps(attributes) if attributes else None
        return int(row["duration_ns"])

    def _write_children(
        self, line: Line, start_ns: int, parent: str | None, numbers: Mapping[str, int], service: str
    ) -> int:
        cursor_ns = last_ns = start_ns
        for child in line.children:
            if child.at_ns is not None:
                cursor_ns = start_ns + child.at_ns
            for number in range(1, child.times + 1):
                inner = numbers if child.times == 1 else {**numbers, "i": number}
                end_ns = cursor_ns + self.write(child, cursor_ns, parent, inner, service)
                last_ns = max(last_ns, end_ns)
                cursor_ns = end_ns if child.every_ns is None else cursor_ns + child.every_ns
            cursor_ns = last_ns
        return last_ns - start_ns


def _fill(text: str, numbers: Mapping[str, int]) -> str:
    return text.replace("{i}", str(numbers["i"])).replace("{t}", str(numbers["t"]))


def _value(text: str) -> str | int:
    return int(text) if re.fullmatch(r"-?\d+", text) and len(text) < 16 else text


def _describe(what: str, row: Row) -> Row:
    """Set the columns of what a span is, and return its attributes."""
    verb, _, rest = what.partition(" ")
    if re.fullmatch(r"[A-Z]+ /.*", what):
        row |= {"kind": "SERVER", "http_method": verb, "path": rest, "route": rest, "status_code": 200}
    elif verb in {"receive", "send"}:
        kind = "CONSUMER" if verb == "receive" else "PRODUCER"
        row |= {"kind": kind, "messaging_system": "kafka", "messaging_destination": rest}
    elif re.match(rf"(?:{_SQL})\b", what):
        row |= {"kind": "CLIENT", "name": verb, "db_system": "postgresql", "db_query": what, "peer_service": "postgres"}
    elif verb == "redis":
        row |= {"kind": "CLIENT", "name": rest.split(" ")[0], "db_system": "redis", "db_query": rest}
        row |= {"peer_service": "redis"}
    elif verb == "http":
        method, _, address = rest.partition(" ")
        host, slash, path = address.partition("/")
        route = re.sub(r"(?<=/)\d+", "{id}", slash + path)
        row |= {"kind": "CLIENT", "name": method, "http_method": method, "path": f"http://{address}", "route": route}
        row |= {"peer_service": host, "status_code": 200}
    elif verb == "grpc":
        service, _, method = rest.partition("/")
        row |= {"kind": "CLIENT", "name": rest, "peer_service": service.split(".")[-1].lower()}
        return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}
    elif verb == "chat":
        row |= {"kind": "CLIENT", "gen_ai_model": rest, "peer_service": "llm"}
        return {"gen_ai.operation.name": "chat", "gen_ai.request.model": rest}
    return {}


def outline(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str, float, float]]:
    """Yield depth, name, start and duration in milliseconds of spans in the order they were written."""
    depths: dict[Any, int] = {None: -1}
    origin_ns: dict[str, int] = {}
    for row in rows:
        depths[row["span_id"]] = depths[row["parent_span_id"]] + 1
        origin = origin_ns.setdefault(row["trace_id"], row["start_ns"])
        yield depths[row["span_id"]], row["name"], (row["start_ns"] - origin) / 1e6, row["duration_ns"] / 1e6
