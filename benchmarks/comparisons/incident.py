"""What broke, when, and who felt it: log templates, the scan for bursts, and the three questions of an incident."""

from __future__ import annotations

from benchmarks.comparison import Comparison, Contender, Target
from benchmarks.comparisons.answers import last_number, nothing
from benchmarks.inputs import LOGLENS, PYTHON_MODULE

DERIVED = "log_templates, an id on every record, written"
MASKED = "masked and counted, nothing stored"
# Of a million records: 300,000 and a million a second.
DERIVED_MS, MASKED_MS = 3_333, 1_000
KEYS = 1_000
SCANNED = f"{KEYS:,} keys, a week of minutes each"
# Ten minutes of the day that the records are of.
WINDOW = ("--from", "2026-10-01T12:00:00Z", "--to", "2026-10-01T12:10:00Z")


def _asked(question: str, *words: str) -> Contender:
    return Contender(question, (*LOGLENS, question, *words, "--format", "json", "--db", "{derived_log_store}"))


TEMPLATES = Comparison(
    name="log_templates",
    title="Templates of a million log records of 400 kinds, from a store, its copy included",
    inputs=("text_store",),
    contenders=(
        Contender(DERIVED, (*PYTHON_MODULE, "benchmarks.derived", "{text_store}", "{out}", "log_templates")),
        Contender(MASKED, (*PYTHON_MODULE, "benchmarks.masked", "{text_store}")),
    ),
    targets=(
        Target("wall_ms", bar=DERIVED_MS, contender=DERIVED),
        Target("wall_ms", bar=MASKED_MS, contender=MASKED),
    ),
    read_answer=nothing,
)

SCAN = Comparison(
    name="burst_scan",
    title="The scan for bursts, the making of the weeks included",
    inputs=(),
    contenders=(Contender(SCANNED, (*PYTHON_MODULE, "benchmarks.scanned", str(KEYS))),),
    targets=(Target("wall_ms", bar=10_000, contender=SCANNED),),
    read_answer=last_number,
)

INCIDENT = Comparison(
    name="incident",
    title="The three questions of an incident over a million derived log records",
    inputs=("derived_log_store",),
    contenders=(_asked("bursts"), _asked("errors"), _asked("impact", *WINDOW)),
    targets=tuple(Target("wall_ms", bar=2_000, contender=name) for name in ("bursts", "errors", "impact")),
    read_answer=nothing,
)
