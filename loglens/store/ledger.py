"""The ledger of sources: what was read, how far, and what it became."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from loglens.store.store import fetch_row

if TYPE_CHECKING:
    import duckdb

# Every table whose rows belong to a source, and where a row says that it has no time.
RECORD_TABLES = {"logs": "ts_ns", "spans": "start_ns", "metric_samples": "ts_ns", "health_checks": "ts_ns"}


@dataclass(frozen=True)
class Source:
    """One row of `sources`."""

    source_id: int
    uri: str
    format: str
    shape: str
    options: dict[str, str]
    assumptions: dict[str, str]
    stored_bytes: int
    mtime_ns: int | None
    inode: int | None
    content_bytes: int
    content_id: str
    head_bytes: int
    head_id: str
    bytes_done: int
    done_id: str
    lines_done: int
    lines: int
    blank_lines: int
    reject_lines: int
    record_lines: int
    records: int
    rejects: int
    untimed: int
    unread: int
    state: str
    note: str | None
    ingested_ns: int
    begun_ns: int | None
    open_blank_lines: int


COLUMNS = tuple(field.name for field in fields(Source))
_AS_JSON = ("options", "assumptions")


def load_sources(connection: duckdb.DuckDBPyConnection) -> list[Source]:
    """Read the whole ledger, in the order of the source numbers."""
    rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM sources ORDER BY source_id").fetchall()
    return [_from_row(dict(zip(COLUMNS, row, strict=True))) for row in rows]


def _from_row(row: dict[str, object]) -> Source:
    for name in _AS_JSON:
        row[name] = json.loads(str(row[name]))
    return Source(**row)  # type: ignore[arg-type]


def next_source_id(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the number the next new source gets."""
    (number,) = fetch_row(connection, "SELECT coalesce(max(source_id), 0) + 1 FROM sources")
    return int(number)


def save_source(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Write the ledger row of a source, replacing the one it had."""
    row = asdict(source)
    for name in _AS_JSON:
        row[name] = json.dumps(row[name], sort_keys=True)
    connection.execute("DELETE FROM sources WHERE source_id = ?", [source.source_id])
    marks = ", ".join(f"${name}" for name in COLUMNS)
    connection.execute(f"INSERT INTO sources ({', '.join(COLUMNS)}) VALUES ({marks})", row)


@dataclass(frozen=True)
class Removed:
    """How many rows of a source were removed."""

    records: int
    untimed: int
    rejects: int
    reject_lines: int


def remove_rows(connection: duckdb.DuckDBPyConnection, source_id: int, after_line: int = 0) -> Removed:
    """Remove what a source has after a line: its records and rejects, not its ledger row."""
    values = [source_id, after_line]
    records = untimed = 0
    for table, time in RECORD_TABLES.items():
        where = f"FROM {table} WHERE source_id = ? AND line > ?"
        rows, without_time = fetch_row(connection, f"SELECT count(*), count(*) FILTER ({time} IS NULL) {where}", values)
        if rows:
            records, untimed = records + rows, untimed + without_time
            connection.execute(f"DELETE {where}", values)
    rejects, reject_lines = count_rejects(connection, source_id, after_line)
    if rejects:
        connection.execute("DELETE FROM rejects WHERE source_id = ? AND line > ?", values)
    return Removed(records, untimed, rejects, reject_lines)


def count_records(connection: duckdb.DuckDBPyConnection, source_id: int, after_line: int) -> int:
    """Count the rows a source has after a line, over all tables of records."""
    total = 0
    for table in RECORD_TABLES:
        statement = f"SELECT count(*) FROM {table} WHERE source_id = ? AND line > ?"
        (rows,) = fetch_row(connection, statement, [source_id, after_line])
        total += rows
    return total


def count_rejects(connection: duckdb.DuckDBPyConnection, source_id: int, after_line: int) -> tuple[int, int]:
    """Count the rejects a source has after a line, and the lines they stand for."""
    statement = "SELECT count(*), coalesce(sum(lines), 0)::BIGINT FROM rejects WHERE source_id = ? AND line > ?"
    rejects, reject_lines = fetch_row(connection, statement, [source_id, after_line])
    return rejects, reject_lines


def forget_source(connection: duckdb.DuckDBPyConnection, source_id: int) -> Removed:
    """Remove a source with everything that came from it."""
    removed = remove_rows(connection, source_id)
    connection.execute("DELETE FROM sources WHERE source_id = ?", [source_id])
    # The number may be given to another source.
    connection.execute("DELETE FROM push_events WHERE source_id = ?", [source_id])
    return removed


def newest_record_ns(connection: duckdb.DuckDBPyConnection) -> dict[int, int]:
    """Return the time of the newest record of each source that has one."""
    parts = [
        f"SELECT source_id, max({time}) AS newest FROM {table} GROUP BY 1" for table, time in RECORD_TABLES.items()
    ]
    statement = (
        f"SELECT source_id, max(newest) FROM ({' UNION ALL '.join(parts)}) GROUP BY 1 HAVING max(newest) IS NOT NULL"
    )
    return dict(connection.execute(statement).fetchall())
