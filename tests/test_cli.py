"""The command line as a person or a script meets it: stdout, stderr and the exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Shell

import loglens
from loglens.cli import console
from loglens.errors import IngestError, LoglensError


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
        ("impact --burst --db x.duckdb", "Option '--burst' requires an argument. See `loglens impact --help`."),
        ("slow --service --format=json", "Option '--service' requires an argument."),
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


def test_options_without_a_command_are_those_of_the_overview(shell: Shell, small_store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    shutil.copy(small_store, copy)
    assert shell("--db", str(copy)) == shell("overview", "--db", str(copy))
    assert shell("--format=json") == shell("overview", "--format", "json")
    assert shell("--format=json").code == 0


def test_options_before_a_command_are_said_to_stand_behind_it(shell: Shell, tmp_path: Path) -> None:
    found = shell("--db", "some.duckdb", "slow", "--p99")
    assert found.code == 2
    assert "Options stand behind the command: `loglens slow --db some.duckdb --p99`." in found.err
    # What may be the value of an option is none, nor is a folder of that name.
    assert "No database" in shell("--db", "slow").err


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
    assert groups == ["Options", "Read", "Ask", "Judge", "More", "Examples"]


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

    assert completed("loglens slow", 1) == {"slow", "slow-queries"}
    assert {"--p90", "--p95", "--p99", "--p999"} == completed("loglens slow --p9", 2)
    assert completed("loglens slow --format js", 3) == {"json", "jsonl"}
    # What shells take as: files, below what is typed.
    assert completed("loglens ingest lo", 2) == completed("loglens slow lo", 2) == {"lo"}


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
