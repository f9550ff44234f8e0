"""A proxy in front of a real server that does on demand what servers do in a bad hour."""

from __future__ import annotations

import json
import random
import socket
import struct
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from servers.local import Answering, serving


@dataclass
class Faults:
    """How often what goes wrong: shares between 0 and 1; how many requests hang, and the largest that is taken."""

    busy_items: float = 0.0
    busy: float = 0.0
    unavailable: float = 0.0
    reset_before: float = 0.0
    reset_after: float = 0.0
    reset_amid: float = 0.0
    hangs: int = 0
    hang_s: float = 7.0
    largest_bytes: int = 1 << 40
    random: random.Random = field(default_factory=lambda: random.Random(7))
    requests: int = 0


@contextmanager
def faulty(url: str, faults: Faults) -> Iterator[str]:
    """Give the address of a proxy whose bulk requests suffer from faults; others pass."""

    class Handler(Answering):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._pass(self.body())

        def do_PUT(self) -> None:
            self._pass(self.body())

        def do_POST(self) -> None:
            body = self.body()
            if not self.path.startswith("/_bulk"):
                self._pass(body)
                return
            faults.requests += 1
            draw = faults.random.random
            if len(body) > faults.largest_bytes:
                self.answer(413, b"too large")
            elif draw() < faults.reset_before:
                self._reset()
            elif draw() < faults.busy:
                self.answer(429, b'{"error":"busy"}')
            elif draw() < faults.unavailable:
                self.answer(503, b"no server is available")
            elif draw() < faults.reset_after:
                self._bulk(body)
                self._reset()
            elif draw() < faults.reset_amid:
                self.answer(*self._bulk(body), is_whole=False)
                self._reset()
            elif faults.hangs > 0:
                faults.hangs -= 1
                self._bulk(body)
                time.sleep(faults.hang_s)
                self._reset()
            else:
                self.answer(*self._bulk(body))

        def _bulk(self, body: bytes) -> tuple[int, bytes]:
            """Forward a bulk request, and of some all items but a tenth, which are told to come again."""
            if faults.random.random() >= faults.busy_items:
                return self._forward(body)
            lines = body.splitlines()
            pairs = list(zip(lines[::2], lines[1::2], strict=True))
            taken = [faults.random.random() < 0.9 for _ in pairs]
            sent = b"".join(a + b"\n" + d + b"\n" for (a, d), ok in zip(pairs, taken, strict=True) if ok)
            items = iter(json.loads(self._forward(sent)[1])["items"] if sent else [])
            busy = {"create": {"status": 429, "error": {"reason": "queue is full"}}}
            answer = {"errors": True, "items": [next(items) if ok else busy for ok in taken]}
            return 200, json.dumps(answer).encode()

        def _pass(self, body: bytes) -> None:
            self.answer(*self._forward(body))

        def _forward(self, body: bytes) -> tuple[int, bytes]:
            kind = {"content-type": self.headers["content-type"]} if body else {}
            request = urllib.request.Request(url + self.path, body or None, kind, method=self.command)
            try:
                with urllib.request.urlopen(request, timeout=60) as response:
                    return response.status, response.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()

        def _reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            # The socket goes only when nothing reads from it any more.
            self.rfile.close()
            self.connection.close()

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}"
