"""Long transaction: it stays open while no statement runs, and holds its locks and its connection all that time.

POST /orders  ├─ BEGIN
              ├─ SELECT … FOR UPDATE    ├┤
              ├─ POST payments/charge     ├───────────────┤   idle in transaction
              ├─ UPDATE orders …                            ├┤
              └─ COMMIT
"""

from __future__ import annotations

from loglens import wording
from loglens.analyses import transactions
from loglens.analysis import Param, Row
from loglens.detector import Detector, Values, Verdict, at_least

# From this share on a call is why a transaction waits.
_EXPLAINS = 0.5


def _judge(row: Row, values: Values) -> Verdict:
    gates = (
        at_least(values, "min_ms", row["long_p50_ms"], "how long it stays open"),
        at_least(values, "min_idle_ratio", row["idle_p50_ratio"], "share of that in which no statement runs"),
        at_least(values, "min_transactions", row["long_transactions"], "such transactions", of_all=True),
        at_least(values, "min_long_ratio", row["long_ratio"], "share of the transactions of the route", of_all=True),
    )
    if not all(gate.is_passed for gate in gates):
        return Verdict(gates)
    is_critical = row["long_p50_ms"] >= float(values["critical_ms"] or 0)
    return Verdict(
        gates,
        severity="critical" if is_critical else "warning",
        subject=row["route"] or "(no route)",
        summary=_summary(row),
        advice=_advice(row),
    )


def _summary(row: Row) -> str:
    every = row["long_transactions"] == row["transactions"]
    who = "All transactions" if every else wording.some_of(row["long_ratio"], "transaction")
    typical, idle = wording.duration(row["long_p50_ms"]), wording.percent(row["idle_p50_ratio"])
    told = f"{who} stay open for {typical}, and for {idle} of that no statement runs"
    return f"{told}: {row['meanwhile']} takes most of it." if _is_explained(row) else f"{told}."


def _is_explained(row: Row) -> bool:
    return row["meanwhile"] is not None and row["meanwhile_s"] >= _EXPLAINS * row["idle_s"]


def _advice(row: Row) -> str | None:
    if not _is_explained(row):
        return None
    return (
        f"Make the call {row['meanwhile']} before BEGIN or after COMMIT: until then rows stay locked, a connection of"
        " the pool is taken, and vacuum waits."
    )


DETECTOR = Detector(
    name="long_transaction",
    title="Long transaction",
    problem="A transaction stays open while no statement runs, and holds locks and a connection all that time.",
    watches=transactions.ANALYSIS,
    params=(
        Param(
            "min_ms",
            500.0,
            "A transaction is long from this duration on.",
            reason="Whoever waits for its locks waits as long, and half a second is felt.",
        ),
        Param(
            "min_idle_ratio",
            0.5,
            "Report where no statement runs for at least this share of it.",
            reason="Where statements take the time, they are what is slow, and not the transaction around them.",
        ),
        Param(
            "min_transactions",
            3,
            "Report where at least this many are like that.",
            reason="One or two may have waited for something that broke just then.",
        ),
        Param(
            "min_long_ratio",
            0.01,
            "Report where at least this share of the transactions of a route is like that.",
            reason="Rarer, somebody waiting behind one is rare too.",
        ),
        Param(
            "critical_ms",
            10_000.0,
            "Critical where half of them stay open at least that long.",
            reason="Pools and lock timeouts give up around ten seconds: then others fail because of it.",
        ),
    ),
    judge=_judge,
    identity=("service", "route"),
    evidence=(
        *("transactions", "p50_ms", "p95_ms", "max_ms", "long_transactions", "long_ratio", "long_p50_ms"),
        *("idle_p50_ms", "idle_p50_ratio", "idle_s", "meanwhile", "meanwhile_s", "rolled_back"),
    ),
    advice="Do in the transaction only what reads and writes the database: until COMMIT rows stay locked, a connection"
    " of the pool is taken, and vacuum waits.",
    wide={"min_ms": 0.0, "min_idle_ratio": 0.0},
)
