"""Fan-out: a request makes many of the same calls at once, with no bound.

request  |------------------------|
items     |--------------------|
          |---------------|
          |-----------------|
          |--------------------|        as many as there are items
"""

from __future__ import annotations

from loglens import repeats
from loglens.analyses import n_plus_one
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, any_of, at_least, at_most

_ADVICE = "Ask for all of them in one call, or bound how many run at a time: a pool or a limit upstream will."


def _judge(row: Row, values: Values) -> Verdict:
    gates = (
        any_of(
            at_least(values, "min_parallel_calls", row["calls_max"], "calls in one request"),
            at_least(values, "min_rounds", row["rounds"], "calls for each that runs at once"),
        ),
        *repeats.cost_gates(row, values),
        at_most(values, "max_parallel_ratio", row["sequential_ratio"], "share of calls that waited for the last"),
        any_of(
            at_least(values, "min_concurrency", row["concurrency"], "calls at once"),
            at_least(values, "min_rounds", row["rounds"], "calls for each that runs at once"),
        ),
        repeats.new_values_gate(row, values),
        *repeats.look_alike_gates(row, values),
        *repeats.often_gates(row, values),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    how = f"up to {row['concurrency']:,} of them at once"
    return repeats.verdict(row, values, gates, how, repeats.made(row)[1], _ADVICE)


DETECTOR = Detector(
    name="fan_out",
    title="Fan-out",
    problem="One request makes many of the same calls at once, as many as there are items.",
    watches=n_plus_one.ANALYSIS,
    params=(
        Param(
            "min_parallel_calls",
            20,
            "Report where one request makes at least this many.",
            reason="Fewer at once are what makes a request quick; from here on they are what a pool has.",
        ),
        Param(
            "min_rounds",
            5.0,
            "Or this many for each that runs at once, so that most of them wait.",
            reason="Then something bounds them, most likely a pool, and they take as long as a loop.",
        ),
        *repeats.COST_PARAMS,
        Param(
            "max_parallel_ratio",
            0.5,
            "Report where at most this share of the calls begins after the one before has ended.",
            reason="More of them in a row are waiting for one another.",
        ),
        Param(
            "min_concurrency",
            5,
            "Report where at least this many run at once, or `min_rounds` holds.",
            reason="Two or three at a time are bounded already.",
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
    advice=_ADVICE,
)
