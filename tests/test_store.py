"""Opening the store: one writer, many readers one after another, and nobody else's file."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from loglens.errors import NotFound, StoreError, StoreLocked, StoreTooNew
from loglens.store.scripts import meanings
from loglens.store.store import fetch_row, migrations, open_reader, open_writer

HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        assert holder.stdin is not None
        holder.stdin.close()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "x.duckdb"
    with open_writer(path):
        pass
    return path


def test_a_new_store_has_every_migration_once(store: Path) -> None:
    with open_reader(store) as connection:
        versions = connection.execute("SELECT version, name FROM schema_version ORDER BY version").fetchall()
    assert versions == [(version, name) for version, name, _ in migrations()]
    assert versions == sorted(set(versions))
    with open_writer(store) as connection:
        assert fetch_row(connection, "SELECT count(*) FROM schema_version") == (len(migrations()),)


def test_spans_of_a_first_store_are_known_as_requests_once_it_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "first.duckdb"
    rows = [(kind, parent) for kind in ("SERVER", "INTERNAL", "UNSPECIFIED", "CLIENT") for parent in (None, "p")]
    with duckdb.connect(path) as connection:
        version, name, text = migrations()[0]
        connection.execute("CREATE TABLE schema_version (version INTEGER, name VARCHAR, applied_ns BIGINT)")
        connection.execute(text)
        connection.execute("INSERT INTO schema_version VALUES (?, ?, 0)", [version, name])
        for kind, parent in rows:
            connection.execute(
                "INSERT INTO spans (source_id, line, ordinal, trace_id, span_id, kind, parent_span_id, status) "
                "VALUES (1, 1, 0, 't', 's', ?, ?, 'UNSET')",
                [kind, parent],
            )
    with pytest.raises(StoreError, match="older loglens"), open_reader(path):
        pass
    with open_writer(path):
        pass
    with open_reader(path) as connection:
        found = connection.execute("SELECT kind, parent_span_id FROM spans WHERE is_entry").fetchall()
    assert found == [("SERVER", None), ("SERVER", "p"), ("INTERNAL", None), ("UNSPECIFIED", None)]


def test_every_table_and_column_has_its_meaning(store: Path) -> None:
    with open_reader(store) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() "
            "WHERE database_name = 'x' AND table_name <> 'schema_version'"
        ).fetchall()
    named = {table for table, _ in columns} | {f"{table}.{column}" for table, column in columns}
    told = meanings()
    assert len(named) > 100
    assert sorted(named - told.keys()) == []
    assert all(text.endswith(".") for text in told.values())


def test_a_reader_cannot_write(store: Path) -> None:
    with open_reader(store) as connection, pytest.raises(duckdb.Error, match="read-only"):
        connection.execute("DELETE FROM logs")


def made_in(connection: duckdb.DuckDBPyConnection) -> set[str]:
    views = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
    macros = "SELECT function_name FROM duckdb_functions() WHERE NOT internal"
    return {name for (name,) in connection.execute(f"{views} UNION {macros}").fetchall()}


def test_a_reader_has_the_views_its_statements_name_and_what_these_are_made_of(store: Path) -> None:
    with open_reader(store, reading=("SELECT count(*) FROM Requests",)) as connection:
        assert {"requests", "request_signals", "entry_spans", "is_health_route"} <= made_in(connection)
        assert "span_tree" not in made_in(connection)
        assert fetch_row(connection, "SELECT count(*) FROM requests") == (0,)
    with open_reader(store, reading=("SELECT count(*) FROM logs",)) as connection:
        assert made_in(connection) == set()
    with open_reader(store) as connection:
        every = made_in(connection)
    assert {"requests", "span_tree", "in_scope"} <= every
    # None is missing what it reads, and a column of a name that a view has does not make that view.
    for name in every:
        with open_reader(store, reading=(f"FROM {name}",)) as connection:
            assert name in made_in(connection)
    with open_reader(store, reading=("FROM span_tree",)) as connection:
        assert "calls" in {column for (column, *_) in connection.execute("DESCRIBE span_tree").fetchall()}
        assert "calls" not in made_in(connection)


def test_a_missing_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nothing\.duckdb"), open_reader(tmp_path / "nothing.duckdb"):
        pass


@pytest.mark.parametrize("opener", [open_reader, open_writer])
def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path, opener: object) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database\n" * 400)
    with pytest.raises(StoreError, match="is not a DuckDB database"), opener(path):  # type: ignore[operator]
        pass
    assert path.read_text().startswith("not a database")


@pytest.mark.parametrize(
    "theirs",
    [
        "accounts (id INTEGER)",
        "schema_version (installed_rank INTEGER)",
        "schema_version AS SELECT 'one' AS version",
    ],
)
def test_a_database_of_somebody_else_is_left_alone(theirs: str, tmp_path: Path) -> None:
    path = tmp_path / "other.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(f"CREATE TABLE {theirs}")
    with pytest.raises(StoreError, match="other tables"), open_writer(path):
        pass
    with pytest.raises(StoreError, match="not one made by loglens"), open_reader(path):
        pass


def test_a_newer_store_is_refused_by_name(store: Path) -> None:
    with open_writer(store) as connection:
        connection.execute("INSERT INTO schema_version VALUES (999, '0999_future', 0)")
    for opener in (open_reader, open_writer):
        with pytest.raises(StoreTooNew, match="999"), opener(store):
            pass


def test_the_holder_of_a_lock_is_named(store: Path) -> None:
    with held_by_another_process(store) as holder:
        with pytest.raises(StoreLocked, match=str(holder.pid)), open_reader(store):
            pass
        with pytest.raises(StoreLocked, match=r"after waiting 0\.1 s"), open_writer(store, wait_s=0.1):
            pass


def test_a_writer_waits_for_its_turn(store: Path) -> None:
    with held_by_another_process(store) as holder:
        threading.Timer(0.3, holder.kill).start()
        started = time.monotonic()
        with open_writer(store, wait_s=20):
            assert time.monotonic() - started > 0.2
        assert holder.stdin is not None


def test_readers_and_writers_of_one_process_take_turns(store: Path) -> None:
    seen: list[int] = []

    def read() -> None:
        for _ in range(20):
            with open_reader(store) as connection:
                seen.append(fetch_row(connection, "SELECT count(*) FROM rejects")[0])

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for _ in range(10):
        with open_writer(store, wait_s=0) as connection:
            connection.execute("INSERT INTO rejects VALUES (1, 1, 1, 'r', 'r')")
    for reader in readers:
        reader.join()
    assert len(seen) == 60
    assert all(0 <= count <= 10 for count in seen)


def test_a_killed_writer_leaves_a_readable_store(store: Path) -> None:
    script = (
        "import sys, os, signal, duckdb; c = duckdb.connect(sys.argv[1]); "
        "c.execute(\"INSERT INTO rejects VALUES (1, 1, 1, 'kept', 'r')\"); "
        "c.execute('BEGIN'); c.execute(\"INSERT INTO rejects VALUES (1, 2, 1, 'lost', 'r')\"); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(store)], check=False)
    with open_reader(store) as connection:
        assert connection.execute("SELECT reason FROM rejects").fetchall() == [("kept",)]


def test_what_is_left_of_a_store_that_is_gone_is_named(tmp_path: Path) -> None:
    path, left = tmp_path / "x.duckdb", tmp_path / "x.duckdb.wal"
    left.write_bytes(b"of another")
    with (
        pytest.raises(StoreError, match=r"x\.duckdb\.wal was being written into x\.duckdb, which is gone"),
        open_writer(path),
    ):
        pass
    assert [each.name for each in tmp_path.iterdir()] == [left.name]
    left.unlink()
    with open_writer(path):
        pass


@pytest.mark.parametrize(("folder", "told"), [("gone", "there is no folder"), ("file", "there is no folder")])
def test_a_database_that_cannot_be_made_is_named(tmp_path: Path, folder: str, told: str) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / folder / "x.duckdb"
    with pytest.raises(NotFound, match=f"Cannot make the database .*x.duckdb: {told}"), open_writer(path):
        pass


def test_what_the_system_says_of_a_database_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *, read_only: bool) -> None:
        raise duckdb.IOException(f'IO Error: Cannot open file "{path}": Permission denied')

    monkeypatch.setattr(duckdb, "connect", refuse)
    path = tmp_path / "x.duckdb"
    with (
        pytest.raises(StoreError, match=r"^Cannot make the database .*/x[.]duckdb: Permission denied$"),
        open_writer(path),
    ):
        pass
    path.write_text("")
    with (
        pytest.raises(StoreError, match=r"^Cannot open the database .*/x[.]duckdb: Permission denied$"),
        open_reader(path),
    ):
        pass
