"""Trace quality: what is missing or wrong in the traces, per service, and what cannot be seen because of it."""

from __future__ import annotations

from loglens.analysis import Analysis
from loglens.quality_list import draw, judged
from loglens.trace_problems import PROBLEMS

ANALYSIS = Analysis(
    name="trace_quality",
    title="Trace quality",
    question="What is missing or wrong in the traces, and what can nobody see because of it?",
    params=(),
    columns={
        "service": "Service whose spans or log records these are.",
        "problem": "What is wrong.",
        "affected": "Spans of which that is true; log records where they have no spans.",
        "concerned": "Spans of which it could be true.",
        "affected_ratio": "Share of them.",
        "detail": "What was seen.",
        "blinds": "What cannot be seen, or is not what it seems.",
        "exemplar_trace_id": "A trace with it.",
    },
    key=("problem", "service"),
    limit=0,
    needs=("trace_structure",),
    spread="local",
    compute=lambda rows, _: judged(rows),
    draw=draw,
    sql=PROBLEMS,
    examples=("loglens trace-quality", "loglens trace-quality --service llm-api --format json"),
)
