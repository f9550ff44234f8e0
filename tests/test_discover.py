"""Finding files: what is read, what is left out and why."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
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


def test_a_folder_that_cannot_be_listed_and_a_link_to_nothing_that_was_named_have_failed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = Path.iterdir

    def refuse(path: Path) -> Iterator[Path]:
        if path.name == "sub":
            raise PermissionError(errno.EACCES, "Permission denied")
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    found = discover([str(folder), str(folder / "broken.log")], Filter())
    failed = [(skipped.path.name, skipped.reason) for skipped in found.skipped if skipped.is_failure]
    assert failed == [("sub", "cannot be listed: Permission denied"), ("broken.log", "a link to nothing")]
    assert [path.name for path in found.files] == ["a.log", "b.log", "x.duckdb", "x.duckdb.wal"]


def test_where_nobody_may_look_nothing_breaks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stated = Path.stat

    def refuse(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if path.name == "a.log":
            raise PermissionError(errno.EACCES, "Permission denied")
        return stated(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", refuse)
    found = discover([str(folder)], Filter())
    assert [(each.path.name, each.reason) for each in found.skipped if each.is_failure] == [
        ("a.log", "cannot be read: Permission denied")
    ]


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
