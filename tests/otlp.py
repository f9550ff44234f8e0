"""What the tests of OTLP JSON share: reading a content into an empty store."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from loglens.ingest.content import Content
from loglens.ingest.documents import DocumentPieces
from loglens.ingest.formats import otlp_json
from loglens.ingest.pieces import LinePieces
from loglens.ingest.reader import Counts, Reading, ReadOptions
from loglens.ingest.sampling import look

MIGRATIONS = Path(__file__).parents[1] / "loglens" / "store" / "migrations"
Row = dict[str, Any]


@dataclass
class Read:
    """A content that was read: the store, the counts of the reader, and those of its lines."""

    connection: duckdb.DuckDBPyConnection
    counts: Counts
    lines: int
    blank_lines: int
    structure_lines: int

    def rows(self, table: str, order: str = "line, ordinal") -> list[Row]:
        cursor = self.connection.execute(f"SELECT * FROM {table} ORDER BY {order}")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @property
    def rejects(self) -> list[Row]:
        return self.rows("rejects", "line, lines DESC, reason, raw")


def read_otlp(content: bytes, path: Path, options: ReadOptions | None = None) -> Read:
    """Read a content as OTLP JSON; check that its lines add up."""
    path.write_bytes(content)
    connection = duckdb.connect()
    for migration in sorted(MIGRATIONS.glob("*.sql")):
        connection.execute(migration.read_text())
    with Content(path) as opened:
        guess = look(opened, "otlp_json")
        pieces: LinePieces | DocumentPieces
        if guess.shape == "lines":
            pieces = LinePieces(opened, 1, opened.hasher(), otlp_json.FORMAT.longest_line_bytes)
        else:
            pieces = DocumentPieces(opened, 1, opened.hasher())
        reading = Reading(connection, 1, pieces, guess.sample, options or ReadOptions(), "fallback")
        otlp_json.read(reading)
        pieces.rejected.insert(connection, 1)
    structure = pieces.structure_lines
    read = Read(connection, reading.counts, pieces.lines, pieces.blank_lines, structure)
    reject_lines = sum(row["lines"] for row in read.rejects)
    assert reading.counts.record_lines + reject_lines + pieces.blank_lines + structure == pieces.lines
    records = sum(len(read.rows(table)) for table in ("spans", "logs", "metric_samples"))
    assert records == reading.counts.records
    return read


def attribute(key: str, value: Any) -> Row:
    return {"key": key, "value": value}


def trace_request(*spans: Row, resource: Any = None, scope: Any = None) -> Row:
    inner = {"spans": list(spans)} if scope is None else {"scope": scope, "spans": list(spans)}
    outer = {"scopeSpans": [inner]} if resource is None else {"resource": resource, "scopeSpans": [inner]}
    return {"resourceSpans": [outer]}


def logs_request(*records: Row, resource: Any = None) -> Row:
    outer: Row = {"scopeLogs": [{"logRecords": list(records)}]}
    return {"resourceLogs": [outer if resource is None else {"resource": resource} | outer]}


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
