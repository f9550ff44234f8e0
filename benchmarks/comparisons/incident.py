"""What broke, when, and who felt it: log templates, the scan for bursts, and the questions of an incident."""

from __future__ import annotations

from datetime import datetime

from benchmarks.comparison import Comparison, Contender, Target
from benchmarks.comparisons.answers import last_number, nothing
from benchmarks.inputs import LOGLENS, PYTHON_MODULE
from benchmarks.inputs.incident_lines import BEGIN, END, ROUTE, SERVICE
from loglens.bursts.burst import burst_id
from loglens.bursts.series import Key

DERIVED = "log_templates, an id on every record, written"
MASKED = "masked and counted, nothing stored"
# Of a million records: 300,000 and a million a second.
DERIVED_MS, MASKED_MS = 3_333, 1_000
KEYS = 1_000
SCANNED = f"{KEYS:,} keys, a week of minutes each"
BURST = burst_id(Key("route", SERVICE, ROUTE, None), int(datetime.fromisoformat(BEGIN).timestamp()) * 10**9)


def _asked(question: str, *words: str) -> Contender:
    name = " ".join([question, *words[:1]])
    return Contender(name, (*LOGLENS, question, *words, "--format", "json", "--db", "{derived_incident}"))


QUESTIONS = (
    _asked("bursts"),
    _asked("errors"),
    _asked("impact", "--burst", BURST),
    _asked("impact", "--from", BEGIN, "--to", END),
)


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
    title="The questions of an incident over a million derived log records",
    inputs=("derived_incident",),
    contenders=QUESTIONS,
    targets=tuple(Target("wall_ms", bar=2_000, contender=question.name) for question in QUESTIONS),
    read_answer=nothing,
)
