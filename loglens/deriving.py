"""Deriving: bring derived tables up to date with what was ingested, one transaction a derivation."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loglens.derivation import Derivation, Progress, Silent, Work
from loglens.derive import ALL
from loglens.errors import StoreError
from loglens.store.scripts import script
from loglens.store.store import fetch_row, open_writer

if TYPE_CHECKING:
    import duckdb

# What a derivation may hold in DuckDB's buffers; the columns it reckons with are beside that.
MEMORY = "1GB"

# A source in work, or gone, or read since: what the ledger of sources and that of the derivation do not agree on.
_STALE = """
    SELECT
        count(*)
    FROM (FROM sources) AS sources
    FULL JOIN (
        SELECT * FROM derived_sources WHERE derivation = $derivation AND version = $version
    ) AS seen
        ON sources.source_id = seen.source_id
        AND sources.ingested_ns = seen.ingested_ns
        AND sources.begun_ns IS NOT DISTINCT FROM seen.begun_ns
    WHERE sources.source_id IS NULL OR seen.source_id IS NULL
"""
# A source that was not begun anew still has the lines it had, but for the one that was open.
_CHANGES = """
    CREATE OR REPLACE TEMP TABLE changes AS
    SELECT
        coalesce(sources.source_id, seen.source_id)                             AS source_id,
        if(sources.begun_ns = seen.begun_ns, seen.lines_done, 0)::BIGINT         AS after_line
    FROM sources
    FULL JOIN (
        SELECT * FROM derived_sources WHERE derivation = $derivation
    ) AS seen
        ON sources.source_id = seen.source_id
    WHERE
        sources.ingested_ns IS DISTINCT FROM seen.ingested_ns
        OR sources.begun_ns IS DISTINCT FROM seen.begun_ns
    ORDER BY source_id
"""
_FORGET = "DELETE FROM derived_sources WHERE derivation = $derivation"
_REMEMBER = """
    INSERT INTO derived_sources BY NAME
    SELECT
        $derivation     AS derivation,
        $version        AS version,
        source_id       AS source_id,
        ingested_ns     AS ingested_ns,
        begun_ns        AS begun_ns,
        lines_done      AS lines_done
    FROM sources
"""
_SEEN = "SELECT count(*), count(*) FILTER (version <> $version) FROM derived_sources WHERE derivation = $derivation"


@dataclass(frozen=True)
class Outcome:
    """What one derivation did."""

    derivation: Derivation
    summary: str
    warnings: tuple[str, ...]
    elapsed_s: float


def needed(names: Iterable[str]) -> tuple[Derivation, ...]:
    """Return the derivations of these names, in the order in which they run."""
    wanted = set(names)
    assert wanted <= {derivation.name for derivation in ALL}, wanted
    return _with_needs(derivation for derivation in ALL if derivation.name in wanted)


def named_in(statement: str) -> tuple[Derivation, ...]:
    """Return the derivations whose tables or views a statement names."""
    words = set(re.findall(r"\w+", statement.lower()))
    return _with_needs(derivation for derivation in ALL if words & {*derivation.tables, *derivation.views})


def _with_needs(derivations: Iterable[Derivation]) -> tuple[Derivation, ...]:
    """Return derivations and those they build on, in the order in which they run."""
    wanted = list(derivations)
    for derivation in wanted:
        wanted += derivation.needs
    return tuple(derivation for derivation in ALL if derivation in wanted)


def stale(connection: duckdb.DuckDBPyConnection, derivations: Iterable[Derivation]) -> tuple[Derivation, ...]:
    """Return those of the derivations that do not stand for what is in the store."""
    found = []
    for derivation in derivations:
        values = {"derivation": derivation.name, "version": derivation.rules}
        if fetch_row(connection, _STALE, values) != (0,):
            found.append(derivation)
    return tuple(found)


def derive(
    path: Path,
    derivations: Sequence[Derivation] = ALL,
    *,
    again: bool = False,
    wait_s: float = 10,
    progress: Progress | None = None,
) -> list[Outcome]:
    """Bring the derivations of a store up to date, or make them from nothing with `again`; return what was done.

    Raises StoreLocked, StoreTooNew or StoreError for the database.
    """
    import duckdb

    with open_writer(path, wait_s) as connection:
        connection.execute(f"SET memory_limit = '{MEMORY}'")
        for name in ("00_ids.sql", "00_times.sql"):
            connection.execute(script("views", name))
        try:
            chosen = derivations if again else stale(connection, derivations)
            return [_run(connection, derivation, again, progress or Silent()) for derivation in chosen]
        except (duckdb.IOException, duckdb.OutOfMemoryException, MemoryError) as error:
            first, *_ = str(error).splitlines() or ["There is no memory left."]
            raise StoreError(_explain(path, first)) from error


def _explain(path: Path, message: str) -> str:
    return f"Deriving from {path} failed, and it is as it was before: {message} Make room and ask again."


def _run(connection: duckdb.DuckDBPyConnection, derivation: Derivation, again: bool, progress: Progress) -> Outcome:
    started = time.monotonic()
    progress.start(derivation.title)
    values = {"derivation": derivation.name, "version": derivation.rules}
    connection.execute("BEGIN")
    try:
        seen, outdated = fetch_row(connection, _SEEN, values)
        is_whole = again or not seen or bool(outdated)
        if is_whole:
            connection.execute(_FORGET, {"derivation": derivation.name})
            for table in derivation.tables:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608
        connection.execute(_CHANGES, {"derivation": derivation.name})
        done = derivation.run(Work(connection, is_whole, progress))
        connection.execute(_FORGET, {"derivation": derivation.name})
        connection.execute(_REMEMBER, values)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return Outcome(derivation, done.summary, done.warnings, time.monotonic() - started)
