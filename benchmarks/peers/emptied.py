"""A command that finds a server without its documents: `python -m benchmarks.peers.emptied URL COMMAND...`."""

from __future__ import annotations

import os
import sys
import urllib.request

if __name__ == "__main__":
    request = urllib.request.Request(f"{sys.argv[1]}/loglens-*?expand_wildcards=open", method="DELETE")
    urllib.request.urlopen(request, timeout=60).close()
    os.execv(sys.argv[2], sys.argv[2:])
