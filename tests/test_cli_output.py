"""Where answers go: files, pipes, terminals, and nowhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import MakeStore, Shell

from loglens.errors import INTERRUPTED


def test_output_goes_to_a_file_whole(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "slow.json"
    target.write_text("old")
    target.chmod(0o640)
    assert shell("slow", "--output", target) == (0, "", "")
    assert len(json.loads(target.read_text())) == 3
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert shell("slow", "--output", "plain.txt") == (0, "", "")
    assert (tmp_path / "plain.txt").read_text() == shell("slow").out
    assert shell("slow", "--format", "csv", "--output", "x.json") == (0, "", "")
    assert (tmp_path / "x.json").read_text().startswith("service,route,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain.txt", "slow.json", "x.json"]


def test_output_that_fails_leaves_the_old_file(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_text("old")
    statement = "SELECT if(n < 90000, 1, ('x' || n)::INTEGER) AS n FROM range(100000) t(n)"
    done = shell("sql", statement, "--output", target)
    assert (done.code, done.out) == (2, "")
    assert "Could not convert string 'x90000' to INT32" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize(
    ("target", "message"),
    [("gone/x.json", "there is no folder gone"), (".", "it is a folder"), ("x" * 300, "File name too long")],
)
def test_output_that_cannot_be_written_is_said(shell: Shell, target: str, message: str) -> None:
    done = shell("slow", "--output", target)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("loglens: Cannot write ")
    assert message in done.err


def test_a_device_is_written_to_and_never_replaced(shell: Shell) -> None:
    assert shell("slow", "--output", "/dev/null") == (0, "", "")
    assert not Path("/dev/null").is_file()


def test_a_full_disk_is_said(small_store: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "loglens", "slow", "--db", str(small_store)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "loglens: Cannot write to standard output: No space left on device.\n")


def test_a_closed_pipe_ends_quietly(small_store: Path) -> None:
    statement = "SELECT repeat('x', 1000) AS message FROM range(100000)"
    command = [sys.executable, "-m", "loglens", "sql", statement, "--format", "jsonl", "--db", str(small_store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert len(process.stdout.readline()) == 1015
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_a_closed_pipe_ends_help_quietly() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "loglens", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_without_stdout_there_is_a_message(small_store: Path) -> None:
    line = f"exec {shlex.quote(sys.executable)} -m loglens slow --db {shlex.quote(str(small_store))} >&-"
    done = subprocess.run(["/bin/sh", "-c", line], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "loglens: Standard output is closed.\n")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT sum(sin(a.range) + b.range) FROM range(100000000) a, range(100000) b",
        "SELECT 'x' FROM range(10000000000)",
    ],
)
def test_ctrl_c_stops_within_two_seconds(small_store: Path, statement: str) -> None:
    command = [sys.executable, "-m", "loglens", "sql", statement, "--db", str(small_store), "--format", "csv"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        time.sleep(1)
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().lstrip("\n") == "loglens: Stopped.\n"
        assert process.wait(60) == INTERRUPTED
        assert time.monotonic() - asked < 2


@pytest.mark.parametrize("stopped", ["raise KeyboardInterrupt", "exec('raise KeyboardInterrupt')"])
def test_ctrl_c_while_modules_are_imported_is_no_traceback(tmp_path: Path, stopped: str) -> None:
    (tmp_path / "click.py").write_text(stopped)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "loglens"], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, "", "\nloglens: Stopped.\n")


def test_bytes_that_are_not_text_are_refused(small_store: Path) -> None:
    command = [sys.executable.encode(), b"-m", b"loglens", b"slow", b"--service", b"\xff", b"--db", bytes(small_store)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "loglens: service is not UTF-8 text: '\\udcff'.\n")


def test_columns_narrows_a_piped_table(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = shell("slow")
    assert max(map(len, done.out.splitlines())) <= 80
    assert done.err.startswith("loglens: No room for ")
    assert "297" in done.out


def test_a_terminal_gets_colour_unless_it_is_refused(small_store: Path) -> None:
    def on_a_terminal(**environment: str) -> bytes:
        import pty

        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "loglens", "slow", "--db", str(small_store)]
        settings = {**os.environ, "TERM": "xterm", **environment}
        with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=settings) as process:
            os.close(theirs)
            read = b""
            while chunk := _read(ours):
                read += chunk
            process.wait(60)
        os.close(ours)
        return read

    coloured = on_a_terminal().splitlines()
    assert coloured[1].startswith(b"\x1b[1m")
    assert [line.startswith(b"\x1b[2m") for line in coloured[2:]] == [False, True, True]
    assert b"\x1b" not in on_a_terminal(NO_COLOR="1")
    assert b"\x1b" not in on_a_terminal(TERM="dumb")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def test_hostile_values_reach_no_terminal(shell: Shell, make_store: MakeStore) -> None:
    hostile = "\x1b]0;title\x07\x9b31m\u202e' OR 1=1; -- <script>\r\n"
    store = make_store({"logs": [{"service": hostile, "message": hostile, "attributes": '{"\x9b":"\u202e"}'}]})
    done = shell("sql", "SELECT service, message, attributes FROM logs", "--db", store)
    assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", done.out) is None
    assert len(done.out.splitlines()) == 2
    done = shell("sql", "SELECT message FROM logs", "--db", store, "--format", "json")
    assert json.loads(done.out) == [{"message": hostile}]
    assert done.out.isprintable() is False
    assert re.search("[\x1b\x9b\u202e]", done.out) is None
    done = shell("slow", "--db", "\x1b[31m.duckdb")
    assert done.err.startswith("loglens: No database at \\x1b[31m.duckdb.")


def test_an_answer_without_rows_is_a_sentence(shell: Shell, tmp_path: Path) -> None:
    lines = (f'{{"time":"2026-01-15T{at}:00Z","level":"INFO","service":"api","msg":"up"}}' for at in ("11:00", "12:00"))
    (tmp_path / "api.log").write_text("\n".join(lines))
    shell("ingest", "api.log", "--db", "x.duckdb")
    asked = ("--db", "x.duckdb")
    assert shell("errors", *asked).out == "No errors from 2026-01-15 11:00:00 to 12:00:00 UTC.\n"
    assert shell("bursts", *asked).out == "No bursts of errors from 2026-01-15 11:00:00 to 12:00:00 UTC.\n"
    told = shell("errors", *asked, "--service", "x", "--route", "/y", "--since", "30m").out
    assert told == "No errors of x that match from 2026-01-15 11:30:00 to 12:00:00 UTC.\n"
    assert shell("errors", *asked, "--format", "json").out == "[]\n"


@pytest.mark.parametrize(
    ("command", "of_all"),
    [
        ("rejects", "Everything was read: nothing was rejected.\n"),
        ("trace-quality", "Nothing is wrong with the traces.\n"),
        ("concurrency", "Nothing that has a time and a duration was in flight.\n"),
    ],
)
def test_what_is_only_true_of_all_is_not_said_of_a_part(
    shell: Shell, tmp_path: Path, command: str, of_all: str
) -> None:
    (tmp_path / "api.log").write_text('{"time":"2026-01-15T11:00:00Z","service":"api","msg":"up"}\n')
    shell("ingest", "api.log", "--db", "x.duckdb")
    asked = (command, "--db", "x.duckdb")
    assert shell(*asked).out == of_all
    told = shell(*asked, "--service", "x").out
    assert told == "Nothing to tell of x from 2026-01-15 11:00:00 UTC.\n"
    told = shell(*asked, "--since", "2026-01-15T10:00:00Z", "--until", "2026-01-15T10:30:00Z").out
    assert told == "Nothing to tell from 2026-01-15 10:00:00 to 10:30:00 UTC.\n"


def test_nothing_to_tell_of_what_was_asked_for(shell: Shell) -> None:
    told = shell("concurrency", "--by", "peer", "--service", "x").out
    assert told.startswith("Nothing to tell of x that matches from 2026-01-15 ")
