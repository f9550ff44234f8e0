"""Pushing to real servers: everything arrives once, whatever happens on the way, and what cannot is told."""

from __future__ import annotations

import json
from functools import cache
from itertools import count as count_up
from pathlib import Path
from typing import Any

import duckdb
import pytest
from servers.asking import call, count, documents, log_lines, push
from servers.fixtures import SOME, on_one_kind

from loglens.answer import Answer
from loglens.api import open_lens
from loglens.ingest.reader import ReadOptions
from loglens.ingest.run import IngestRequest, ingest
from loglens.push import mapping
from loglens.push.access import Access
from loglens.push.bulk import Bulk, Delivery
from loglens.push.fields import STREAMS, Stream
from loglens.push.items import Items
from loglens.push.mapping import field_name
from loglens.push.names import Names
from loglens.push.results import RESULTS
from loglens.push.run import Push, PushRequest
from loglens.push.server import PushError, connect
from loglens.result import Result

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]


def recorded(database: Path, stream: Stream) -> dict[tuple[str, int, int], dict[str, Any]]:
    """Return the records of a table by where they came from, as the fields their documents have."""
    columns = ", ".join(f"{field.sql} AS f{place}" for place, field in enumerate(stream.fields))
    with duckdb.connect(database, read_only=True) as connection:
        rows = connection.execute(
            f"SELECT left(content_id, 20), line, ordinal, {stream.time}, {columns} "
            f"FROM {stream.name} JOIN sources USING (source_id)"
        ).fetchall()
    is_json = [field.type in {"flattened", "stored"} and field.sql != "raw" for field in stream.fields]
    return {
        (key, line, ordinal): {"@timestamp": ts_ns and f"{ts_ns % 10**9:09d}Z"}
        | {
            field.name: json.loads(value) if json_valued else value
            for field, value, json_valued in zip(stream.fields, values, is_json, strict=True)
            if value is not None
        }
        for key, line, ordinal, ts_ns, *values in rows
    }


ANSWERS = Push._answers


@cache
def asked(database: Path, turn: int) -> list[tuple[str, Answer]]:
    """Return every answer, asked anew for each turn and not for each kind of server, which has no part in it."""
    assert turn >= 0
    return list(ANSWERS(Push(open_lens(database), Access(""), PushRequest())))


def fields_of(answer: Answer) -> list[dict[str, Any]]:
    """Return the rows of an answer as the fields their documents have."""
    names = [field_name(column) for column in answer.columns]
    return [dict(zip(names, row.values(), strict=True)) for row in json.loads(json.dumps(Result(answer).rows))]


def assert_events_are_held(database: Path, url: str, names: Names) -> None:
    """Compare every document of every table with its record, field by field."""
    for stream in STREAMS.values():
        expected = recorded(database, stream)
        call(url, "POST", f"/{names.searched(stream.name)}/_refresh?ignore_unavailable=true")
        found = documents(url, names.searched(stream.name)) if expected else {}
        assert found.keys() == expected.keys()
        for place, record in expected.items():
            fields = found[place].items()
            held = {name: value for name, value in fields if not name.startswith(("loglens.", "log.file"))}
            held["@timestamp"] = held["@timestamp"] and held["@timestamp"].partition(".")[2]
            assert held == record


def test_everything_arrives_as_it_was_and_once(
    search: str, sample: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every event and answer is there, field by field; a second push changes nothing."""
    request = PushRequest(names=names)
    turns = count_up()
    monkeypatch.setattr(Push, "_answers", lambda _: iter(asked(sample, next(turns))))
    sends, send = list[Items](), Bulk.send

    def noted(bulk: Bulk, items: Items) -> Delivery:
        sends.append(items)
        return send(bulk, items)

    with monkeypatch.context() as patch:
        patch.setattr(Bulk, "send", noted)
        first = push(sample, search, request)
    assert len([items for items in sends if items.owners]) == 1, "answers are sent together"
    assert first.exit_code == 0
    assert all(line.created == line.sent == line.documents for line in first.lines)
    assert {line.pushed for line in first.lines} == {*STREAMS, *RESULTS}
    assert_events_are_held(sample, search, names)
    for name, answer in asked(sample, 0):
        # An answer without rows has no index.
        path = f"/{names.results(name)}/_search?size=10000&ignore_unavailable=true"
        hits = call(search, "GET", path)["hits"]["hits"]
        rows = [{key: value for key, value in each["_source"].items() if key not in META} for each in hits]
        assert sorted(map(json.dumps, rows)) == sorted(map(json.dumps, fields_of(answer))), name
    again = push(sample, search, request)
    assert (again.exit_code, sum(line.sent for line in again.lines)) == (0, 0)
    assert [line.unchanged for line in again.lines] == [line.documents for line in first.lines]


def test_every_table_in_a_data_stream(search: str, sample: Path, names: Names) -> None:
    """All four tables arrive in data streams as they were; a second push changes nothing."""
    own = Names(names.namespace, "data-stream")
    first = push(sample, search, PushRequest("events", names=own))
    assert [line.created for line in first.lines] == [line.documents for line in first.lines]
    assert_events_are_held(sample, search, own)
    again = push(sample, search, PushRequest("events", names=own))
    assert (again.exit_code, sum(line.sent for line in again.lines)) == (0, 0)


META = ("@timestamp", "loglens.analysis", "loglens.window", "loglens.run")


@pytest.mark.parametrize("layout", ["index", "data-stream"])
def test_layouts(layout: Any, search: str, some: Path, names: Names) -> None:
    """Each layout holds each event once; a lost ledger is no reason to send anything twice."""
    own = Names(names.namespace, layout)
    request = PushRequest("events", names=own)
    assert push(some, search, request).lines[0].created == SOME
    with duckdb.connect(some) as connection:
        connection.execute("DELETE FROM push_events WHERE target = ?", [own.target(search)])
    (line,) = push(some, search, request).lines
    assert (line.created, line.duplicates, line.missing) == (0, SOME, 0)
    assert count(search, own.searched("logs")) == SOME


@on_one_kind
def test_a_source_that_grows_and_one_that_is_read_again(search: str, tmp_path: Path, names: Names) -> None:
    """New lines are added, an open last line is replaced, and what was read again replaces what it was."""
    path, database = tmp_path / "app.log", tmp_path / "x.duckdb"
    request = PushRequest("events", names=names)
    begin = '{"time":"2026-01-15T09:00:00Z","level":"info","message":"a"}\n'
    path.write_text(begin + "open")
    ingest(IngestRequest([str(path)], database))
    assert push(database, search, request).lines[0].created == 2
    path.write_text(begin + "open and closed\n" + begin)
    ingest(IngestRequest([str(path)], database))
    (line,) = push(database, search, request).lines
    assert (line.created, line.updated, line.missing, line.unchanged) == (1, 1, 0, 1)
    call(search, "POST", f"/{names.prefix}-logs*/_refresh")
    found = documents(search, f"{names.prefix}-logs*")
    assert sorted(each["message"] for each in found.values()) == ["a", "a", "open and closed"]
    ingest(IngestRequest([str(path)], database, again=True))
    (line,) = push(database, search, request).lines
    assert (line.created, line.updated, line.missing) == (0, 3, 0)


@on_one_kind
@pytest.mark.parametrize("layout", ["daily", "data-stream"])
def test_lines_that_go_to_another_index(layout: Any, search: str, tmp_path: Path, names: Names) -> None:
    """A line that had no time when it was open has one now: its document moves, and is there once."""
    path, database = tmp_path / "app.log", tmp_path / "x.duckdb"
    begin = "".join(f"2026-01-15 09:00:0{second} INFO a\n" for second in range(3))
    path.write_text(f"{begin}2026-01-15 09:0")
    ingest(IngestRequest([str(path)], database))
    own = Names(names.namespace, layout)
    request = PushRequest("events", names=own)
    assert push(database, search, request).lines[0].created == 4
    assert count(search, own.untimed("logs")) == 1
    path.write_text(f"{begin}2026-01-15 09:00:04 INFO b\n")
    ingest(IngestRequest([str(path)], database))
    (line,) = push(database, search, request).lines
    # The records before it are sent again as well: lines might have come that belong to them.
    assert (line.created, line.updated + line.duplicates, line.missing, line.unchanged) == (1, 2, 0, 1)
    assert count(search, own.searched("logs")) == 4
    assert count(search, own.untimed("logs")) == 0


@on_one_kind
def test_a_push_of_what_was_read_again_is_stopped(
    search: str, tmp_path: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The push that goes on replaces the rest as well."""
    path, database = tmp_path / "app.log", tmp_path / "x.duckdb"
    path.write_text(log_lines(1000))
    request = PushRequest("events", names=names)
    monkeypatch.setattr("loglens.push.events.ROUND_ITEMS", 300)
    ingest(IngestRequest([str(path)], database))
    push(database, search, request)
    ingest(IngestRequest([str(path)], database, ReadOptions(service="other"), again=True))
    with monkeypatch.context() as patch:
        sends, send = iter(range(2)), Bulk.send
        patch.setattr(Bulk, "send", lambda bulk, items: next(sends) is not None and send(bulk, items))
        with pytest.raises((StopIteration, RuntimeError)):
            push(database, search, request)
    (line,) = push(database, search, request).lines
    assert 0 < line.updated < 1000
    assert {each["service.name"] for each in documents(search, f"{names.prefix}-logs*").values()} == {"other"}


@on_one_kind
def test_what_the_server_lost_is_sent_again(search: str, tmp_path: Path, names: Names) -> None:
    """The ledger is not believed where the server has fewer documents."""
    path, database = tmp_path / "app.log", tmp_path / "x.duckdb"
    path.write_text(log_lines(50))
    ingest(IngestRequest([str(path)], database))
    request = PushRequest(names=names, only=("logs", "overview"))
    assert push(database, search, request).exit_code == 0
    for index in (f"{names.prefix}-logs-2026.01.30", f"{names.prefix}-results-overview"):
        call(search, "DELETE", f"/{index}")
    report = push(database, search, request)
    assert [line.created for line in report.lines] == [line.documents for line in report.lines]


@on_one_kind
@pytest.mark.parametrize("limits", [{"since": "2026-01-30T00:00:00.010Z"}, {"until": "2026-01-30T00:00:00.040Z"}])
def test_a_part_that_is_lost_is_missing(
    limits: dict[str, str], search: str, tmp_path: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents beside the times of a push do not hide that some between them are not there."""
    path, database = tmp_path / "app.log", tmp_path / "x.duckdb"
    path.write_text(log_lines(50))
    ingest(IngestRequest([str(path)], database))
    rest = {"until": limits["since"]} if "since" in limits else {"since": limits["until"]}
    (line,) = push(database, search, PushRequest("events", names=names, **rest)).lines
    assert (line.created, line.missing) == (10, 0)
    with monkeypatch.context() as patch:
        patch.setattr(Bulk, "send", lambda _, items: Delivery(created=len(items)))
        report = push(database, search, PushRequest("events", names=names, **limits))
    assert (report.lines[0].created, report.lines[0].missing, report.exit_code) == (40, 40, 1)
    (line,) = push(database, search, PushRequest("events", names=names)).lines
    assert (line.created, line.duplicates, line.missing) == (40, 10, 0)


@pytest.mark.parametrize(
    ("template", "wording"),
    [
        ({"index_patterns": ["{prefix}-*"], "priority": 400}, "also covers"),
        ({"index_patterns": ["{prefix}-logs"], "priority": 1}, "belongs to somebody else"),
    ],
)
def test_templates_of_others(template: dict[str, Any], wording: str, search: str, some: Path, names: Names) -> None:
    """A template in the way is named, and nothing is sent."""
    name = f"{names.prefix}-logs" if "else" in wording else f"other-{names.prefix}"
    patterns = [pattern.format(prefix=names.prefix) for pattern in template["index_patterns"]]
    call(search, "PUT", f"/_index_template/{name}", {**template, "index_patterns": patterns, "template": {}})
    with pytest.raises(PushError, match=wording):
        push(some, search, PushRequest("events", names=names))
    assert call(search, "GET", f"/_cat/indices/{names.prefix}-*?format=json") == []


@on_one_kind
def test_a_failure_store_hides_nothing(search: str, tmp_path: Path, names: Names) -> None:
    """A record that a data stream does not take is refused, whether the server sets it aside or sends it back."""
    if connect(Access(search)).product != "elasticsearch":
        pytest.skip("OpenSearch has no failure store")
    own, database = Names(names.namespace, "data-stream"), tmp_path / "x.duckdb"
    template = mapping.stream_templates(STREAMS["logs"], own, "elasticsearch")[own.stream("logs")]
    template["template"]["data_stream_options"] = {"failure_store": {"enabled": True}}
    call(search, "PUT", f"/_index_template/{own.stream('logs')}", template)
    line = '{"time":"%s-01-15T09:00:00Z","level":"info","message":"m"}\n'
    # No server keeps nanoseconds before 1970.
    (tmp_path / "app.log").write_text(line % "2026" + line % "1960")
    ingest(IngestRequest([str(tmp_path / "app.log")], database))
    report = push(database, search, PushRequest("events", names=own))
    (told,) = report.lines
    assert (told.created, told.refused, told.missing, report.exit_code) == (1, 1, 0, 1)


@on_one_kind
def test_refusals_are_forgotten_when_they_are_no_longer_true(search: str, tmp_path: Path, names: Names) -> None:
    """A record that was refused and is read again in another form is there, and no reject is left to be tried again."""
    path, database = tmp_path / "app.log", tmp_path / "x.duckdb"
    request = PushRequest("events", names=names)
    line = '{"time":"%s-01-15T09:00:00Z","level":"info","message":"m"}\n'
    # No server keeps nanoseconds before 1970.
    path.write_text(line % "2026" + line % "1960")
    ingest(IngestRequest([str(path)], database))
    (first,) = push(database, search, request).lines
    assert (first.created, first.refused, first.missing) == (1, 1, 0)
    ingest(IngestRequest([str(path)], database, again=True))
    with duckdb.connect(database) as connection:
        connection.execute("UPDATE logs SET ts_ns = 0 WHERE line = 2")
    (second,) = push(database, search, request).lines
    assert (second.created, second.updated, second.refused, second.missing) == (1, 1, 0, 0)
    with duckdb.connect(database, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM push_rejects").fetchall() == [(0,)]
