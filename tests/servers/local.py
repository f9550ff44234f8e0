"""Servers of HTTP within the process of a test, for what no real server says on demand."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Answering(BaseHTTPRequestHandler):
    """What takes requests: it can answer them, and says nothing of them."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def body(self) -> bytes:
        """Return what came with the request."""
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def answer(self, status: int, body: bytes, kind: str = "application/json", *, is_whole: bool = True) -> None:
        """Answer a request, with half of what was announced where that is not whole."""
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body if is_whole else body[: len(body) // 2])


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing of connections that were cut on purpose."""


@contextmanager
def serving(handler: type[Answering], certificate: ssl.SSLContext | None = None) -> Iterator[int]:
    """Give the port of a server on this machine that runs for the block, with TLS where it has a certificate."""
    server = _Server(("127.0.0.1", 0), handler)
    if certificate:
        # Who does not trust it leaves in the middle of the greeting, which one of its own threads sees.
        server.socket = certificate.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
