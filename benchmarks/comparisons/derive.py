"""What is derived of many spans, and what is asked of it then."""

from __future__ import annotations

from benchmarks.comparison import Comparison, Contender, Target
from benchmarks.comparisons.answers import last_number, nothing
from benchmarks.inputs import LOGLENS, PYTHON_MODULE

COPY = (*PYTHON_MODULE, "benchmarks.derived", "{span_store}", "{out}")
# Seven spans in fourteen call something, and each of the 10 M counts here: a million statements a second.
SHAPES_S = 5

DERIVE = Comparison(
    name="derive",
    title="Everything derived of a store of spans, the copy of the store included",
    inputs=("span_store",),
    contenders=(
        Contender("all derivations", COPY),
        Contender("query shapes alone", (*COPY, "query_shapes")),
    ),
    targets=(
        Target("wall_ms", bar=20_000, contender="all derivations"),
        Target("peak_mb", bar=4_000, contender="all derivations"),
        Target("wall_ms", bar=SHAPES_S * 1000, contender="query shapes alone"),
    ),
    read_answer=last_number,
)

REPEATED = Comparison(
    name="repeated",
    title="Repeated calls over a store of derived spans",
    inputs=("derived_store",),
    contenders=(
        Contender("n-plus-one", (*LOGLENS, "n-plus-one", "--format", "json", "--db", "{derived_store}")),
        Contender("queries", (*LOGLENS, "queries", "--format", "json", "--db", "{derived_store}")),
    ),
    targets=(Target("wall_ms", bar=5_000, contender="n-plus-one"),),
    read_answer=nothing,
)
