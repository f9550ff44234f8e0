"""Finding files: what is read, what is left out and why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loglens.ingest.discover import Filter, discover
from loglens.ingest.source_name import service_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.log", "a.log", "sub/c.log", ".hidden/d.log", ".e.log", "x.duckdb", "x.duckdb.wal"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    (tmp_path / "linked").symlink_to(tmp_path / "sub")
    (tmp_path / "same.log").symlink_to(tmp_path / "a.log")
    (tmp_path / "broken.log").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def test_a_folder_is_walked_in_order_without_what_is_no_log(folder: Path) -> None:
    found = discover([str(folder)], Filter(database=folder / "x.duckdb"))
    assert [path.relative_to(folder).as_posix() for path in found.files] == ["a.log", "b.log", "sub/c.log"]
    assert {(skipped.path.name, skipped.reason) for skipped in found.skipped} == {
        (".e.log", "hidden"),
        (".hidden", "hidden"),
        ("broken.log", "a link to nothing"),
        ("linked", "linked folder"),
        ("pipe", "not a regular file"),
        ("same.log", "read already, under another name"),
        ("x.duckdb", "the database itself"),
        ("x.duckdb.wal", "the database itself"),
    }


def test_a_file_named_twice_is_read_once(folder: Path) -> None:
    found = discover([str(folder / "a.log"), str(folder / "*.log"), str(folder / "same.log")], Filter())
    assert [path.name for path in found.files] == ["a.log", "b.log"]
    same = [skipped for skipped in found.skipped if skipped.path.name == "same.log"]
    assert [skipped.reason for skipped in same] == ["read already, under another name"] * 2


def test_patterns_choose_within_a_folder(folder: Path) -> None:
    found = discover([str(folder)], Filter(include=["*.log"], exclude=["sub/*", "b*"]))
    assert [path.name for path in found.files] == ["a.log"]


def test_what_is_missing_is_named(folder: Path) -> None:
    found = discover([str(folder / "nothing.log"), str(folder / "no*such")], Filter())
    assert found.missing == [str(folder / "nothing.log"), str(folder / "no*such")]
    assert not found.files


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/var/log/llm-api.log", "llm-api"),
        ("llm-api.log.2.gz", "llm-api"),
        ("api-2026-01-15.jsonl.zst", "api"),
        ("worker_20260115.log", "worker"),
        ("app.json.1", "app"),
        ("2026-01-15.log", "2026-01-15.log"),
        ("stdin", "stdin"),
    ],
)
def test_a_file_names_its_service(path: str, service: str) -> None:
    assert service_of(path) == service
