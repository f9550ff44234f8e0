"""Repeated calls judged: the gates and the words that the detectors of repeated calls share."""

from __future__ import annotations

from loglens import wording
from loglens.analysis import Param, Row
from loglens.detector import SHARE_PARAMS, Gate, Values, Verdict, any_of, at_least, at_most, by_share

IDENTITY = ("service", "route", "pattern", "shape")
EVIDENCE = (
    *("shape", "kind", "callee", "code", "told_by", "looping_requests", "requests", "calls_p50", "calls_p95"),
    *("calls_max", "sequential_ratio", "distinct_ratio", "hidden_ratio", "together_p50_ms", "time_ratio"),
    *("excess_s", "total_s", "p50_ms", "p50_batched_ms", "p95_ms", "p95_batched_ms", "growth"),
)
ASKS = {"pattern": "any"}
WIDE = {"min_calls": 2, "min_ms": 0.0}

COST_PARAMS = (
    Param(
        "min_calls",
        5,
        "Report where one request makes the call at least this often.",
        reason="Two or three of a kind are often meant; five are a loop.",
    ),
    Param(
        "min_ms",
        50.0,
        "Report where the calls take at least this together.",
        reason="A twentieth of a second is what a person begins to notice.",
    ),
    Param(
        "min_time_ratio",
        0.2,
        "Or where they take at least this share of the request.",
        reason="Small loops in quick requests cost as much, on a route that is asked often.",
    ),
    Param(
        "many_calls",
        25,
        "Or where they are at least this many, however quick.",
        reason="What is quick beside the database is not so over a network, or under load.",
    ),
)
_ITEMS = Param(
    "max_items",
    50.0,
    "Report where a call does no more than this at once: rows it writes, keys it asks for, commands.",
    reason="Calls of many rows each are batches already.",
)
_TURNS = Param(
    "max_turn_ratio",
    0.2,
    "Report where a language model is asked before no more than this share of the calls.",
    reason="An agent that calls one tool a turn cannot call them at once: it does not know the next one.",
)
_PAGING = Param(
    "max_paging_ratio",
    0.5,
    "Report where no more than this share of the calls asks for the next page.",
    reason="Pages are read one after another because they are too much for one.",
)
DISTINCT = Param(
    "max_distinct_ratio",
    0.5,
    "It is the same call again where at most this share of the calls has values of its own.",
    reason="Where more than half are new, a cache would not help most of them.",
)
LOOK_ALIKES = (_ITEMS, _PAGING, _TURNS)
OFTEN_PARAMS = (
    Param(
        "min_requests",
        3,
        "Report where at least this many requests do so.",
        reason="What happened once or twice may be a start, a cold cache or an operator.",
    ),
    Param(
        "min_request_ratio",
        0.01,
        "Report where at least this share of the requests of the route does so.",
        reason="Rarer, it is no habit of the route.",
    ),
    Param(
        "long_calls",
        50,
        "Or where one in twenty of these requests makes at least this many calls.",
        reason="A loop that long is worth a look however rare it is.",
    ),
    *SHARE_PARAMS,
)

_MADE = {
    "sql": ("this statement runs", "one statement"),
    "document": ("this query runs", "one query"),
    "redis": ("this command runs", "one command"),
    "messaging": ("this message is sent", "one batch of messages"),
    "llm": ("this model is called", "one call"),
}


def cost_gates(row: Row, values: Values) -> tuple[Gate, ...]:
    """Return the gates of how often a request makes the call and what that costs."""
    return (
        at_least(values, "min_calls", row["calls_max"], "calls in one request"),
        any_of(
            at_least(values, "min_ms", row["together_max_ms"], "time of these calls together"),
            at_least(values, "min_time_ratio", row["time_ratio_max"], "share of the request in which they run"),
            at_least(values, "many_calls", row["calls_max"], "calls in one request"),
        ),
    )


def look_alike_gates(row: Row, values: Values) -> tuple[Gate, ...]:
    """Return the gates that keep batches, pages and the turns of an agent out."""
    return (
        _below(values, "max_items", row["items_per_call"], "rows, keys or commands a call does at once"),
        at_most(values, "max_paging_ratio", row["paging_ratio"], "share of calls for the next page"),
        _below(values, "max_turn_ratio", row["turn_ratio"], "share of calls before which a language model was asked"),
    )


def often_gates(row: Row, values: Values) -> tuple[Gate, ...]:
    """Return the gates of how many requests do so."""
    return (
        at_least(values, "min_requests", row["looping_requests"], "requests that do so", of_all=True),
        any_of(
            at_least(values, "min_request_ratio", row["request_ratio"], "share of the requests", of_all=True),
            at_least(values, "long_calls", row["calls_p95"], "calls in one in twenty of them", of_all=True),
        ),
    )


def new_values_gate(row: Row, values: Values) -> Gate:
    """Return the gate that more calls than `max_distinct_ratio` allows for have values of their own."""
    gate = at_least(values, "max_distinct_ratio", row["distinct_ratio"], "share of calls with values of their own")
    return Gate(gate.param, gate.what, gate.value, gate.threshold, gate.is_met and gate.value != gate.threshold)


def _below(values: Values, param: str, value: float | None, what: str) -> Gate:
    gate = at_most(values, param, value, what)
    return Gate(param, what, value, gate.threshold, gate.is_met and value != gate.threshold, at_most=True)


def verdict(row: Row, values: Values, gates: tuple[Gate, ...], how: str, once: str, advice: str) -> Verdict:
    """Return what is made of a row: `how` says how the calls are made, `once` what would do in their place."""
    found = Verdict(gates)
    if not found.is_finding:
        return found
    cost_ms, total_ms = row["excess_s"] * 1000, (row["total_s"] or 0) * 1000
    return Verdict(
        gates,
        severity=by_share(cost_ms / total_ms if total_ms else 0.0, values),
        subject=row["call"],
        summary=f"{_often(row, how)} {_saving(row, once)}",
        cost_ms=cost_ms,
        gain_ms=row["saved_p50_ms"] or None,
        advice=f"In {row['code']}: {advice[0].lower()}{advice[1:]}" if row["code"] else advice,
        caveats=tuple(_caveats(row)),
    )


def made(row: Row) -> tuple[str, str]:
    """Return how a sentence says that the call is made, and what one of it in place of many is."""
    if row["steps"] > 1:
        return f"these {row['steps']} calls are made in turn,", "one call of each"
    if row["callee"]:
        return f"this request is sent to {row['callee']}", "one request"
    return _MADE.get(row["kind"], ("this request is sent", "one request"))


def _often(row: Row, how: str) -> str:
    where = f" to {row['route']}" if row["route"] else ""
    some = "all" if row["looping_requests"] == row["requests"] else f"{row['looping_requests']:,} of"
    whose = {"session": "stretches of a session", "trace": "traces", "request": "requests"}
    noun = "requests" if row["route"] or row["told_by"] == "spans" else whose[row["told_by"]]
    usual, most = row["calls_p50"], row["calls_max"]
    times = f"{usual:,} times" if usual == most else f"{usual:,} times at the median and {most:,} at most"
    return f"In {some} {row['requests']:,} {noun}{where} {made(row)[0]} {times}, {how}."


def _saving(row: Row, once: str) -> str:
    share = "" if row["time_ratio"] is None else f"That is {wording.percent(row['time_ratio'])} of their time"
    if row["p50_batched_ms"] is None:
        together = wording.duration(row["together_p50_ms"])
        return f"That takes {together}; with {once} they would save {wording.duration(row['saved_p50_ms'])}."
    before, after = wording.duration(row["p50_ms"]), wording.duration(row["p50_batched_ms"])
    slow, slow_after = wording.duration(row["p95_ms"]), wording.duration(row["p95_batched_ms"])
    tail = "" if slow == slow_after else f", and p95 be {slow_after} instead of {slow}"
    if row["saved_p50_ms"] <= 0 or before == after:
        return f"{share}; they would hardly be quicker with {once}."
    return f"{share}: with {once} half of them would take at most {after} instead of {before}{tail}."


def _caveats(row: Row) -> list[str]:
    found = []
    if row["hidden_ratio"]:
        found.append("The values of the calls are hidden. Where they are the same each time, keep the first answer.")
    if row["is_truncated"]:
        found.append("The text was cut off where it was recorded: calls that differ behind the cut count as one.")
    if row["told_by"] == "session":
        found.append("These logs name a connection and no request: pauses and transactions tell what belongs together.")
    if row["growth"] is not None and row["growth"] >= 0.5 and row["looping_requests"] >= 10:
        found.append("The requests take the longer the more calls they make: it gets worse as data grows.")
    return found
