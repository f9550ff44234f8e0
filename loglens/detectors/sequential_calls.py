"""Sequential calls: a request waits for one call after another, though they might run at the same time.

GET /page  ├─ GET users/{id}    ├──────┤
           ├─ GET prices/{id}            ├──────────┤
           └─ GET stock/{id}                          ├─────┤
at once    ├─ GET users/{id}    ├──────┤
           ├─ GET prices/{id}   ├──────────┤
           └─ GET stock/{id}    ├─────┤     └──── saved ────┘
"""

from __future__ import annotations

from loglens import wording
from loglens.analyses import call_sequences
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, at_least

_UNKNOWN = "A trace does not show whether a call needs what an earlier one answered; the code does."
_FROM_LOGS = "Read from log records, which tell when a call ran and not who waited for it."


def _judge(row: Row, values: Values) -> Verdict:
    gates = (
        at_least(values, "min_calls", row["calls"], "different calls one after the other"),
        at_least(values, "min_saved_ms", row["saved_p50_ms"], "what a request would save"),
        at_least(values, "min_saved_ratio", row["saved_p50_ratio"], "share of its time"),
        at_least(values, "min_requests", row["affected"], "requests that do so", of_all=True),
        at_least(values, "min_request_ratio", row["affected_ratio"], "share of the requests of the route", of_all=True),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    return Verdict(
        gates,
        # Info, however much: nobody can tell from outside whether it can be saved.
        severity="info",
        subject=row["route"] or "(no route)",
        summary=_summary(row),
        cost_ms=row["saved_s"] * 1000,
        gain_ms=row["saved_p50_ms"],
        caveats=(_UNKNOWN, _FROM_LOGS) if row["origin"] == "log" else (_UNKNOWN,),
    )


def _summary(row: Row) -> str:
    who = "All requests" if row["affected_ratio"] == 1 else wording.some_of(row["affected_ratio"], "request")
    saved, tail = wording.duration(row["saved_p50_ms"]), wording.duration(row["saved_p95_ms"])
    together, ratio = wording.duration(row["sequence_p50_ms"]), wording.percent(row["saved_p50_ratio"])
    return (
        f"{who} wait for {row['calls']} calls one after the other, {together} together: {row['sequence']}."
        f" Made at once they would take {saved} less (p95 {tail}), {ratio} of the request."
    )


DETECTOR = Detector(
    name="sequential_calls",
    title="Sequential calls",
    problem="A request waits for one call after another, though they might run at the same time.",
    watches=call_sequences.ANALYSIS,
    params=(
        Param(
            "min_calls",
            3,
            "Report sequences of at least this many different calls.",
            reason="Of two the second often needs the first: who is it, then what may they see.",
        ),
        Param(
            "most_repeats",
            4,
            "A call that a request makes more often is left out.",
            reason="It is a loop, which n_plus_one judges from five calls on.",
        ),
        Param(
            "min_call_ratio",
            0.05,
            "A call that takes less than this share of the request is left out.",
            reason="To move it would not be noticed.",
        ),
        Param(
            "min_saved_ms",
            100.0,
            "Report where a request would save at least this.",
            reason="People notice 100 ms; less does not pay for code that is harder to read.",
        ),
        Param(
            "min_saved_ratio",
            0.2,
            "Report where a request would save at least this share of its time.",
            reason="A fifth is what people notice when it goes.",
        ),
        Param(
            "min_requests",
            3,
            "Report where at least this many requests do so.",
            reason="One or two may be a path through the code that is rarely taken.",
        ),
        Param(
            "min_request_ratio",
            0.01,
            "Report where at least this share of the requests of the route does so.",
            reason="Rarer, it does not show in the times of the route.",
        ),
    ),
    judge=_judge,
    identity=("service", "route"),
    evidence=(
        *("requests", "affected", "affected_ratio", "calls", "sequence", "sequence_p50_ms"),
        *("saved_p50_ms", "saved_p95_ms", "saved_p50_ratio", "saved_s", "affected_time_s"),
    ),
    advice="Where no call needs the answer of another one, start them together and wait for all of them.",
    wide={"min_calls": 1, "min_saved_ms": 0.0, "min_saved_ratio": 0.0},
)
