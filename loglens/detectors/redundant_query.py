"""Redundant query: a request asks the same thing with the same values again and again.

request  |------------------------------------------|
items     |------|                        |------|
user 7            |--| |--| |--| |--| |--|        |--|
          one answer, asked for six times
"""

from __future__ import annotations

from loglens import repeats
from loglens.analyses import n_plus_one
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, at_most

_ADVICE = "Ask once and keep the answer for the rest of the request."
_WRITE = "Write it once, when the request knows what to write."


def _judge(row: Row, values: Values) -> Verdict:
    gates = (
        *repeats.cost_gates(row, values),
        at_most(values, "max_distinct_ratio", row["distinct_ratio"], "share of calls with values of their own"),
        at_most(values, "max_pause_ms", row["pause_p50_ms"], "usual pause between the calls"),
        *repeats.look_alike_gates(row, values),
        *repeats.often_gates(row, values),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    once = f"{repeats.made(row)[1]} for each value"
    return repeats.verdict(
        row, values, gates, "mostly with the same values", once, _WRITE if row["is_write"] else _ADVICE
    )


DETECTOR = Detector(
    name="redundant_query",
    title="Redundant query",
    problem="One request makes the same call with the same values again and again.",
    watches=n_plus_one.ANALYSIS,
    params=(
        *repeats.COST_PARAMS,
        repeats.DISTINCT,
        Param(
            "max_pause_ms",
            100.0,
            "Report where the usual pause between the calls is no longer than this.",
            reason="Who asks again after a longer pause waits for a change.",
        ),
        *repeats.LOOK_ALIKES,
        *repeats.OFTEN_PARAMS,
    ),
    judge=_judge,
    identity=repeats.IDENTITY,
    evidence=repeats.EVIDENCE,
    asks=repeats.ASKS,
    wide=repeats.WIDE,
    advice=_ADVICE,
)
