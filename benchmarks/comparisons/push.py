"""Log records out of a store into Elasticsearch: what the client costs, and how long it takes with a server."""

from __future__ import annotations

import json

from benchmarks.comparison import OURS, Comparison, Contender, Service, Target
from benchmarks.inputs import LOGLENS, PYTHON_MODULE

HELPER = "helpers.streaming_bulk"
TUNED = f"{HELPER}, with orjson and 5,000 a request"
# With a limit nothing is written to the store, which the next round finds as it was.
PUSH = ("push", "events", "--only", "logs", "--since", "2000-01-01", "--format", "json")
PEER = (*PYTHON_MODULE, "benchmarks.peers.streaming_bulk")


def read_answer(printed: bytes) -> int:
    """Return how many documents were taken."""
    told = json.loads(printed)
    return told if isinstance(told, int) else sum(line["created"] for line in told)


NULL = Comparison(
    name="push",
    title="Log records to a server that takes everything at once",
    inputs=("log_store",),
    contenders=(
        Contender(OURS, (*LOGLENS, *PUSH, "--db", "{log_store}", "--to", "{null_search}")),
        Contender(HELPER, (*PEER, "{log_store}", "{null_search}")),
        Contender(TUNED, (*PEER, "{log_store}", "{null_search}", "tuned")),
    ),
    baseline=HELPER,
    targets=(Target("speed", HELPER, bar=5.0), Target("peak_mb", bar=1000)),
    read_answer=read_answer,
    services=(Service("null_search", (*PYTHON_MODULE, "benchmarks.services.null_search")),),
)
REAL = Comparison(
    name="push_real",
    title="Log records to an Elasticsearch 9 on the same machine, whose own time is not counted as CPU",
    inputs=("log_store",),
    contenders=(
        Contender(OURS, (*LOGLENS, *PUSH, "--db", "{log_store}", "--to", "{real_search}")),
        Contender(HELPER, (*PEER, "{log_store}", "{real_search}")),
    ),
    baseline=HELPER,
    targets=(Target("cpu_speed", HELPER, bar=5.0), Target("speed", HELPER, goal=1.0)),
    read_answer=read_answer,
    services=(Service("real_search", (*PYTHON_MODULE, "benchmarks.services.real_search")),),
    rounds=2,
    before=(*PYTHON_MODULE, "benchmarks.services.emptied", "{real_search}"),
)
