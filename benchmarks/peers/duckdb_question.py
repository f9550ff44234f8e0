"""Percentiles by path and counts by status with DuckDB: `python -m benchmarks.peers.duckdb_question LINES`."""

from __future__ import annotations

import json
import sys

import duckdb

ASK = """
    SELECT
        path,
        status,
        count(*)                                           AS requests,
        quantile_disc(duration_ms, [0.5, 0.95, 0.99])      AS quantiles_ms
    FROM read_json($file, format := 'newline_delimited', columns := {
        path: 'VARCHAR', status: 'SMALLINT', duration_ms: 'DOUBLE'
    })
    GROUP BY GROUPING SETS ((path), (status))
"""

if __name__ == "__main__":
    answer = duckdb.connect().execute(ASK, {"file": sys.argv[1]})
    print(
        json.dumps(
            [{"key": path or status, "requests": count, "ms": ms} for path, status, count, ms in answer.fetchall()]
        )
    )
