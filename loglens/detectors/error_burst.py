"""Error burst: for some time far more requests fail than do at that hour and with that traffic.

errors   │            ▅█▇█▆
         │  ▁     ▁  ▁█████▁      ▁
usual    │▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
         └───────────┬────┬─────────
                 onset    end
"""

from __future__ import annotations

from loglens import burst_gates
from loglens.analyses import bursts
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, at_most


def _judge(row: Row, values: Values) -> Verdict:
    stays = at_most(
        values,
        "max_stay_ratio",
        row["stay_ratio"],
        "errors at its end for one of its begin, where it stays",
        of_all=True,
    )
    gates = (*burst_gates.gates(row, values), stays)
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    return burst_gates.verdict(row, values, gates)


DETECTOR = Detector(
    name="error_burst",
    title="Error burst",
    problem="For some time far more requests fail than do at that hour and with that traffic.",
    watches=bursts.ANALYSIS,
    params=(
        *burst_gates.PARAMS,
        Param(
            "max_stay_ratio",
            0.5,
            "Report where it ended, or the second half has at most this share of the errors of the first.",
            reason="What goes on as it began has come to stay: that is a level shift.",
        ),
    ),
    judge=_judge,
    identity=burst_gates.IDENTITY,
    evidence=burst_gates.EVIDENCE,
    advice="Look at what changed at its onset, and at one of the failed requests: a deploy, a setting, a dependency.",
)
