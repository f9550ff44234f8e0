"""The slowest routes of many spans."""

from __future__ import annotations

from typing import Any

from benchmarks.comparison import OURS, Comparison, Contender, Target
from benchmarks.comparisons.answers import rows_by
from benchmarks.inputs import LOGLENS, PYTHON_MODULE

BASELINE = "DuckDB SQL"
EXACT = (
    "requests",
    "errors",
    "p50_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
    "p999_ms",
    "max_ms",
    "enough",
    "exemplar_trace_id",
)


def read_answer(printed: bytes) -> dict[str, tuple[Any, ...]]:
    """Return what must be equal to the last digit; limits of p99 by different methods differ a little."""
    return rows_by(printed, ("service", "route"), EXACT)


COMPARISON = Comparison(
    name="slow",
    title="slow --p99 over a store of spans",
    inputs=("span_store",),
    contenders=(
        Contender(OURS, (*LOGLENS, "slow", "--p99", "--format", "json", "--db", "{span_store}")),
        Contender(BASELINE, (*PYTHON_MODULE, "benchmarks.peers.duckdb_slow", "{span_store}")),
    ),
    baseline=BASELINE,
    targets=(Target("time", BASELINE, bar=1.5, goal=1.2),),
    read_answer=read_answer,
    rounds=5,
)
