"""Heartbeat missing: what came at equal intervals does not come any more, while its service goes on.

beat     │ |  |  |  |  |  |                |  |
service  │▄▅▄▅▄▄▅▄▄▅▄▅▄▄▅▄▄▅▄▅▄▄▅▄▄▅▄▅▄▄▅▄
         └────────────────┬────────────────────
                       last beat
"""

from __future__ import annotations

from loglens.analyses import silence
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, at_least
from loglens.silence.drawing import said
from loglens.silence.thresholds import MIN_BEATS


def _judge(row: Row, values: Values) -> Verdict:
    gates = (at_least(values, "min_missed", row["beats_missed"], "beats that did not come", of_all=True),)
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    return Verdict(gates, severity="warning", subject=row["name"], summary=said(row), is_spell=True)


DETECTOR = Detector(
    name="heartbeat_missing",
    title="Heartbeat missing",
    problem="What came at equal intervals does not come any more, while its service goes on.",
    watches=silence.ANALYSIS,
    params=(
        Param(
            "min_missed",
            3,
            "Report where at least this many beats did not come.",
            reason="One or two are late; three are not coming.",
        ),
        MIN_BEATS,
    ),
    judge=_judge,
    identity=("kind", "service", "instance", "name"),
    evidence=("silence_id", "instance", "name", "period_ms", "beats_missed", "silent_ms", "is_over"),
    advice="Look at what writes it: a scheduler that hangs, a job that waits for a lock, a thread that died.",
)
