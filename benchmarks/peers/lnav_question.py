"""Percentiles by path and counts by status with lnav: `python -m benchmarks.peers.lnav_question LINES`.

lnav reads such lines by a format file, and has no percentile function: the ranks are counted with windows.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

FORMAT = {
    "$schema": "https://lnav.org/schemas/format-v1.schema.json",
    "bench_log": {
        "title": "Lines of the benchmark",
        "file-type": "json",
        "timestamp-field": "ts",
        "level-field": "level",
        "body-field": "message",
        "line-format": [{"field": "ts"}, " ", {"field": "message"}],
        "value": {"path": {"kind": "string"}, "status": {"kind": "integer"}, "duration_ms": {"kind": "float"}},
    },
}
BY_PATH = """;SELECT path AS key, count(*) AS requests,
        max(CASE WHEN place = (n + 1) / 2 THEN ms END) AS p50_ms,
        max(CASE WHEN place = (n * 95 + 99) / 100 THEN ms END) AS p95_ms,
        max(CASE WHEN place = (n * 99 + 99) / 100 THEN ms END) AS p99_ms
    FROM (SELECT path, duration_ms AS ms, row_number() OVER (PARTITION BY path ORDER BY duration_ms) AS place,
        count(*) OVER (PARTITION BY path) AS n FROM bench_log) GROUP BY path"""
BY_STATUS = ";SELECT status AS key, count(*) AS requests FROM bench_log GROUP BY status"


def ask(statement: str, lines: str, settings: str) -> list[dict[str, object]]:
    """Ask lnav one statement and return its rows."""
    command = ["lnav", "-n", "-N", "-I", settings, "-c", statement, "-c", ":write-json-to -", lines]
    return list(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        formats = Path(folder) / "formats" / "bench"
        formats.mkdir(parents=True)
        (formats / "format.json").write_text(json.dumps(FORMAT))
        print(json.dumps([*ask(BY_PATH, sys.argv[1], folder), *ask(BY_STATUS, sys.argv[1], folder)]))
