"""What the store keeps of pushes: how far each source was taken, which rows were sent as they are, what was refused."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import duckdb

    from loglens.push.bulk import Refused


@dataclass(frozen=True)
class Progress:
    """How far the records of one source in one table have been taken by a target.

    Records up to line `again_to_line` had been sent before and may be others now: they replace what the server has.
    """

    target: str
    stream: str
    source_id: int
    begun_ns: int | None
    source_key: str
    lines_done: int
    done_line: int
    done_ordinal: int
    documents: int
    content_id: str | None
    again_to_line: int = 0


_COLUMNS = ", ".join(each.name for each in fields(Progress))


def load_progress(connection: duckdb.DuckDBPyConnection, target: str, stream: str) -> dict[int, Progress]:
    """Return the progress of every source of a table, by the number of the source."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM push_events WHERE target = ? AND stream = ?", [target, stream]
    ).fetchall()
    return {row[2]: Progress(*row) for row in rows}


def save_progress(connection: duckdb.DuckDBPyConnection, progress: Iterable[Progress]) -> None:
    """Write the progress of sources."""
    marks = ", ".join("?" for _ in fields(Progress))
    for each in progress:
        connection.execute(
            f"INSERT OR REPLACE INTO push_events ({_COLUMNS}) VALUES ({marks})", list(vars(each).values())
        )


def load_digests(
    connection: duckdb.DuckDBPyConnection, target: str, indices: Sequence[str]
) -> dict[str, dict[str, str]]:
    """Return the digest of each document that was sent, by its index and its id."""
    rows = connection.execute(
        "SELECT index_name, document_id, digest FROM push_results WHERE target = ? AND list_contains(?, index_name)",
        [target, list(indices)],
    ).fetchall()
    found: dict[str, dict[str, str]] = {index: {} for index in indices}
    for index, document_id, digest in rows:
        found[index][document_id] = digest
    return found


def save_digests(connection: duckdb.DuckDBPyConnection, target: str, digests: Iterable[tuple[str, str, str]]) -> None:
    """Write the digests of documents that were taken, each with its index and its id."""
    _insert(connection, "push_results", [(target, *each) for each in digests])


def drop_digests(connection: duckdb.DuckDBPyConnection, target: str, places: Sequence[tuple[str, str]]) -> None:
    """Forget documents that are about to be replaced, each by its index and its id."""
    indices, ids = [index for index, _ in places], [document_id for _, document_id in places]
    connection.execute(
        "DELETE FROM push_results USING (SELECT unnest(?) AS index_name, unnest(?) AS document_id) AS replaced "
        "WHERE target = ? AND push_results.index_name = replaced.index_name "
        "AND push_results.document_id = replaced.document_id",
        [indices, ids, target],
    )


def forget_digests(connection: duckdb.DuckDBPyConnection, target: str, indices: Sequence[str]) -> None:
    """Forget what was sent to indices that are no longer as they were left."""
    connection.execute(
        "DELETE FROM push_results WHERE target = ? AND list_contains(?, index_name)", [target, list(indices)]
    )


def place(item: bytes) -> tuple[str, str]:
    """Return the index and the id an item of a bulk request is meant for."""
    (meta,) = orjson.loads(item.partition(b"\n")[0]).values()
    return meta["_index"], meta["_id"]


def source_of(document_id: str) -> str:
    """Return the source that the id of an event names."""
    return document_id.rsplit("-", 2)[0]


def save_refused(
    connection: duckdb.DuckDBPyConnection, target: str, refused: Sequence[Refused], is_event: bool = True
) -> None:
    """Keep documents that a server refused."""
    now_ns = time.time_ns()
    rows: dict[tuple[str, str], tuple[Any, ...]] = {}
    for each in refused:
        index, document_id = place(each.item)
        source_key = source_of(document_id) if is_event else None
        told = (source_key, each.status, each.reason, each.item.decode(), now_ns)
        rows[index, document_id] = (target, index, document_id, *told)
    _insert(connection, "push_rejects", list(rows.values()))


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows, or put them in the place of those with the same key: column by column, as row by row takes long."""
    if rows:
        columns = [list(column) for column in zip(*rows, strict=True)]
        values = ", ".join("unnest(?)" for _ in columns)
        connection.execute(f"INSERT OR REPLACE INTO {table} SELECT {values}", columns)


def load_refused(connection: duckdb.DuckDBPyConnection, target: str) -> list[tuple[bytes, bool]]:
    """Return the items a target refused, and whether each is an event."""
    rows = connection.execute(
        "SELECT request, source_key FROM push_rejects WHERE target = ? ORDER BY index_name, document_id", [target]
    ).fetchall()
    return [(request.encode(), source_key is not None) for request, source_key in rows]


def count_refused(connection: duckdb.DuckDBPyConnection, target: str, stream: str) -> dict[str, int]:
    """Return how many documents of each source are refused, of the indices whose names begin so."""
    rows = connection.execute(
        "SELECT source_key, count(*) FROM push_rejects "
        "WHERE target = ? AND source_key IS NOT NULL AND starts_with(index_name, ?) GROUP BY 1",
        [target, stream],
    ).fetchall()
    return dict(rows)


def drop_refused(connection: duckdb.DuckDBPyConnection, target: str, items: Iterable[bytes]) -> None:
    """Forget refusals of documents that were taken after all."""
    rows = [[target, *place(item)] for item in items]
    if rows:
        connection.executemany("DELETE FROM push_rejects WHERE target = ? AND index_name = ? AND document_id = ?", rows)


def drop_refused_events(connection: duckdb.DuckDBPyConnection, progress: Progress, index: str) -> None:
    """Forget refusals of records of a source after a place in it, as they are about to be sent again."""
    connection.execute(
        "DELETE FROM push_rejects WHERE target = ? AND source_key = ? AND starts_with(index_name, ?) "
        "AND CAST(split_part(document_id, '-', -2) AS BIGINT) > ?",
        [progress.target, progress.source_key, index, progress.done_line],
    )


def drop_refused_rows(connection: duckdb.DuckDBPyConnection, target: str, indices: Sequence[str]) -> None:
    """Forget refusals of rows of answers, as each that is not there yet has been sent again."""
    connection.execute(
        "DELETE FROM push_rejects WHERE target = ? AND list_contains(?, index_name) AND source_key IS NULL",
        [target, list(indices)],
    )
