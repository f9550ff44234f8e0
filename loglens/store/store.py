"""Opening the DuckDB file: for one question, for one writer, or as a temporary store."""

from __future__ import annotations

import os
import re
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loglens.errors import NotFound, StoreError, StoreLocked, StoreTooNew
from loglens.store.scripts import create_views, scripts

if TYPE_CHECKING:
    import duckdb

    from loglens.settings import Settings

# One process may not open a file twice with different settings, so its readers and writers take turns.
_turns: defaultdict[Path, threading.RLock] = defaultdict(threading.RLock)

# What ingest may hold in DuckDB's buffers; the rest of its memory is a few batches of input.
WRITER_MEMORY = "400MB"
# The same while other processes hold a part of the input, so that this one stays below 500 MB.
SHARED_WRITER_MEMORY = "250MB"
# Each thread holds some thousand rows of every column of a long statement; more threads would hold more than there is.
WRITER_THREADS = 4
_TEMPORARY = "temporary.duckdb"


def refuse_missing(path: Path) -> None:
    """Raise NotFound where there is no database."""
    if not path.exists():
        raise NotFound(f"No database at {path}. Make one with `loglens ingest PATH`, or name one with --db.")


@contextmanager
def open_reader(
    path: Path, settings: Settings | None = None, *, reading: Iterable[str] | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a store read-only for one question, with the views of the code that asks.

    Making them all takes longer than most questions: `reading`, the statements that will be run, leaves those that
    they name. Raises NotFound, StoreLocked (a writer holds it), StoreTooNew or StoreError.
    """
    refuse_missing(path)
    with _turns[path.resolve()]:
        connection = _connect(path, read_only=True, wait_s=0)
        try:
            _refuse_other_versions(connection, path)
            create_views(connection, settings, reading)
            yield connection
        finally:
            connection.close()


@contextmanager
def open_writer(path: Path, wait_s: float = 10) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a store for writing, making or migrating it where needed.

    Waits up to `wait_s` seconds for another process to let go. Raises StoreLocked, StoreTooNew, and StoreError where
    the store cannot be opened or written, in the block as well.
    """
    if not path.parent.is_dir():
        raise NotFound(f"Cannot make the database {path}: there is no folder {path.parent}.")
    with _turns[path.resolve()]:
        if not path.exists():
            _create(path)
        connection = _connect(path, read_only=False, wait_s=wait_s)
        try:
            connection.execute(f"SET memory_limit = '{WRITER_MEMORY}'")
            connection.execute(f"SET threads = {min(WRITER_THREADS, os.cpu_count() or 1)}")
            connection.execute("SET preserve_insertion_order = false")
            migrate(connection, path)
            yield connection
        except write_failures() as error:
            raise StoreError(explain_write_failure(path, error)) from error
        finally:
            connection.close()


@contextmanager
def shared_memory(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Leave some of a writer's memory to other processes."""
    # A connection of its own: after a failure the transaction of the other takes no statement.
    with connection.cursor() as beside:
        beside.execute(f"SET memory_limit = '{SHARED_WRITER_MEMORY}'")
        try:
            yield
        finally:
            beside.execute(f"SET memory_limit = '{WRITER_MEMORY}'")


@contextmanager
def one_thread(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let a statement that needs much memory for each thread have but one, within the block."""
    # As above.
    with connection.cursor() as beside:
        (threads,) = fetch_row(beside, "SELECT current_setting('threads')")
        beside.execute("SET threads = 1")
        try:
            yield
        finally:
            beside.execute(f"SET threads = {threads}")


@contextmanager
def in_order(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Keep rows in the order in which they were read, within the block."""
    # As above.
    with connection.cursor() as beside:
        beside.execute("SET preserve_insertion_order = true")
        try:
            yield
        finally:
            beside.execute("SET preserve_insertion_order = false")


def write_failures() -> tuple[type[Exception], ...]:
    """Return what DuckDB raises where a file cannot be written; a commit then fails as a transaction."""
    import duckdb

    return duckdb.IOException, duckdb.TransactionException, duckdb.FatalException, duckdb.InternalException


def explain_write_failure(path: Path, error: Exception) -> str:
    """Return what to say of an error among `write_failures`: that the disk is full, where it is."""
    first = str(error).splitlines()[0]
    if "No space left" in str(error) or "Disk quota" in str(error):
        elsewhere = ", or name another folder with TMPDIR," if path.name == _TEMPORARY else ""
        return f"No space left for {path}. Make room{elsewhere} and run the same command again."
    return f"Cannot write {path}: {first.rpartition('Failed to commit: ')[2]}."


@contextmanager
def temporary_store() -> Iterator[Path]:
    """Give the path of a store that goes away with the block."""
    with tempfile.TemporaryDirectory(prefix="loglens-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / _TEMPORARY


def _create(path: Path) -> None:
    """Make an empty store beside its place and move it there: killed in the middle, no half of a file is left."""
    left = path.with_name(f"{path.name}.wal")
    if left.exists() and not path.exists():
        raise StoreError(f"{left} was being written into {path.name}, which is gone. Put that back, or remove this.")
    made = path.with_name(f".{path.name}.{os.getpid()}.new")
    made.unlink(missing_ok=True)
    try:
        connection = _connect(made, read_only=False, wait_s=0, made=path)
        try:
            migrate(connection, path)
            # Closing does the same, and says nothing where it fails.
            connection.execute("CHECKPOINT")
        except write_failures() as error:
            raise StoreError(explain_write_failure(path, error)) from error
        finally:
            connection.close()
        # A link is refused where another process was quicker, a rename would replace what it made.
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        for each in (made, made.with_name(f"{made.name}.wal")):
            each.unlink(missing_ok=True)


def _connect(path: Path, read_only: bool, wait_s: float, made: Path | None = None) -> duckdb.DuckDBPyConnection:
    import duckdb

    deadline = time.monotonic() + wait_s
    while True:
        try:
            return duckdb.connect(path, read_only=read_only)
        except duckdb.ConnectionException as error:
            raise StoreLocked(
                f"{path} is open in this process with other settings. Close that connection and ask again."
            ) from error
        except duckdb.IOException as error:
            holder = re.search(r"Conflicting lock is held in (.*?) ?\(PID (\d+)\)", str(error))
            if holder is None:
                raise StoreError(_explain(made or path, str(error), is_new=made is not None)) from error
            if time.monotonic() >= deadline:
                raise StoreLocked(_name_holder(path, int(holder[2]), wait_s)) from error
            time.sleep(0.05)
        except duckdb.Error as error:
            raise StoreError(_explain(path, str(error))) from error


def _explain(path: Path, message: str, is_new: bool = False) -> str:
    if "not a valid DuckDB database" in message:
        return f"{path} is not a DuckDB database. Name another file with --db."
    # What the system says stands behind the name of the file.
    reason = message.splitlines()[0].rpartition('": ')[2]
    return f"Cannot {'make' if is_new else 'open'} the database {path}: {reason}"


def _name_holder(path: Path, pid: int, wait_s: float) -> str:
    command = ""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        command = " ".join(word.decode(errors="replace") for word in words if word)
    held = f"process {pid} ({command[:120]})" if command else f"process {pid}"
    waited = f" after waiting {wait_s:g} s" if wait_s else ""
    return f"{path} is in use by {held}{waited}. Ask again when it is done; ingest waits with --wait SECONDS."


def migrations() -> list[tuple[int, str, str]]:
    """List the migrations as (version, name, SQL), in order."""
    return [(int(name[:4]), name.removesuffix(".sql"), text) for name, text in scripts("migrations")]


def stored_versions(connection: duckdb.DuckDBPyConnection) -> frozenset[int] | None:
    """Return the numbers of the migrations a store has, or None where the file holds no store."""
    import duckdb

    # Others have tables of that name too.
    other = (duckdb.CatalogException, duckdb.BinderException, duckdb.ConversionException)
    try:
        rows = connection.execute("SELECT version::INTEGER FROM main.schema_version").fetchall()
    except other:
        return None
    return frozenset(version for (version,) in rows)


def migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Apply every migration a store does not have, one transaction each or one for a new store; refuse a newer one."""
    stored = stored_versions(connection)
    _refuse_newer(stored or frozenset(), path)
    if stored is None:
        (others,) = fetch_row(connection, "SELECT count(*) FROM duckdb_tables() WHERE NOT internal")
        if others:
            raise StoreError(f"{path} is a DuckDB database with other tables in it. Name another file with --db.")
    todo = [each for each in migrations() if each[0] not in (stored or ())]
    # A new store is made in one go: each commit waits for the disk.
    for together in [todo] if stored is None else [[each] for each in todo]:
        connection.execute("BEGIN")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version "
            "(version INTEGER NOT NULL, name VARCHAR NOT NULL, applied_ns BIGINT NOT NULL)"
        )
        for version, name, text in together:
            # One by one takes half the time of all in one call.
            for statement in connection.extract_statements(text):
                connection.execute(statement)
            connection.execute("INSERT INTO schema_version VALUES (?, ?, ?)", [version, name, time.time_ns()])
        connection.execute("COMMIT")


def _versions() -> frozenset[int]:
    return frozenset(version for version, _, _ in migrations())


def _refuse_newer(stored: frozenset[int], path: Path) -> None:
    unknown = stored - _versions()
    if unknown:
        raise StoreTooNew(
            f"{path} has schema version {max(unknown)}, and this loglens knows versions up to {max(_versions())}."
            " Use a newer loglens."
        )


def _refuse_other_versions(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    stored = stored_versions(connection)
    if stored is None:
        raise StoreError(f"{path} is a DuckDB database, and not one made by loglens. Name another file with --db.")
    _refuse_newer(stored, path)
    if _versions() - stored:
        raise StoreError(f"{path} was made by an older loglens. Bring it up to date with `loglens derive --db {path}`.")


def fetch_row(connection: duckdb.DuckDBPyConnection, statement: str, values: Any = None) -> tuple[Any, ...]:
    """Run a statement that always has one row, and return it.

    The result is read to its end: with rows left in it DuckDB refuses other work on the connection.
    """
    (row,) = connection.execute(statement, values).fetchall()
    return tuple(row)
