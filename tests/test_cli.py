"""The command line as a person or a script meets it: stdout, stderr and the exit code."""

from __future__ import annotations

import csv
import io
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
from typing import NamedTuple

import pytest
from conftest import MakeStore

import loglens
from loglens.cli import console, main
from loglens.errors import IngestError, LoglensError


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Shell:
    """A shell in an empty folder, with the small store as its database."""

    def __init__(self, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        self._captured = capfdbinary

    def __call__(self, *arguments: str | Path) -> Done:
        with pytest.raises(SystemExit) as exited:
            main.run([str(argument) for argument in arguments])
        out, err = self._captured.readouterr()
        code = exited.value.code
        assert isinstance(code, int)
        return Done(code, out.decode(), err.decode())


@pytest.fixture
def shell(
    capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, small_store: Path, monkeypatch: pytest.MonkeyPatch
) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGLENS_DB", str(small_store))
    return Shell(capfdbinary)


def test_the_table_is_on_stdout_and_nothing_on_stderr(shell: Shell) -> None:
    done = shell("slow", "--p99")
    assert done.code == 0
    assert done.err == ""
    lines = done.out.splitlines()
    assert re.split("  +", lines[0])[:6] == ["service", "route", "requests", "errors", "p50 ms", "p90 ms"]
    assert re.split("  +", lines[1].strip())[:6] == ["api", "/users/{id}", "300", "30", "150", "270"]
    assert len(lines) == 4


@pytest.mark.parametrize("format_name", ["table", "json", "jsonl", "csv", "md"])
def test_every_format_has_the_same_limit_and_says_what_is_left_out(shell: Shell, format_name: str) -> None:
    done = shell("slow", "--limit", "2", "--format", format_name)
    assert done.code == 0
    assert done.err == "loglens: 1 more row; --limit 0 gives all.\n"
    assert [done.out.count(word) for word in ("/users/{id}", "/token", "/orders")] == [1, 1, 0]
    assert "/orders" in shell("slow", "--limit", "0", "--format", format_name).out


def test_json_equals_the_rows_of_the_lens(shell: Shell, small_store: Path) -> None:
    rows = loglens.open(small_store).slow(quantile=0.5).rows
    assert json.loads(shell("slow", "--p50", "--format", "json").out) == rows
    assert [json.loads(line) for line in shell("slow", "--p50", "--format", "jsonl").out.splitlines()] == rows
    read = list(csv.DictReader(io.StringIO(shell("slow", "--p50", "--format", "csv").out)))
    assert [row["p50_ms"] for row in read] == [str(row["p50_ms"]) for row in rows]


def test_a_question_without_rows_is_an_empty_answer(shell: Shell) -> None:
    assert shell("slow", "--service", "nobody", "--format", "json") == (0, "[]\n", "")
    assert shell("slow", "--service", "nobody", "--format", "jsonl") == (0, "", "")
    done = shell("slow", "--service", "nobody")
    assert (done.code, len(done.out.splitlines())) == (0, 1)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("slwo", "No command 'slwo'. Did you mean 'slow'? See `loglens --help`."),
        ("ingset x", "No command 'ingset'. Did you mean 'ingest'? See `loglens --help`."),
        ("qqqqqq", "No command 'qqqqqq'. See `loglens --help`."),
        ("slow --quantil 0.5", "No option '--quantil'. Did you mean '--quantile'? See `loglens slow --help`."),
        ("slow --zzzz", "No option '--zzzz'. See `loglens slow --help`."),
        ("slow --by rout", "Invalid value for '--by': 'rout' is not a choice. Did you mean 'route'?"),
        ("slow --format jsn", "Invalid value for '--format': 'jsn' is not a choice. Did you mean 'json'?"),
        ("slow --quantile 0.42", "Invalid value for '--quantile': '0.42' is not one of"),
        ("slow --limit -1", "Invalid value for '--limit': '-1' is not a number of rows: 0 for all, or more."),
        ("slow --limit many", "Invalid value for '--limit': 'many' is not a whole number."),
        ("slow --p50 --p99", "--p50 and --p99 exclude each other."),
        ("slow --quantile 0.9 --p99", "--quantile and --p99 exclude each other."),
        ("slow --since tomorrow", "since 'tomorrow' is not a time."),
        ("slow --since 1h --until 2h", "since 1h is not before until 2h."),
        ("slow --limit", "Option '--limit' requires an argument."),
        ("slow --db x.duckdb logs/", "--db and PATHs exclude each other"),
        ("sql", "Missing argument 'SELECT'."),
        ("completion tcsh", "Invalid value for 'bash|zsh|fish': 'tcsh' is not a choice."),
        ("--verson", "No option '--verson'. Did you mean '--version'? See `loglens --help`."),
    ],
)
def test_wrong_words_exit_2_and_suggest_the_right_ones(shell: Shell, line: str, message: str) -> None:
    done = shell(*line.split())
    assert done.err.startswith(f"loglens: {message}")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)


def test_flags_that_agree_are_one(shell: Shell) -> None:
    assert shell("slow", "--p99", "--quantile", "0.99") == shell("slow", "--p99", "--p99") == shell("slow")


def test_a_path_that_is_no_command_is_to_be_ingested(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "mylogs").mkdir()
    assert shell("mylogs/") == (
        2,
        "",
        "loglens: No command 'mylogs/'. To read it: loglens ingest mylogs/. See `loglens --help`.\n",
    )


def test_sql_errors_show_the_place(shell: Shell) -> None:
    done = shell("sql", "SELECT level,\n  mesage FROM logs")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith('loglens: Binder Error: Referenced column "mesage" not found in FROM clause!\n')
    assert done.err.endswith("\nLINE 2:   mesage FROM logs\n          ^^^^^^\n")


@pytest.mark.parametrize("line", ["slow --db nope.duckdb", "sql --db nope.duckdb FROM", "slow --db ."])
def test_what_does_not_exist_exits_1(shell: Shell, line: str) -> None:
    done = shell(*line.split())
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert line.split("--db ")[1].split(maxsplit=1)[0] in done.err


def test_a_database_that_is_none_exits_1(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "x.duckdb").write_text("this is text, and more of it than a header has" * 100)
    done = shell("slow", "--db", "x.duckdb")
    assert (done.code, done.out) == (1, "")
    assert "x.duckdb" in done.err
    assert "Traceback" not in done.err


def test_alone_it_helps_where_there_is_no_database(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOGLENS_DB")
    done = shell()
    assert (done.code, done.err) == (0, "")
    assert done.out == shell("--help").out
    assert done.out.startswith("Usage: loglens ")


def test_alone_it_names_a_chosen_database_that_is_missing(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGLENS_DB", "gone.duckdb")
    done = shell()
    assert (done.code, done.out) == (1, "")
    assert "gone.duckdb" in done.err


def test_alone_it_shows_what_is_in_the_database(shell: Shell) -> None:
    assert shell() == shell("overview")
    assert shell().code == 0


def test_a_wrong_setting_is_named(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "loglens.toml").write_text("databse = 'x'")
    done = shell("slow")
    assert (done.code, done.out) == (2, "")
    assert done.err == "loglens: loglens.toml sets 'databse', which loglens does not know. Did you mean 'db'?\n" or (
        "Known: db, health_segments." in done.err
    )


def test_help_and_version(shell: Shell) -> None:
    assert shell("--version") == (0, f"loglens {loglens.__version__}\n", "")
    done = shell("slow", "--help")
    assert done.code == 0
    for part in ("--p99", "[default: 0.99]", "route|operation", "--since TIME", "Columns:", "  loglens slow --p99\n"):
        assert part in done.out
    assert shell("slow", "-h") == done
    groups = re.findall(r"^(\w+):$", shell("--help").out, re.MULTILINE)
    assert groups == ["Options", "Read", "Ask", "More", "Examples"]


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: Shell, name: str) -> None:
    done = shell("completion", name)
    assert (done.code, done.err) == (0, "")
    assert "_LOGLENS_COMPLETE" in done.out


def test_completion_completes_commands_options_and_choices(small_store: Path) -> None:
    def completed(words: str, count: int) -> set[str]:
        environment = os.environ | {"_LOGLENS_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(count)}
        done = subprocess.run(
            [sys.executable, "-m", "loglens"], env=environment, capture_output=True, text=True, check=True
        )
        return {line.partition(",")[2] for line in done.stdout.splitlines()}

    assert completed("loglens sl", 1) == {"slow"}
    assert {"--p90", "--p95", "--p99", "--p999"} == completed("loglens slow --p9", 2)
    assert completed("loglens slow --format js", 3) == {"json", "jsonl"}


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
        assert process.wait(60) == console.INTERRUPTED
        assert time.monotonic() - asked < 2


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


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (LoglensError("one\ntwo"), 1, "loglens: one\ntwo\n"),
        (IngestError("x"), 1, "loglens: x\n"),
        (KeyboardInterrupt(), 130, "loglens: Stopped.\n"),
        (
            ZeroDivisionError("division by zero"),
            70,
            "loglens: This is a bug in loglens: ZeroDivisionError: division by zero (LOGLENS_DEBUG=1 shows where)\n",
        ),
    ],
)
def test_whatever_goes_wrong_is_one_message(
    error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    assert console.guard(fail) == code
    assert capsys.readouterr().err == message


def test_a_bug_shows_where_on_request(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setenv("LOGLENS_DEBUG", "1")
    assert console.guard(fail) == console.BROKEN
    assert "Traceback" in capsys.readouterr().err
