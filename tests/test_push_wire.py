"""What goes over the wire: bytes as they were made, packed quickly where they cross a network."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from servers.local import Answering, serving

from loglens.push.access import Access
from loglens.push.bulk import Bulk
from loglens.push.items import Items
from loglens.push.server import connect

ITEMS = [b'{"create":{"_index":"i","_id":"%d"}}\n{"n":"%s"}\n' % (each, b"caf\xc3\xa9" * 20) for each in range(50)]


@pytest.fixture
def received() -> list[tuple[dict[str, str], bytes]]:
    """The headers and bodies of the bulk requests that the server got."""
    return []


@pytest.fixture
def port(received: list[tuple[dict[str, str], bytes]]) -> Iterator[int]:
    """The port of a server that takes everything."""

    class Handler(Answering):
        def do_GET(self) -> None:
            self.answer(200, b'{"version":{"number":"9.2.4"}}')

        def do_POST(self) -> None:
            received.append(({name.lower(): value for name, value in self.headers.items()}, self.body()))
            self.answer(200, b'{"items":[%s]}' % b",".join([b'{"create":{"status":201}}'] * len(ITEMS)))

    with serving(Handler) as port:
        yield port


@pytest.mark.parametrize(
    ("host", "is_packed"),
    [("127.0.0.1", False), ("localhost", False), ("search.example.org", True), ("10.1.2.3", True)],
)
def test_what_crosses_a_network_is_packed(
    host: str, is_packed: bool, port: int, received: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items reach a server on this machine byte by byte, and others in gzip of level 1."""
    found = socket.getaddrinfo
    # Every name leads to the server here.
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, *rest, **words: found("127.0.0.1", *rest, **words))
    bulk = Bulk(connect(Access(f"http://{host}:{port}")))
    try:
        assert bulk.send(Items.of(ITEMS)).created == len(ITEMS)
    finally:
        bulk.close()
    ((headers, body),) = received
    assert headers["host"] == f"{host}:{port}"
    assert headers["content-type"] == "application/x-ndjson"
    assert headers.get("content-encoding") == ("gzip" if is_packed else None)
    if is_packed:
        # RFC 1952: the byte after the time says which effort was made, 4 the least.
        assert body[8] == 4
        assert len(body) < sum(map(len, ITEMS)) // 4
        body = zlib.decompress(body, wbits=31)
    assert body == b"".join(ITEMS)


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        # As Kibana shows a new key, and as the API answers its two halves.
        ("SUQ6c2VjcmV0", "ApiKey SUQ6c2VjcmV0"),
        ("ID:secret", "ApiKey SUQ6c2VjcmV0"),
    ],
)
def test_an_api_key_is_sent_as_the_server_reads_it(key: str, sent: str, port: int, received: list[Any]) -> None:
    bulk = Bulk(connect(Access(f"http://127.0.0.1:{port}", api_key=key)))
    try:
        assert bulk.send(Items.of(ITEMS)).created == len(ITEMS)
    finally:
        bulk.close()
    ((headers, _),) = received
    assert headers["authorization"] == sent
