"""How long the shortest commands take in all."""

from __future__ import annotations

from benchmarks.comparison import Comparison, Contender, Target
from benchmarks.comparisons.answers import nothing
from benchmarks.inputs import LOGLENS

HELP, SLOW = "loglens --help", "loglens slow on sample_logs"

COMPARISON = Comparison(
    name="start",
    title="Short commands, from start to end",
    inputs=("sample_store",),
    contenders=(
        Contender(HELP, (*LOGLENS, "--help")),
        Contender("loglens --version", (*LOGLENS, "--version")),
        Contender(SLOW, (*LOGLENS, "slow", "--db", "{sample_store}")),
        Contender("python -c 'import duckdb'", ("{python}", "-c", "import duckdb")),
        Contender("python -c pass", ("{python}", "-c", "pass")),
    ),
    targets=(Target("wall_ms", bar=100, contender=HELP), Target("wall_ms", bar=400, contender=SLOW)),
    read_answer=nothing,
    rounds=10,
)
