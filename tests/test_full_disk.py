"""A disk that is full: it is said, what was finished before stays, and the next run does the rest."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import duckdb
import pytest

# Files may grow to so many bytes: what a full disk is to a process that needs no rights to have one.
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from loglens.cli.main import run
run(sys.argv[2:])
"""
# A disk of so many bytes, in a namespace of its own, then a command that sees it.
TINY = 'mount -t tmpfs -o size="$1" none "$2" && shift 2 && "$@"'
LOGLENS = (sys.executable, "-m", "loglens")


def ingest_with_limit(limit_bytes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIMITED, str(limit_bytes), "ingest", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def on_tiny_disk(size_bytes: int, mount: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the folder with a tiny disk, which it sees; skip the test where nobody may make one."""
    apart = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        allowed = (
            subprocess.run([*apart, "sh", "-c", TINY, "sh", "1m", str(mount), "true"], check=False).returncode == 0
        )
    except FileNotFoundError:
        allowed = False
    if not allowed:
        pytest.skip("no rights to mount a disk of its own")
    whole = [*apart, "sh", "-c", TINY, "sh", str(size_bytes), str(mount), *command]
    return subprocess.run(whole, capture_output=True, text=True, check=False, timeout=60, cwd=mount.parent)


def log_lines(count: int, name: str) -> bytes:
    return b"".join(
        b'{"time":"2026-01-15T09:00:00Z","level":"info","message":"%s %d","key":"%032x"}\n'
        % (name.encode(), line, line)
        for line in range(count)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two small files and a large one between them."""
    made = tmp_path / "logs"
    made.mkdir()
    for name, count in (("a.log", 200), ("b.log", 20_000), ("c.log", 200)):
        (made / name).write_bytes(log_lines(count, name))
    return made


def stored(database: Path) -> list[tuple[str, int]]:
    with duckdb.connect(database, read_only=True) as connection:
        statement = (
            "SELECT parse_filename(uri), count(*) FROM logs JOIN sources USING (source_id) GROUP BY uri ORDER BY 1"
        )
        return connection.execute(statement).fetchall()


def test_a_database_that_cannot_grow_keeps_what_was_finished(folder: Path, tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    done = ingest_with_limit(1_200_000, str(folder), "--db", str(database))
    assert done.returncode == 1
    assert done.stderr.startswith(f"loglens: Cannot write {database}: Could not write file")
    assert f"It was reading {folder}/b.log; the files finished before are in." in done.stderr
    assert "Traceback" not in done.stderr
    assert stored(database) == [("a.log", 200)]
    assert ingest_with_limit(100_000_000, str(folder), "--db", str(database)).returncode == 0
    assert stored(database) == [("a.log", 200), ("b.log", 20_000), ("c.log", 200)]


def test_a_database_that_cannot_be_made_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    done = ingest_with_limit(300_000, str(folder), "--db", str(database))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"loglens: Cannot write {database}: ")
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_a_full_disk_is_named(folder: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    for size, said in (
        (400_000, ""),
        (2_000_000, f" It was reading {folder}/b.log; the files finished before are in."),
    ):
        done = on_tiny_disk(size, disk, *LOGLENS, "ingest", str(folder), "--db", str(disk / "x.duckdb"))
        told = f"No space left for {disk}/x.duckdb. Make room and run the same command again.{said}"
        assert (done.returncode, done.stderr) == (1, f"loglens: {told}\n")


def test_no_room_for_temporary_files_is_named(folder: Path, tmp_path: Path) -> None:
    disk, database = tmp_path / "disk", tmp_path / "x.duckdb"
    disk.mkdir()
    with tarfile.open(tmp_path / "logs.tar", "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, path.name)
    shutil.copy(folder / "a.log", tmp_path / "z.log")
    apart = ["env", f"TMPDIR={disk}", *LOGLENS]
    paths = [str(tmp_path / "logs.tar"), str(tmp_path / "z.log")]
    done = on_tiny_disk(500_000, disk, *apart, "ingest", *paths, "--db", str(database))
    assert done.returncode == 1
    assert (
        f"failed    logs.tar!b.log: {disk} has no room for it (2 MiB needed, 0 MiB free); TMPDIR names another folder\n"
    ) in done.stderr
    assert stored(database) == [("logs.tar!a.log", 200), ("logs.tar!c.log", 200), ("z.log", 200)]
    done = on_tiny_disk(500_000, disk, *apart, "slow", str(folder))
    assert done.returncode == 1
    assert "temporary.duckdb. Make room, or name another folder with TMPDIR, and run" in done.stderr
    piped = ["sh", "-c", 'cat "$1" | TMPDIR="$2" "$3" -m loglens ingest - --db "$4"', "sh", str(folder / "b.log")]
    done = on_tiny_disk(500_000, disk, *piped, str(disk), sys.executable, str(database))
    assert done.returncode == 1
    assert done.stderr.startswith(f"loglens: Standard input cannot be copied to {disk}/loglens-")
    assert done.stderr.endswith(": No space left on device. TMPDIR names another folder.\n")
