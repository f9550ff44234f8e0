"""Error level shift: more requests fail than before, and it has come to stay.

errors   │            ▅▅▄▅▄▅▅▄▅▅▄▅▅▄
         │  ▁     ▁  ▁██████████████
usual    │▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
         └───────────┬──────────────┤
                 onset    end of data
"""

from __future__ import annotations

from loglens import burst_gates
from loglens.analyses import bursts
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, at_least


def _judge(row: Row, values: Values) -> Verdict:
    stays = at_least(
        values,
        "min_stay_ratio",
        row["stay_ratio"],
        "errors at its end for one of its begin, where it stays",
        of_all=True,
    )
    gates = (*burst_gates.gates(row, values), stays)
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    return burst_gates.verdict(row, values, gates)


# One request in twenty is no outage of the route, but what stays is not over by itself.
_CRITICAL = Param(
    "critical_ratio",
    0.05,
    "Critical where at least this share of the requests failed.",
    reason="One request in twenty is what takes up the error budget of a month in a day.",
)

DETECTOR = Detector(
    name="error_level_shift",
    title="Error level shift",
    problem="Far more requests fail than before, and they have not stopped since.",
    watches=bursts.ANALYSIS,
    params=(
        *(param for param in burst_gates.PARAMS if param.name != _CRITICAL.name),
        _CRITICAL,
        Param(
            "min_stay_ratio",
            0.5,
            "Report where it lasts to the end of the data, and the second half has at least this share of the errors of"
            " the first.",
            reason="What fades is a burst that the data cut off.",
        ),
    ),
    judge=_judge,
    identity=burst_gates.IDENTITY,
    evidence=burst_gates.EVIDENCE,
    advice="Look at what changed at its onset, and at one of the failed requests: a deploy, a setting, a dependency.",
)
