"""A server that takes every document and keeps none: `python -m benchmarks.services.null_search`.

It says what Elasticsearch says of bulk requests whose documents are all new, and counts documents by their source, so
that a push which counts at the end finds what it sent.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

_SOURCE = re.compile(rb'"loglens\.source":"([^"]+)"')
_ITEM = (
    b'{"create":{"_index":"loglens-logs-2026.01.15","_id":"0123456789abcdef0123-100000-0","_version":1,'
    b'"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":100000,"_primary_term":1,"status":201}}'
)
# What is left of it by the filter that loglens asks for.
_FILTERED = b'{"create":{"status":201}}'


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    taken: ClassVar[Counter[str]] = Counter()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(b"")

    def do_GET(self) -> None:
        self._answer(b'{"version":{"number":"9.2.4"},"index_templates":[]}')

    def do_PUT(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self._body()
        if "_bulk" in self.path:
            documents = body.count(b"\n") // 2
            # The documents of a request that begins and ends with one source are all of it.
            first, last = _SOURCE.search(body), _SOURCE.search(body, max(0, body.rfind(b"\n", 0, -1)))
            assert first is None or (last and first[1] == last[1])
            if first:
                self.taken[first[1].decode()] += documents
            is_filtered = "filter_path" in self.path
            start = b'{"errors":false,' if is_filtered else b'{"errors":false,"took":100,'
            items = b",".join([_FILTERED if is_filtered else _ITEM] * documents)
            self._answer(start + b'"items":[' + items + b"]}")
        elif "/_search" in self.path:
            buckets = [{"key": key, "doc_count": count} for key, count in self.taken.items()]
            self._answer(json.dumps({"aggregations": {"sources": {"buckets": buckets}}}).encode())
        else:
            self._answer(b'{"acknowledged":true}')

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("x-elastic-product", "Elasticsearch")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.read()
