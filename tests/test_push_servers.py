"""Pushing to real servers: everything arrives once, whatever happens on the way, and what cannot is told."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from servers import fetch
from servers.faults import Faults, faulty
from servers.search import SearchServer, start_elasticsearch, start_opensearch

from loglens.api import open_lens
from loglens.ingest.run import IngestRequest, ingest
from loglens.push.access import Access
from loglens.push.bulk import Bulk
from loglens.push.fields import STREAMS
from loglens.push.names import Names
from loglens.push.report import PushReport
from loglens.push.run import Push, PushRequest
from loglens.push.server import PushError
from loglens.result import Result

pytestmark = pytest.mark.slow

SAMPLE = Path(__file__).parents[1] / "sample_logs"
STARTS = {
    "elasticsearch 9": lambda: start_elasticsearch("9"),
    "elasticsearch 8": lambda: start_elasticsearch("8"),
    "opensearch": start_opensearch,
}
KILLS = int(os.environ.get("LOGLENS_TEST_PUSH_KILLS", "3"))


def started(name: str) -> SearchServer:
    try:
        return STARTS[name]()
    except fetch.Unavailable as problem:
        if os.environ.get("LOGLENS_TEST_SERVERS_REQUIRED"):
            raise
        pytest.skip(f"{name}: {problem}")


@pytest.fixture(scope="session")
def search() -> Iterator[str]:
    """The address of an Elasticsearch 9, or of the server that LOGLENS_TEST_ES_URL names."""
    if given := os.environ.get("LOGLENS_TEST_ES_URL"):
        yield given
        return
    server = started("elasticsearch 9")
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("push") / "sample.duckdb"
    ingest(IngestRequest([str(SAMPLE)], database))
    return database


@pytest.fixture
def names() -> Names:
    """Index names of its own for each test."""
    return Names(f"t{uuid.uuid4().hex[:12]}")


def call(url: str, method: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}{path}", data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())


def push(database: Path, url: str, request: PushRequest) -> PushReport:
    return Push(open_lens(database), Access(url), request).run()


def asked(database: Path, name: str) -> list[dict[str, Any]]:
    """Return all rows of an answer."""
    with open_lens(database).asking(name, {"limit": 0}) as answer:
        return Result(answer).rows


def documents(url: str, index: str) -> dict[tuple[str, int, int], dict[str, Any]]:
    """Return all documents of some indices by where they came from."""
    found = call(url, "POST", f"/{index}/_search", {"size": 10_000, "query": {"match_all": {}}})["hits"]["hits"]
    sources = [each["_source"] for each in found]
    return {(each["loglens.source"], each["loglens.line"], each["loglens.ordinal"]): each for each in sources}


def count(url: str, index: str) -> int:
    call(url, "POST", f"/{index}/_refresh?ignore_unavailable=true")
    return int(call(url, "GET", f"/{index}/_count?ignore_unavailable=true")["count"])


def log_lines(number: int) -> str:
    return "".join(
        f'{{"time":"2026-01-15T09:{n // 60 % 60:02d}:{n % 60:02d}.{n:09d}Z","level":"info","message":"m{n}","n":{n}}}\n'
        for n in range(number)
    )


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of 45,000 log records: several rounds of a push."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "app.log").write_text(log_lines(45_000))
    ingest(IngestRequest([str(folder / "app.log")], folder / "many.duckdb"))
    return folder / "many.duckdb"


@pytest.mark.parametrize("name", STARTS)
def test_everything_arrives_as_it_was_and_once(name: str, sample: Path, names: Names) -> None:
    """Every event and answer is there, field by field; a second push changes nothing."""
    server = started(name)
    try:
        request = PushRequest(only=(*STREAMS, "findings", "traffic"), names=names)
        first = push(sample, server.url, request)
        assert first.exit_code == 0
        assert all(line.created == line.sent == line.documents for line in first.lines)
        with duckdb.connect(sample, read_only=True) as connection:
            rows = connection.execute(
                "SELECT left(content_id, 20), line, ordinal, message, service, level, trace_id, duration_ns, "
                "status_code, attributes, resource, ts_ns FROM logs JOIN sources USING (source_id)"
            ).fetchall()
        found = documents(server.url, f"{names.prefix}-logs-*")
        assert len(found) == len(rows)
        for key, line, ordinal, message, service, level, trace, duration, status, attributes, resource, ts_ns in rows:
            held = found[key, line, ordinal]
            assert (held.get("message"), held.get("service.name"), held.get("log.level")) == (message, service, level)
            assert (held.get("trace.id"), held.get("event.duration")) == (trace, duration)
            assert held.get("http.response.status_code") == status
            assert held.get("attributes") == (attributes and json.loads(attributes))
            assert held.get("resource") == (resource and json.loads(resource))
            assert (held["@timestamp"] is None) == (ts_ns is None)
            assert ts_ns is None or held["@timestamp"].endswith(f"{ts_ns % 10**9:09d}Z")
        hits = call(server.url, "GET", f"/{names.prefix}-results-traffic/_search?size=100")["hits"]["hits"]
        held = {each["_source"]["bucket_ts"]: each["_source"]["p99_ms"] for each in hits}
        assert held == {row["bucket_ts"]: row["p99_ms"] for row in asked(sample, "traffic")}
        again = push(sample, server.url, request)
        assert (again.exit_code, sum(line.sent for line in again.lines)) == (0, 0)
        assert [line.unchanged for line in again.lines] == [line.documents for line in first.lines]
    finally:
        server.stop()


@pytest.mark.parametrize("layout", ["index", "monthly", "data-stream"])
def test_layouts(layout: Any, search: str, many: Path, names: Names) -> None:
    """Each layout holds each event once; a lost ledger is no reason to send anything twice."""
    own = Names(names.namespace, layout)
    request = PushRequest("events", names=own)
    assert push(many, search, request).lines[0].created == 45_000
    with duckdb.connect(many) as connection:
        connection.execute("DELETE FROM push_events WHERE target = ?", [own.target(search)])
    (line,) = push(many, search, request).lines
    assert (line.created, line.duplicates, line.missing) == (0, 45_000, 0)
    assert count(search, own.searched("logs")) == 45_000


def test_killed_at_any_moment(search: str, many: Path, names: Names) -> None:
    """SIGKILL at random moments, then the same command again: nothing is missing, nothing is there twice."""
    command = [sys.executable, "-m", "loglens", "push", "events", "--to", search, "--db", str(many)]
    command += ["--namespace", names.namespace]
    chance = random.Random(11)
    for _ in range(KILLS):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.5, 6))
        process.kill()
        process.wait()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert count(search, f"{names.prefix}-logs-*") == 45_000


def test_faults_on_the_way(search: str, many: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """Busy items, closed connections before and after the server has written, 413, 503: nothing lost, nothing twice."""
    monkeypatch.setattr("loglens.push.run.Bulk", lambda server: Bulk(server, sleep=lambda s: time.sleep(s / 20)))
    faults = Faults(busy_items=0.2, busy=0.1, unavailable=0.1, reset_before=0.1, reset_after=0.2, largest_bytes=1 << 20)
    with faulty(search, faults) as url:
        report = push(many, url, PushRequest("events", names=names))
    (line,) = report.lines
    assert (line.missing, line.refused, line.created + line.duplicates) == (0, 0, 45_000)
    assert report.retries > 0
    assert count(search, f"{names.prefix}-logs-*") == 45_000


def test_a_server_that_stays_busy(search: str, many: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience ends, with what the server said; the push goes on where it was when the server takes again."""
    monkeypatch.setattr("loglens.push.run.Bulk", lambda server: Bulk(server, budget_s=0.2))
    with faulty(search, Faults(busy=1.0)) as url, pytest.raises(PushError, match=r"429.*push again to go on"):
        push(many, url, PushRequest("events", names=names))


HOSTILE = [
    {"message": "a\x00b\x1b[31m\u202e"},
    {"message": "x" * 100_000, "keyword": "y" * 100_000},
    {"deep": json.loads("[" * 60 + "]" * 60)},
    {"deep": json.loads('{"a":' * 60 + "1" + "}" * 60)},
    {"": 1},
    {"a.b": 1, "a": {"b": 2}},
    {"big": 2**70, "small": -(2**70)},
    {"error": {"type": "x", "message": "y"}},
    {"service": 5, "level": ["a"], "trace_id": {"x": 1}},
    {"time": "1500-01-01T00:00:00Z"},
    {"time": "1969-01-01T00:00:00Z"},
    {"time": "9999-01-01T00:00:00Z"},
    {f"key{n}": n for n in range(3_000)},
    {"k" * 3_000: "v"},
    {"html": "<script>alert(1)</script>", "sql": "'; DROP TABLE logs; --"},
    {"@timestamp": "tomorrow", "loglens.line": "x"},
]


def test_hostile_documents(search: str, tmp_path: Path, names: Names) -> None:
    """Each is either there or among the rejects with a reason; the sums add up, and a retry changes nothing."""
    lines = [json.dumps({"time": "2026-01-15T09:00:00Z", "level": "info", **each}) for each in HOSTILE]
    lines += ['{"time":"2026-01-15T09:00:00Z","level":"info","message":"m","nan":NaN,"inf":-Infinity}']
    (tmp_path / "hostile.log").write_text("\n".join(lines) + "\n")
    database = tmp_path / "x.duckdb"
    ingest(IngestRequest([str(tmp_path / "hostile.log")], database))
    with duckdb.connect(database, read_only=True) as connection:
        (records,) = connection.execute("SELECT count(*) FROM logs").fetchall()[0]
    (line,) = push(database, search, PushRequest("events", names=names)).lines
    assert (line.documents, line.missing) == (records, 0)
    assert line.created + line.refused == records
    held = sum(count(search, index) for index in call(search, "GET", f"/{names.prefix}-logs*/_stats")["indices"])
    assert held == line.created
    with duckdb.connect(database, read_only=True) as connection:
        refused = connection.execute("SELECT status, reason FROM push_rejects").fetchall()
    assert len(refused) == line.refused
    assert all(400 <= status < 500 and reason for status, reason in refused)
    retried = Push(open_lens(database), Access(search), PushRequest(names=names)).retry()
    assert retried.lines[0].refused == line.refused


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


def test_what_the_server_lost_is_sent_again(search: str, tmp_path: Path, names: Names) -> None:
    """The ledger is not believed where the server has fewer documents."""
    path, database = tmp_path / "app.log", tmp_path / "x.duckdb"
    path.write_text(log_lines(50))
    ingest(IngestRequest([str(path)], database))
    request = PushRequest(names=names, only=("logs", "overview"))
    assert push(database, search, request).exit_code == 0
    for index in (f"{names.prefix}-logs-2026.01.15", f"{names.prefix}-results-overview"):
        call(search, "DELETE", f"/{index}")
    report = push(database, search, request)
    assert [line.created for line in report.lines] == [line.documents for line in report.lines]


@pytest.mark.parametrize(
    ("template", "wording"),
    [
        ({"index_patterns": ["{prefix}-*"], "priority": 400}, "also covers"),
        ({"index_patterns": ["{prefix}-logs"], "priority": 1}, "belongs to somebody else"),
    ],
)
def test_templates_of_others(template: dict[str, Any], wording: str, search: str, many: Path, names: Names) -> None:
    """A template in the way is named, and nothing is sent."""
    name = f"{names.prefix}-logs" if "else" in wording else f"other-{names.prefix}"
    patterns = [pattern.format(prefix=names.prefix) for pattern in template["index_patterns"]]
    call(search, "PUT", f"/_index_template/{name}", {**template, "index_patterns": patterns, "template": {}})
    with pytest.raises(PushError, match=wording):
        push(many, search, PushRequest("events", names=names))
    assert call(search, "GET", f"/_cat/indices/{names.prefix}-*?format=json") == []
