"""Take the documents out of a server: `python -m benchmarks.services.emptied URL`."""

from __future__ import annotations

import sys
import urllib.request

if __name__ == "__main__":
    request = urllib.request.Request(f"{sys.argv[1]}/loglens-*?expand_wildcards=open", method="DELETE")
    urllib.request.urlopen(request, timeout=60).close()
