"""Archives: their members are sources, read exactly once, whatever they are packed with."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from loglens.ingest import unpack
from loglens.ingest.forget import forget
from loglens.ingest.run import IngestRequest, ingest


def line(number: int) -> bytes:
    return b'{"time":"2026-01-15T09:00:00Z","level":"info","message":"record %d"}\n' % number


def tarred(members: Mapping[str, bytes], mode: str = "w") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


def zipped(members: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def read(path: Path) -> list[tuple[str, str, str]]:
    """Ingest a path; return the outcomes: the name below the folder, the action and the note."""
    report = ingest(IngestRequest([str(path)], path.parent / "x.duckdb"))
    return [(each.path.removeprefix(f"{path.parent}/"), each.action, each.note) for each in report.outcomes]


def stored(folder: Path) -> list[tuple[str, str]]:
    """Return the service and the message of every record."""
    with duckdb.connect(folder / "x.duckdb", read_only=True) as connection:
        return connection.execute("SELECT service, message FROM logs ORDER BY message").fetchall()


INNER = {"logs/llm-api.log": line(1), "./logs/auth.log.gz": gzip.compress(line(2)), "logs/.hidden": line(9)}
OUTER = {"first.log": line(0), "inner.tar.gz": tarred(INNER, "w:gz"), "notes.bin": b"\0\1\2"}


@pytest.mark.parametrize("content", [tarred(OUTER), tarred(OUTER, "w:xz"), zipped(OUTER)], ids=["tar", "tar.xz", "zip"])
def test_members_are_sources_down_to_archives_in_archives(content: bytes, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(content)
    assert read(bundle) == [
        ("bundle!first.log", "new", ""),
        ("bundle!inner.tar.gz!logs/llm-api.log", "new", ""),
        ("bundle!inner.tar.gz!./logs/auth.log.gz", "new", ""),
        ("bundle!inner.tar.gz!logs/.hidden", "skipped", "hidden"),
        ("bundle!notes.bin", "skipped", "binary"),
    ]
    records = [("first", "record 0"), ("llm-api", "record 1"), ("auth", "record 2")]
    assert stored(tmp_path) == records
    assert [action for _, action, _ in read(bundle)] == ["unchanged"] * 3 + ["skipped"] * 2
    assert stored(tmp_path) == records


def test_a_rewritten_archive_adds_only_what_is_new(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.tar"
    bundle.write_bytes(tarred({"a.log": line(1), "b.log": line(2)}))
    read(bundle)
    bundle.write_bytes(tarred({"a.log": line(1) + line(3), "b.log": line(2), "c.log": line(4)}))
    os.utime(bundle, ns=(1, 1))
    assert [action for _, action, _ in read(bundle)] == ["grown", "unchanged", "new"]
    assert [message for _, message in stored(tmp_path)] == ["record 1", "record 2", "record 3", "record 4"]


def test_same_content_in_two_members_is_two_sources(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(zipped({"a.log": line(1), "b.log": line(1)}))
    assert read(bundle)[1] == ("bundle.zip!b.log", "new", f"same content as {bundle}!a.log; its records count twice")
    assert len(stored(tmp_path)) == 2


def test_a_truncated_archive_keeps_what_came_before(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.tar"
    bundle.write_bytes(tarred({"a.log": line(1), "b.log": line(2) * 1000})[:3000])
    first, second = read(bundle)
    assert first == ("bundle.tar!a.log", "new", "")
    assert second[:2] == ("bundle.tar", "failed")
    assert second[2].startswith("damaged tar archive, what came before is in: ")
    assert stored(tmp_path) == [("a", "record 1")]


def test_office_documents_and_programs_are_no_folders_of_logs(tmp_path: Path) -> None:
    bundle = tmp_path / "report.log"
    bundle.write_bytes(zipped({"[Content_Types].xml": b"<x/>", "a.log": line(1)}))
    assert read(bundle) == [("report.log", "skipped", "an office document")]


def test_what_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (unpack, __import__("loglens.ingest.archives", fromlist=["x"])):
        monkeypatch.setattr(module, "RATIO_FLOOR_BYTES", 1 << 20)
    bomb = b"A" * (8 << 20)
    (tmp_path / "bomb.zip").write_bytes(zipped({"a.log": bomb, "b.log": line(1)}))
    assert read(tmp_path / "bomb.zip")[0][1:] == (
        "skipped",
        "unpacks to more than 1,000 times its size; take it out by hand if it is meant to",
    )
    (tmp_path / "bomb.log.gz").write_bytes(gzip.compress(line(2) + gzip.compress(b"") + bomb))
    ((_, action, note),) = read(tmp_path / "bomb.log.gz")
    assert (action, note) == ("new", "unpacks to more than 1,000 times its size; read up to there")


def test_forgetting_an_archive_forgets_its_members(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(zipped({"a.log": line(1), "b.log": line(2)}))
    read(bundle)
    assert [each.records for each in forget(tmp_path / "x.duckdb", ["bundle.zip!a.log"])] == [1]
    assert [each.records for each in forget(tmp_path / "x.duckdb", [str(bundle)])] == [1]
    assert [action for _, action, _ in read(bundle)] == ["new", "new"]


def test_names_that_are_no_text_are_written_as_bytes(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.tar"
    bundle.write_bytes(tarred({"caf\udce9.log": line(1), "../up.log": line(2)}))
    assert [name for name, action, _ in read(bundle) if action == "new"] == [
        "bundle.tar!caf\\xe9.log",
        "bundle.tar!../up.log",
    ]
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/th\xe9.log"))
    path.write_bytes(line(3))
    assert [action for _, action, _ in read(path)] == ["new"]
    assert [action for _, action, _ in read(path)] == ["unchanged"]
