"""Questions that read PATHs into a store of their own instead of asking the database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Shell

import loglens

LINE = '{"time":"2026-01-15T09:00:%02dZ","level":"info","message":"request","service":"api","method":"GET",'
LINE += '"path":"/users/%d","status":200,"duration_ms":%d}\n'


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.log").write_text("".join(LINE % (n, n, n * 10) for n in range(10)))
    (folder / "b.log").write_text("".join(LINE % (n, n, n * 10) for n in range(10, 20)) + '{"broken":\n')
    return folder


def run(folder: Path, *arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loglens", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, input=stdin, check=False, timeout=60)


def test_paths_give_the_same_answer_as_a_database(logs: Path, tmp_path: Path) -> None:
    database = tmp_path / "x.duckdb"
    loglens.ingest(logs, db=database)
    rows = loglens.open(database).slow(quantile=0.9).rows
    assert [(row["route"], row["requests"], row["max_ms"]) for row in rows] == [("/users/{id}", 20, 190.0)]
    done = run(tmp_path, "slow", "--p90", "--format", "json", logs)
    assert json.loads(done.stdout) == rows
    assert (done.returncode, done.stderr) == (
        0,
        f"loglens: 1 piece of text could not be read; `loglens rejects {logs}` shows it.\n",
    )
    assert not (tmp_path / "loglens.duckdb").exists()


def test_paths_come_after_the_own_arguments(logs: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "sql", "SELECT count(*) AS n FROM logs", logs / "a.log", logs / "b.log", "--format", "jsonl")
    assert (done.returncode, done.stdout) == (0, '{"n":20}\n')


def test_standard_input_is_a_path(logs: Path, tmp_path: Path) -> None:
    text = (logs / "a.log").read_text()
    done = run(tmp_path, "sql", "SELECT uri, records FROM sources", "-", "--format", "jsonl", stdin=text)
    assert (done.returncode, done.stdout, done.stderr) == (0, '{"uri":"stdin","records":10}\n', "")


@pytest.mark.parametrize("arguments", [["ingest", "-", "--db", "x.duckdb"], ["slow", "-"]])
def test_closed_standard_input_is_said(monkeypatch: pytest.MonkeyPatch, shell: Shell, arguments: list[str]) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert shell(*arguments) == (1, "", "loglens: Standard input is closed.\n")


def test_what_is_missing_is_said_after_the_answer(logs: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "sql", "SELECT count(*) AS n FROM logs", logs / "a.log", "gone.log", "--format", "jsonl")
    assert (done.returncode, done.stdout) == (1, '{"n":10}\n')
    assert done.stderr == "loglens: gone.log: no such file or folder\n"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gone.log", "gone.log: no such file or folder"),
        ("empty", "No log, trace or metric was found."),
        (
            "pages",
            "; ".join(f"pages/{n}.html: text in no format loglens reads" for n in range(5)) + "; and 2 more",
        ),
    ],
)
def test_nothing_to_read_exits_1(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "pages").mkdir()
    for n in range(7):
        (tmp_path / "pages" / f"{n}.html").write_text("<p>nothing</p>\n")
    done = run(tmp_path, "slow", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.replace(f"{tmp_path}/", "") == f"loglens: Nothing to read. {reason}\n"


@pytest.mark.parametrize(("arguments", "code"), [(["x.log"], 0), (["--db", "x.log"], 1)])
def test_what_may_not_be_read_is_no_wrong_usage(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int
) -> None:
    (tmp_path / "x.log").write_text("nothing")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert shell("slow", *arguments).code == code
