"""An Elasticsearch 9 on this machine: `python -m benchmarks.services.real_search`."""

from __future__ import annotations

import sys

from servers import fetch
from servers.search import start_elasticsearch

if __name__ == "__main__":
    try:
        server = start_elasticsearch("9")
    except fetch.Unavailable as problem:
        sys.exit(str(problem))
    try:
        print(server.url, flush=True)
        sys.stdin.read()
    finally:
        server.stop()
