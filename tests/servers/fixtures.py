"""Fixtures of tests that push: a server of each kind, started once, and what there is to push."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from loglens.ingest.run import IngestRequest, ingest
from loglens.push.names import Names
from servers import fetch
from servers.asking import log_lines
from servers.search import SearchServer, start_elasticsearch, start_opensearch

SAMPLE = Path(__file__).parents[2] / "sample_logs"
# A server of one's own, instead of those that tests start.
GIVEN = os.environ.get("LOGLENS_TEST_ES_URL")
STARTS = {
    "elasticsearch 9": lambda: start_elasticsearch("9"),
    "elasticsearch 8": lambda: start_elasticsearch("8"),
    "opensearch": start_opensearch,
}
KINDS = [GIVEN] if GIVEN else list(STARTS)
SOME, MANY = 40_000, 200_000
# For what does not differ between the kinds.
on_one_kind = pytest.mark.parametrize("server", KINDS[:1], indirect=True)


@dataclass(frozen=True)
class GivenServer:
    """A server that others started."""

    url: str


@pytest.fixture(scope="session", params=KINDS)
def server(request: pytest.FixtureRequest) -> Iterator[SearchServer | GivenServer]:
    """A running server."""
    if GIVEN:
        yield GivenServer(GIVEN)
        return
    try:
        started = STARTS[request.param]()
    except fetch.Unavailable as problem:
        if os.environ.get("LOGLENS_TEST_SERVERS_REQUIRED"):
            raise
        pytest.skip(f"{request.param}: {problem}")
    yield started
    started.stop()


@pytest.fixture
def search(server: SearchServer | GivenServer) -> str:
    """The address of the server."""
    return server.url


@pytest.fixture
def names() -> Names:
    """Index names of its own for each test."""
    return Names(f"t{uuid.uuid4().hex[:12]}")


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of sample_logs."""
    database = tmp_path_factory.mktemp("push") / "sample.duckdb"
    ingest(IngestRequest([str(SAMPLE)], database))
    return database


@pytest.fixture(scope="session")
def some(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of some log records."""
    return _database(tmp_path_factory.mktemp("some"), SOME)


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of many log records over four days and two months: several rounds of a push."""
    return _database(tmp_path_factory.mktemp("many"), MANY)


def _database(folder: Path, records: int) -> Path:
    path, database = folder / "app.log", folder / "logs.duckdb"
    path.write_text(log_lines(records, step_s=300_000 / records))
    ingest(IngestRequest([str(path)], database))
    return database
