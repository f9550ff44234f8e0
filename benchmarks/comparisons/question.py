"""One question of log lines: p50, p95 and p99 by path, and how many requests had which status."""

from __future__ import annotations

import json

from benchmarks.comparison import OURS, Comparison, Contender
from benchmarks.inputs import LOGLENS, PYTHON_MODULE

ASK = """
    SELECT coalesce(path, status_code::VARCHAR) AS key, count(*) AS requests,
        quantile_disc(duration_ns, [0.5, 0.95, 0.99]) AS quantiles_ns
    FROM logs GROUP BY GROUPING SETS ((path), (status_code))
"""


def read_answer(printed: bytes) -> dict[str, int]:
    """Return how many requests each path and each status had; the tools differ in how they define a percentile."""
    return {str(row["key"]): int(row["requests"]) for row in json.loads(printed)}


COMPARISON = Comparison(
    name="question",
    title="One question of log lines, from the file and from a store",
    inputs=("logs", "log_store"),
    contenders=(
        Contender(f"{OURS}, from its store", (*LOGLENS, "sql", ASK, "--db", "{log_store}", "--format", "json")),
        Contender(f"{OURS}, from the file", (*LOGLENS, "sql", ASK, "{logs}", "--format", "json")),
        Contender("DuckDB, from the file", (*PYTHON_MODULE, "benchmarks.peers.duckdb_question", "{logs}")),
        Contender("Polars, from the file", (*PYTHON_MODULE, "benchmarks.peers.polars_question", "{logs}")),
        Contender("chDB, from the file", (*PYTHON_MODULE, "benchmarks.peers.chdb_question", "{logs}"), needs=("chdb",)),
        Contender("lnav, from the file", (*PYTHON_MODULE, "benchmarks.peers.lnav_question", "{logs}"), needs=("lnav",)),
    ),
    baseline="DuckDB, from the file",
    targets=(),
    read_answer=read_answer,
)
