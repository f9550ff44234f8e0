"""`loglens ingest --explain`: what it says of a file is what an ingest does with it, and nothing is kept."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from conftest import Shell

from loglens.ingest.explain import Explanation, explain
from loglens.ingest.reader import ReadOptions
from loglens.ingest.run import IngestRequest

ZAP = '{"ts":1768467600.25,"level":"info","msg":"request done","latency":0.012,"http":{"status":200},"user":"u-1"}\n'


def explained(path: Path, options: ReadOptions | None = None) -> Explanation:
    (told,) = explain(IngestRequest([str(path)], path.with_name("none.duckdb"), options or ReadOptions()))
    assert isinstance(told, Explanation)
    assert sorted(each.name for each in path.parent.iterdir()) == [path.name]
    return told


def test_keys_of_json_are_told_with_what_they_became(tmp_path: Path) -> None:
    path = tmp_path / "shop.log"
    path.write_text(ZAP + ZAP.replace('"user":"u-1"', '"trace_id":"5B8EFFF798038103D269B633813FC60C"'))
    told = explained(path)
    assert [(each.key, each.became, each.value) for each in told.keys] == [
        ("ts", "ts_ns", "1768467600250000000"),
        ("level", "level, severity_number", "info"),
        ("msg", "message", "request done"),
        ("latency", "duration_ns", "12000000"),
        ("http", "attributes", '{"status": 200}'),
        ("user", "attributes", "u-1"),
        ("trace_id", "trace_id", "5b8efff798038103d269b633813fc60c"),
    ]
    assert told.outcome is not None
    assert told.outcome.assumptions == {
        "service": "shop, from the file's name, where a record names none",
        "unit of latency": "seconds, by the habit of the framework",
    }
    assert [(shown.table, shown.row["line"], shown.text.rstrip()) for shown in told.records] == [
        ("logs", 1, ZAP.rstrip()),
        ("logs", 2, shown_second(path)),
    ]
    assert (told.guess.reason, dict(told.guess.scores)) == ("recognised", {"ndjson": 0.9})


def shown_second(path: Path) -> str:
    return path.read_text().splitlines()[1]


def test_ways_of_writing_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    spring = "2026-01-15 09:00:00.250  INFO 17 --- [main] com.example.Orders : order 17 placed\n"
    path.write_text(3 * spring + "2026-01-15 09:00:01 something else\nno time at all\n")
    told = explained(path)
    assert told.layouts == {"java: Spring Boot, iso": 3, "plain: iso": 1, "text of no known layout": 1}
    assert told.keys == []


def test_options_count_as_they_do_for_an_ingest(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text(ZAP)
    told = explained(path, ReadOptions(format="plain", service="shop"))
    assert (told.guess.reason, told.guess.format and told.guess.format.name) == ("asked for", "plain")
    assert [shown.row["service"] for shown in told.records] == ["shop"]


def test_a_part_of_a_long_file_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text(ZAP * 10_000)
    told = explained(path)
    assert told.is_part
    assert told.outcome is not None
    assert (told.outcome.records, told.outcome.rejects) == (told.read_bytes // len(ZAP), 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a":1}\n', ["app.json", "  skipped   JSON without log records, spans or metrics"]),
        ("", ["app.json", "  skipped   empty"]),
    ],
)
def test_what_would_be_skipped_is_said(content: str, said: list[str], shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text(content)
    done = shell("ingest", "--explain", "app.json")
    assert (done.code, [line.replace(f"{tmp_path}/", "") for line in done.out.splitlines()], done.err) == (0, said, "")


def test_members_of_an_archive_are_explained_each(shell: Shell, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as archive:
        archive.writestr("a.log", ZAP)
        archive.writestr("b.log", "<34>Jan 15 09:00:00 db-1 sshd[117]: Failed password\n")
    done = shell("ingest", "--explain", "bundle.zip")
    assert done.code == 0
    assert [line for line in done.out.splitlines() if line.startswith("  read as")] == [
        "  read as   ndjson, which is surest of it",
        "  read as   syslog, which is surest of it",
    ]


def test_a_missing_file_is_said(shell: Shell) -> None:
    done = shell("ingest", "--explain", "gone.log")
    assert (done.code, done.out) == (1, "")
    assert done.err == "loglens: gone.log cannot be explained: no such file or folder\n"
