"""NDJSON log lines into a database file."""

from __future__ import annotations

from benchmarks.comparison import OURS, Comparison, Contender, Target
from benchmarks.comparisons.answers import last_number
from benchmarks.inputs import LOGLENS, PYTHON_MODULE

COUNT = (*LOGLENS, "sql", "SELECT count(*) FROM logs", "--db", "{out}", "--format", "csv")
BASELINE = "DuckDB SQL"

COMPARISON = Comparison(
    name="ndjson",
    title="NDJSON into a file, typed columns and the whole record",
    inputs=("logs",),
    contenders=(
        Contender(OURS, (*LOGLENS, "ingest", "{logs}", "--db", "{out}"), answer=COUNT),
        Contender(BASELINE, (*PYTHON_MODULE, "benchmarks.peers.duckdb_ndjson", "{logs}", "{out}")),
        Contender(
            "DuckDB read_json, named keys only",
            (*PYTHON_MODULE, "benchmarks.peers.duckdb_typed_ndjson", "{logs}", "{out}"),
        ),
        Contender(
            "chDB, named keys only",
            (*PYTHON_MODULE, "benchmarks.peers.chdb_ndjson", "{logs}", "{out}"),
            needs=("chdb",),
        ),
        Contender(
            "Polars to Parquet, named keys only", (*PYTHON_MODULE, "benchmarks.peers.polars_ndjson", "{logs}", "{out}")
        ),
    ),
    baseline=BASELINE,
    targets=(Target("speed", BASELINE, bar=0.8, goal=1.0),),
    read_answer=last_number,
)

SMALL_FILES = Comparison(
    name="small_files",
    title="A folder of small files of NDJSON",
    inputs=("small_files",),
    contenders=(
        Contender(OURS, (*LOGLENS, "ingest", "{small_files}", "--db", "{out}"), answer=COUNT),
        Contender(
            f"{BASELINE}, all files in one statement",
            (*PYTHON_MODULE, "benchmarks.peers.duckdb_ndjson", "{small_files}/*.ndjson", "{out}"),
        ),
        Contender(
            f"{BASELINE}, file by file",
            (*PYTHON_MODULE, "benchmarks.peers.duckdb_small_files", "{small_files}", "{out}"),
        ),
    ),
    targets=(),
    baseline=f"{BASELINE}, file by file",
    read_answer=last_number,
    rounds=1,
)
