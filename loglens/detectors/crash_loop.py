"""Crash loop: one instance is started again and again, each time a while after it was started.

instance │▄▅▄▅▄▅  S▅▄▄  S▄▅▄  S▅▄▅  S▄▄▅▄▅▄▄
others   │▄▅▄▅▄▅▄▅▄▅▄▄▅▄▄▅▄▅▄▅▄▄▅▄▄▅▄▅▄▄▅▄▅▄▄
         └─────┬───────────────────┬────────
         first time down      last start (S)
"""

from __future__ import annotations

from loglens.analyses import silence
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, at_least
from loglens.silence.drawing import said, subject


def _judge(row: Row, values: Values) -> Verdict:
    gates = (
        at_least(values, "min_restarts", row["restarts"], "starts of one instance, soon after another", of_all=True),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    return Verdict(gates, severity="critical", subject=subject(row), summary=said(row), is_spell=True)


DETECTOR = Detector(
    name="crash_loop",
    title="Crash loop",
    problem="One instance is started again and again, each time a while after it was started.",
    watches=silence.ANALYSIS,
    params=(
        Param(
            "min_restarts",
            3,
            "Report where one instance was started at least this many times, no more than 15 minutes apart.",
            reason="A deploy starts it once, a deploy that is taken back twice.",
        ),
    ),
    judge=_judge,
    identity=("kind", "service", "instance"),
    evidence=("silence_id", "instance", "restarts", "silent_ms"),
    advice="Look at its last records before each start, and at its limit of memory: exit code 137 is the kernel's.",
)
