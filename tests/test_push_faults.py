"""Pushing through a proxy that does what servers do in a bad hour: nothing is lost, nothing is there twice."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from servers.asking import count, log_lines, push
from servers.faults import Faults, faulty
from servers.fixtures import SOME

from loglens.ingest.run import IngestRequest, ingest
from loglens.push import events
from loglens.push.bulk import Bulk
from loglens.push.names import Names
from loglens.push.run import PushRequest
from loglens.push.server import PushError

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]


def test_faults_on_the_way(search: str, some: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of all items busy, connections cut before, after and amid an answer, 413, 429, 503."""
    monkeypatch.setattr("loglens.push.run.Bulk", lambda server: Bulk(server, sleep=lambda s: time.sleep(s / 20)))
    monkeypatch.setattr(events, "ROUND_ITEMS", 10_000)
    faults = Faults(
        busy_items=1.0, busy=0.1, unavailable=0.1, reset_before=0.1, reset_after=0.1, reset_amid=0.1,
        largest_bytes=1 << 20,
    )  # fmt: skip
    with faulty(search, faults) as url:
        report = push(some, url, PushRequest("events", names=names))
    (line,) = report.lines
    assert (line.missing, line.refused, line.created + line.duplicates) == (0, 0, SOME)
    assert report.retries > 0
    assert count(search, f"{names.prefix}-logs-*") == SOME


def test_answers_that_do_not_come(search: str, tmp_path: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose answer does not come in time is sent again as it was, and changes nothing the second time."""
    (tmp_path / "app.log").write_text(log_lines(100))
    ingest(IngestRequest([str(tmp_path / "app.log")], tmp_path / "x.duckdb"))
    monkeypatch.setattr("loglens.push.client.REQUEST_S", 4)
    with faulty(search, Faults(hangs=1, hang_s=5)) as url:
        report = push(tmp_path / "x.duckdb", url, PushRequest("events", names=names))
    (line,) = report.lines
    assert (line.created, line.duplicates, line.missing, line.retries) == (0, 100, 0, 100)
    assert report.retries == 100
    assert line.elapsed_s > 0
    assert count(search, f"{names.prefix}-logs-*") == 100


def test_a_server_that_stays_busy(search: str, some: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience ends, with what the server said; the push goes on where it was when the server takes again."""
    monkeypatch.setattr("loglens.push.run.Bulk", lambda server: Bulk(server, budget_s=0.2))
    with faulty(search, Faults(busy=1.0)) as url, pytest.raises(PushError, match=r"429.*push again to go on"):
        push(some, url, PushRequest("events", names=names))
