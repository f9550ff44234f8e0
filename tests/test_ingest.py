"""Exactly once: whatever happens to files between two ingests, every line is in the store once."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import duckdb
import pytest

from loglens.errors import NotFound, UsageError
from loglens.ingest.forget import forget
from loglens.ingest.reader import ReadOptions
from loglens.ingest.report import IngestReport
from loglens.ingest.run import IngestRequest, ingest


def record(name: str, minute: int = 0) -> bytes:
    return b'{"time":"2026-01-15T09:%02d:00Z","level":"info","message":"%s"}\n' % (minute, name.encode())


class Bench:
    """A folder of logs and the database it is read into."""

    def __init__(self, folder: Path) -> None:
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.database = folder / "loglens.duckdb"

    def write(self, name: str, *lines: bytes, append: bool = False) -> Path:
        path = self.logs / name
        with path.open("ab" if append else "wb") as file:
            file.write(b"".join(lines))
        return path

    def ingest(self, *paths: Path | str, again: bool = False, options: ReadOptions | None = None) -> IngestReport:
        named = [str(path) for path in paths] or [str(self.logs)]
        return ingest(IngestRequest(named, self.database, options or ReadOptions(), again=again))

    def query(self, statement: str) -> list[tuple[object, ...]]:
        with duckdb.connect(self.database, read_only=True) as connection:
            return connection.execute(statement).fetchall()

    def messages(self) -> list[str]:
        return [str(row[0]) for row in self.query("SELECT message FROM logs ORDER BY ALL")]

    def sources(self) -> list[tuple[object, ...]]:
        statement = """
            SELECT
                regexp_extract(uri, '[^/]*$'), lines, blank_lines, reject_lines, record_lines, records, rejects, state
            FROM sources ORDER BY source_id
        """
        rows = self.query(statement)
        for _, lines, blank, rejected, recorded, *_ in rows:
            assert lines == blank + rejected + recorded  # type: ignore[operator]
        return rows


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def actions(report: IngestReport) -> dict[str, str]:
    return {Path(outcome.path).name: outcome.action for outcome in report.outcomes}


def test_the_second_ingest_reads_nothing(bench: Bench) -> None:
    bench.write("a.log", record("a1"), b"\n", record("a2"))
    assert actions(bench.ingest()) == {"a.log": "new"}
    report = bench.ingest()
    assert actions(report) == {"a.log": "unchanged"}
    assert (report.records, report.exit_code) == (0, 0)
    assert bench.messages() == ["a1", "a2"]
    assert bench.sources() == [("a.log", 3, 1, 0, 2, 2, 0, "complete")]


def test_a_touched_file_is_known_by_its_content(bench: Bench) -> None:
    path = bench.write("a.log", record("a1"))
    bench.ingest()
    os.utime(path, (1, 1))
    assert actions(bench.ingest()) == {"a.log": "unchanged"}
    assert bench.messages() == ["a1"]


def test_a_grown_file_adds_its_tail(bench: Bench) -> None:
    bench.write("a.log", record("a1"))
    bench.ingest()
    bench.write("a.log", record("a2"), b"{broken\n", append=True)
    report = bench.ingest()
    assert actions(report) == {"a.log": "grown"}
    assert (report.records, report.rejects) == (1, 1)
    assert bench.messages() == ["a1", "a2"]
    assert bench.sources() == [("a.log", 3, 0, 1, 2, 2, 1, "complete")]
    assert bench.query("SELECT line FROM rejects") == [(3,)]


@pytest.mark.parametrize("cut", range(1, len(record("a2"))))
def test_an_open_last_line_is_read_again_when_it_grows(bench: Bench, cut: int) -> None:
    whole = record("a2")
    bench.write("a.log", record("a1"), whole[:cut])
    bench.ingest()
    if bench.query("SELECT count(*) FROM rejects") == [(1,)]:
        ((reason,),) = bench.query("SELECT reason FROM rejects")
        assert str(reason).startswith("incomplete: ")
    bench.write("a.log", whole[cut:], record("a3"), append=True)
    bench.ingest()
    assert bench.messages() == ["a1", "a2", "a3"]
    assert bench.sources() == [("a.log", 3, 0, 0, 3, 3, 0, "complete")]


@pytest.mark.parametrize("begin", [b"", b"2026-01-15 09:00:00 INFO "], ids=["JSON", "text"])
def test_a_character_that_the_end_cut_in_two_is_whole_when_the_line_grows(bench: Bench, begin: bytes) -> None:
    first, second = (begin + b"a1\n", begin + "café".encode()) if begin else (record("a1"), record("café")[:-3])
    cut = second.index("é".encode()) + 1
    bench.write("a.log", first, second[:cut])
    bench.ingest()
    bench.write("a.log", second[cut:], b"\n" if begin else b'"}\n', append=True)
    bench.ingest()
    assert [message.removeprefix("2026-01-15 09:00:00 INFO ") for message in bench.messages()] == ["a1", "café"]
    assert "Latin-1" not in str(bench.query("SELECT assumptions FROM sources"))


def test_white_space_that_becomes_a_line_is_read_again(bench: Bench) -> None:
    bench.write("a.log", record("a1"), b"  ")
    bench.ingest()
    bench.write("a.log", record("a2"), append=True)
    bench.ingest()
    assert bench.messages() == ["a1", "a2"]
    assert bench.sources() == [("a.log", 2, 0, 0, 2, 2, 0, "complete")]


def test_rotation_compression_and_copies(bench: Bench) -> None:
    old = bench.write("a.log", record("a1"), record("a2"))
    bench.ingest()
    old.rename(bench.logs / "a.log.1")
    bench.write("a.log", record("b1"))
    report = bench.ingest()
    assert actions(report) == {"a.log": "new", "a.log.1": "renamed"}
    packed = bench.logs / "a.log.1.gz"
    packed.write_bytes(gzip.compress((bench.logs / "a.log.1").read_bytes()))
    (bench.logs / "a.log.1").unlink()
    assert actions(bench.ingest()) == {"a.log": "unchanged", "a.log.1.gz": "renamed"}
    assert bench.messages() == ["a1", "a2", "b1"]
    shutil.copy(bench.logs / "a.log", bench.logs / "copy.log")
    report = bench.ingest()
    assert report.outcomes[-1].note == f"same content as {bench.logs / 'a.log'}; its records count twice"
    assert bench.messages() == ["a1", "a2", "b1", "b1"]


def test_a_file_renamed_and_grown_at_once_is_one_source(bench: Bench) -> None:
    path = bench.write("a.log", record("a1"))
    bench.ingest()
    path.rename(bench.logs / "z.log")
    bench.write("z.log", record("a2"), append=True)
    report = bench.ingest()
    assert actions(report) == {"z.log": "grown"}
    assert report.outcomes[0].note == f"renamed from {path}"
    assert bench.sources() == [("z.log", 2, 0, 0, 2, 2, 0, "complete")]


def test_a_truncated_and_rewritten_file_keeps_what_was_read(bench: Bench) -> None:
    bench.write("a.log", record("a1"), record("a2"))
    bench.ingest()
    bench.write("a.log", record("b1"))
    assert actions(bench.ingest()) == {"a.log": "new"}
    assert bench.messages() == ["a1", "a2", "b1"]


def test_other_reading_options_need_again(bench: Bench) -> None:
    line = b'{"time":"2026-01-15T09:00:00Z","level":"info","message":"m","duration":2}\n'
    bench.write("a.log", line)
    bench.ingest()
    seconds = ReadOptions(duration_unit="s")
    report = bench.ingest(options=seconds)
    assert actions(report) == {"a.log": "failed"}
    assert "--again" in report.outcomes[0].note
    assert report.exit_code == 1
    assert bench.query("SELECT duration_ns FROM logs") == [(2_000_000,)]
    assert actions(bench.ingest(again=True, options=seconds)) == {"a.log": "again"}
    assert bench.query("SELECT duration_ns FROM logs") == [(2_000_000_000,)]
    assert actions(bench.ingest()) == {"a.log": "unchanged"}


def test_what_the_user_says_is_not_assumed(bench: Bench) -> None:
    bench.write("a.log", b'{"time":"2026-01-15T09:00:00","level":"info","message":"m","duration":2}\n')
    assumed = bench.ingest().assumptions
    assert {subject for subject, _ in assumed} == {"service", "times without a zone", "unit of duration"}
    told = ReadOptions(duration_unit="s", service="api", timezone="+01:00")
    assert not bench.ingest(again=True, options=told).assumptions


def test_a_grown_file_goes_on_with_the_options_it_was_read_with(bench: Bench) -> None:
    line = b'{"time":"2026-01-15T09:00:00Z","level":"info","message":"m","duration":2}\n'
    bench.write("a.log", line)
    bench.ingest(options=ReadOptions(duration_unit="s"))
    bench.write("a.log", line, append=True)
    bench.ingest()
    assert bench.query("SELECT duration_ns FROM logs") == [(2_000_000_000,)] * 2


def test_a_truncated_archive_gives_what_it_holds_and_the_rest_later(bench: Bench) -> None:
    lines = [record(f"m{number:05}") for number in range(3000)]
    packed = gzip.compress(b"".join(lines))
    path = bench.write("a.log.gz", packed[: len(packed) // 2])
    report = bench.ingest()
    assert report.exit_code == 1
    assert report.outcomes[0].note == "truncated gzip data"
    half = len(bench.messages())
    assert 0 < half < 3000
    assert bench.ingest().exit_code == 1
    assert len(bench.messages()) == half
    path.write_bytes(packed)
    assert bench.ingest().exit_code == 0
    assert bench.messages() == [f"m{number:05}" for number in range(3000)]


@pytest.mark.parametrize("kept", [5, 10])
def test_an_archive_truncated_before_its_first_line_is_no_empty_file(bench: Bench, kept: int) -> None:
    bench.write("a.log.gz", gzip.compress(record("a"))[:kept])
    bench.write("b.log.gz", gzip.compress(b""))
    report = bench.ingest()
    assert report.exit_code == 1
    assert [(outcome.action, outcome.note) for outcome in report.outcomes] == [
        ("failed", "truncated gzip data, and nothing before it that could be read"),
        ("skipped", "empty"),
    ]


def test_a_document_that_grows_is_read_again_from_where_it_is_open(bench: Bench) -> None:
    bench.write("a.json", b"[\n", record("a1"), b",", record("a2"))
    bench.ingest()
    assert bench.messages() == ["a1", "a2"]
    bench.write("a.json", b",", record("a3"), b"]\n", append=True)
    bench.ingest()
    assert bench.messages() == ["a1", "a2", "a3"]
    assert bench.sources() == [("a.json", 5, 0, 0, 5, 3, 0, "complete")]


def test_what_is_no_log_is_skipped_with_its_reason(bench: Bench) -> None:
    bench.write("README.md", b"# Title\n\nText.\n")
    bench.write("tool.py", b"import os\n\nprint(os.sep)\n")
    bench.write("package.json", b'{\n  "name": "x",\n  "version": "1.0.0"\n}\n')
    bench.write("image.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    bench.write("empty.log")
    report = bench.ingest()
    assert {Path(outcome.path).name: outcome.note for outcome in report.outcomes} == {
        "README.md": "text in no format loglens reads",
        "empty.log": "empty",
        "image.png": "binary",
        "package.json": "JSON without log records, spans or metrics",
        "tool.py": "text in no format loglens reads",
    }
    assert report.exit_code == 1


def test_what_is_missing_or_unreadable_does_not_stop_the_rest(bench: Bench) -> None:
    bench.write("a.log", record("a1"))
    report = bench.ingest(bench.logs / "gone.log", bench.logs)
    assert report.exit_code == 1
    assert actions(report) == {"gone.log": "failed", "a.log": "new"}
    assert bench.messages() == ["a1"]


def test_the_order_of_files_does_not_matter(bench: Bench, tmp_path: Path) -> None:
    paths = [bench.write(f"{name}.log", record(name), b"{x\n") for name in "abc"]
    bench.ingest(*paths)
    other = bench.database = tmp_path / "other.duckdb"
    bench.ingest(*reversed(paths))
    statement = (
        "SELECT regexp_extract(uri, '[^/]*$'), line, message, raw FROM {} JOIN sources USING (source_id) ORDER BY ALL"
    )
    logs = statement.replace("raw", "ts_ns").format("logs")
    assert bench.query(logs) == [(f"{name}.log", 1, name, 1768467600000000000) for name in "abc"]
    assert other.exists()
    assert [row[0] for row in bench.query("SELECT raw FROM rejects")] == ["{x"] * 3


def test_an_unknown_format_is_refused_before_anything_is_written(bench: Bench) -> None:
    bench.write("a.log", record("a1"))
    with pytest.raises(UsageError, match="ndjson"):
        bench.ingest(options=ReadOptions(format="ndjsn"))
    assert not bench.database.exists()


def test_a_dry_run_writes_nothing(bench: Bench) -> None:
    bench.write("a.log", record("a1"))
    request = IngestRequest([str(bench.logs)], bench.database, dry_run=True)
    report = ingest(request)
    assert [(outcome.action, outcome.format) for outcome in report.outcomes] == [("new", "ndjson")]
    assert not bench.database.exists()


def test_sources_are_forgotten_by_name_and_by_age(bench: Bench) -> None:
    bench.write("a.log", record("a1", minute=1))
    bench.write("b.log", record("b1", minute=2), b"{x\n")
    bench.write("c.log", record("c1", minute=3))
    bench.ingest()
    with pytest.raises(NotFound, match=r"d\.log"):
        forget(bench.database, ["a.log", "d.log"])
    assert bench.messages() == ["a1", "b1", "c1"]
    gone = forget(bench.database, ["a.log"])
    assert [(Path(source.uri).name, source.records, source.rejects) for source in gone] == [("a.log", 1, 0)]
    forget(bench.database, before="2026-01-15T09:02:30Z")
    assert bench.messages() == ["c1"]
    assert bench.query("SELECT count(*) FROM rejects") == [(0,)]
    assert actions(bench.ingest()) == {"a.log": "new", "b.log": "new", "c.log": "unchanged"}


def test_nothing_is_forgotten_by_an_age_that_nothing_tells(bench: Bench) -> None:
    bench.write("a.log", record("a1").replace(b"2026", b"2226"))
    bench.ingest()
    with pytest.raises(UsageError, match="to count back from"):
        forget(bench.database, before="7d")
    with pytest.raises(UsageError, match="before 'long ago' is not a time"):
        forget(bench.database, before="long ago")
    assert bench.messages() == ["a1"]
