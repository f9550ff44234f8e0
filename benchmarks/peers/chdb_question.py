"""Percentiles by path and counts by status with chDB: `python -m benchmarks.peers.chdb_question LINES`."""

from __future__ import annotations

import importlib
import json
import sys

ASK = """
    SELECT path, status, count() AS requests, quantilesExact(0.5, 0.95, 0.99)(duration_ms) AS quantiles_ms
    FROM file('{file}', 'JSONEachRow', 'path String, status UInt16, duration_ms Float64')
    GROUP BY GROUPING SETS ((path), (status))
"""

if __name__ == "__main__":
    # Imported by name: type checks must not depend on whether it is installed.
    query = importlib.import_module("chdb").query
    rows = [json.loads(row) for row in str(query(ASK.format(file=sys.argv[1]), "JSONEachRow")).splitlines()]
    print(json.dumps([{"key": row["path"] or row["status"], "requests": int(row["requests"])} for row in rows]))
