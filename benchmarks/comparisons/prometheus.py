"""Prometheus text into a database file."""

from __future__ import annotations

from benchmarks.comparison import OURS, Comparison, Contender, Target
from benchmarks.comparisons.answers import last_number
from benchmarks.inputs import LOGLENS, PYTHON_MODULE

COUNT = (*LOGLENS, "sql", "SELECT count(*) FROM metric_samples", "--db", "{out}", "--format", "csv")
PARSER = "prometheus_client.parser, nothing stored"

COMPARISON = Comparison(
    name="prometheus",
    title="Prometheus text into a file",
    inputs=("exposition",),
    contenders=(
        Contender(OURS, (*LOGLENS, "ingest", "{exposition}", "--db", "{out}"), answer=COUNT),
        Contender(
            PARSER,
            (*PYTHON_MODULE, "benchmarks.peers.prometheus_client_parser", "{exposition}"),
            needs=("prometheus_client",),
        ),
    ),
    baseline=PARSER,
    targets=(Target("speed", PARSER, bar=3.0), Target("peak_mb", bar=1000)),
    read_answer=last_number,
)
