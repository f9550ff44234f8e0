"""Which server it is, told from what it says; and what is said of one that cannot be used."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from servers import fetch
from servers.fixtures import GIVEN
from servers.local import Answering, serving

from loglens.push.access import Access
from loglens.push.names import Names
from loglens.push.server import PushError, Server, connect

Answers = Mapping[str, tuple[int, Any]]


@contextmanager
def answering(answers: Answers) -> Iterator[str]:
    """Give the address of a server that answers some paths as it is told, and 404 for others."""

    class Handler(Answering):
        def do_GET(self) -> None:
            status, answer = answers.get(self.path.partition("?")[0], (404, {"error": "no such path"}))
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.answer(status, body, "text/html" if isinstance(answer, bytes) else "application/json")

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}"


def nodes(version: str, module: str) -> tuple[int, Any]:
    return 200, {"nodes": {"a": {"version": version, "modules": [{"name": module}]}}}


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        ({"/": (200, {"version": {"number": "9.4.1"}})}, "Elasticsearch 9.4.1"),
        ({"/": (200, {"version": {"number": "8.0.0"}})}, "Elasticsearch 8.0.0"),
        ({"/": (200, {"version": {"number": "2.19.1", "distribution": "opensearch"}})}, "OpenSearch 2.19.1"),
        ({"/": (403, {}), "/_nodes/_local": nodes("8.19.5", "x-pack-core")}, "Elasticsearch 8.19.5"),
        ({"/": (405, {}), "/_nodes/_local": nodes("3.8.0", "opensearch-dashboards")}, "OpenSearch 3.8.0"),
    ],
)
def test_servers_that_can_be_used(answers: Answers, name: str) -> None:
    with answering(answers) as url:
        assert connect(Access(url)).name == name


@pytest.mark.parametrize(
    ("answers", "wording"),
    [
        (
            {"/": (200, {"version": {"number": "7.17.0"}})},
            "is Elasticsearch 7.17.0; loglens pushes to Elasticsearch 8 or later and OpenSearch 2.7 or later.",
        ),
        (
            {"/": (200, {"version": {"number": "1.3.0", "distribution": "opensearch"}})},
            "is OpenSearch 1.3.0; loglens pushes to Elasticsearch 8 or later and OpenSearch 2.7 or later.",
        ),
        ({"/": (200, {"name": "something"})}, "There is no search server at http://127.0.0.1"),
        ({"/": (200, b"<html>hello</html>")}, "There is no search server at http://127.0.0.1"),
        ({"/": (500, b"")}, "answered 500: no reason."),
        ({"/": (502, b"<html>bad gateway</html>")}, "answered 502"),
        ({}, "Is the address right? loglens pushes to Elasticsearch 8"),
        ({"/": (403, {}), "/_nodes/_local": (200, {})}, "There is no search server at http://127.0.0.1"),
    ],
)
def test_servers_that_cannot_be_used(answers: Answers, wording: str) -> None:
    """One sentence each."""
    with answering(answers) as url, pytest.raises(PushError) as refused:
        connect(Access(url))
    assert wording in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.slow
@pytest.mark.xdist_group("servers")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="there are no workers")
def test_tests_with_servers_share_a_worker(request: pytest.FixtureRequest) -> None:
    """So that each server is started once; a pytest that pytest-xdist does not know spreads them over all workers."""
    assert request.node.nodeid.endswith("@servers")


@pytest.mark.slow
@pytest.mark.xdist_group("servers")
def test_real_servers(search: str, request: pytest.FixtureRequest) -> None:
    """Each kind is told by its root and, where that is closed, by its nodes alike."""
    from loglens.push import server

    found: Server = connect(Access(search))
    assert server._nodes(found.client) == (found.product, ".".join(map(str, found.version)))
    if not GIVEN:
        versions = [*fetch.ELASTICSEARCH.values(), fetch.OPENSEARCH.removesuffix(".0")]
        assert ".".join(map(str, found.version)) in versions
    assert Names().target(found.url)
