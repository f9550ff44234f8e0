"""N+1: a request makes the same call again and again, one after another, each time with other values.

request  |----------------------------------------------|
orders   |--|
items       |--| |--| |--| |--| |--| |--| |--| |--| |--|
             id=1 id=2 id=3 ...                one of them would do
"""

from __future__ import annotations

from loglens import repeats
from loglens.analyses import n_plus_one
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, at_least

_ADVICE = {
    ("sql", False): "Ask for all of them in one statement: a join, WHERE ... IN (...), or eager loading in an ORM.",
    ("sql", True): "Write all rows in one statement: VALUES (...), (...), COPY, or executemany in one round trip.",
    ("redis", False): "Ask for all keys in one command, MGET, or send the commands in one pipeline.",
    ("redis", True): "Send the commands in one pipeline, or set all keys in one command.",
    ("document", False): "Ask for all of them in one query, with $in or a terms filter.",
    ("document", True): "Write all documents in one bulk request.",
    ("messaging", True): "Send the messages in one batch.",
    ("llm", False): "Send the inputs in one request, as embeddings allow, or several requests at a time.",
}
_ELSE = "Ask for all of them in one request; where the other side has none, send a few at a time."


def _judge(row: Row, values: Values) -> Verdict:
    gates = (
        *repeats.cost_gates(row, values),
        at_least(values, "min_sequential_ratio", row["sequential_ratio"], "share of calls that waited for the last"),
        repeats.new_values_gate(row, values),
        *repeats.look_alike_gates(row, values),
        *repeats.often_gates(row, values),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    advice = _ADVICE.get((row["kind"], row["is_write"]), _ELSE)
    return repeats.verdict(row, values, gates, "one after another", repeats.made(row)[1], advice)


DETECTOR = Detector(
    name="n_plus_one",
    title="N+1",
    problem="One request makes the same call again and again, one after another, where one call for all would do.",
    watches=n_plus_one.ANALYSIS,
    params=(
        *repeats.COST_PARAMS,
        Param(
            "min_sequential_ratio",
            0.8,
            "Report where at least this share of the calls begins after the one before has ended.",
            reason="Clocks and threads blur a few; calls at once are a fan_out.",
        ),
        repeats.DISTINCT,
        *repeats.LOOK_ALIKES,
        *repeats.OFTEN_PARAMS,
    ),
    judge=_judge,
    identity=repeats.IDENTITY,
    evidence=repeats.EVIDENCE,
    asks=repeats.ASKS,
    wide=repeats.WIDE,
    advice=_ELSE,
)
