"""OTLP JSON spans into a database file."""

from __future__ import annotations

from benchmarks.comparison import OURS, Comparison, Contender, Target
from benchmarks.comparisons.answers import last_number
from benchmarks.inputs import LOGLENS, PYTHON_MODULE

COUNT = (*LOGLENS, "sql", "SELECT count(*) FROM spans", "--db", "{out}", "--format", "csv")
BASELINE, CHDB = "DuckDB nested SQL", "chDB"

COMPARISON = Comparison(
    name="otlp",
    title="OTLP JSON into a file",
    inputs=("spans",),
    contenders=(
        Contender(OURS, (*LOGLENS, "ingest", "{spans}", "--db", "{out}"), answer=COUNT),
        Contender(BASELINE, (*PYTHON_MODULE, "benchmarks.peers.duckdb_otlp", "{spans}", "{out}")),
        Contender(CHDB, (*PYTHON_MODULE, "benchmarks.peers.chdb_otlp", "{spans}", "{out}"), needs=("chdb",)),
    ),
    baseline=BASELINE,
    targets=(Target("speed", BASELINE, bar=3.0), Target("speed", CHDB, goal=1.0), Target("peak_mb", goal=500)),
    read_answer=last_number,
)
