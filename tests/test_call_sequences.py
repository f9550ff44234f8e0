"""What making calls at once would save, held against a plain simulation of requests made by chance."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from conftest import START_NS, MakeStore

import loglens

REQUESTS = 300
Call = tuple[int, int, str]


def request_of(chance: random.Random) -> list[Call]:
    """Return calls as begin, finish and host; hosts that come twice, calls that overlap and calls that do not."""
    calls: list[Call] = []
    cursor = 0
    for _ in range(chance.randint(1, 7)):
        begin = max(0, cursor + chance.choice([0, 0, 0, 5, -chance.randint(1, 80)]))
        cursor = begin + chance.randint(1, 100)
        calls.append((begin, cursor, chance.choice("abcdef")))
    return calls


def waited_for(calls: Sequence[Call]) -> list[Call]:
    """Return the calls on the critical path: from the end back, always the one that ended last before."""
    chain: list[Call] = []
    limit = max(finish for _, finish, _ in calls)
    while before := [call for call in calls if call[1] <= limit]:
        chain.append(max(before, key=lambda call: (call[1], -call[0])))
        limit = chain[-1][0]
    return chain


def saving(calls: Sequence[Call]) -> tuple[int, int]:
    """Return the different calls of the sequence, and what they would save at once, millisecond by millisecond."""
    chain = waited_for(calls)
    lanes: dict[str, int] = {}
    for begin, finish, host in chain:
        lanes[host] = lanes.get(host, 0) + finish - begin
    first, last = min(call[0] for call in chain), max(call[1] for call in chain)
    others = [call for call in calls if call not in chain]
    busy = sum(any(begin <= at < finish for begin, finish, _ in others) for at in range(first, last))
    gaps = (last - first) - sum(lanes.values())
    return len(lanes), (last - first) - max(gaps + max(lanes.values()), busy)


def test_savings_are_those_of_a_simulation(make_store: MakeStore) -> None:
    chance = random.Random(5)
    spans: list[dict[str, Any]] = []
    wanted: dict[str, tuple[int, int]] = {}
    for number in range(1, REQUESTS + 1):
        calls = request_of(chance)
        # Two calls that end at once leave the choice to the store.
        if len({call[1] for call in calls}) < len(calls):
            continue
        shared = {"source_id": 1, "trace_id": f"{number:032x}", "service": "api", "status": "UNSET"}
        root = {"kind": "SERVER", "name": "GET", "route": f"/{number}", "span_id": f"{number:08x}00000000"}
        whole = max(finish for _, finish, _ in calls)
        rows: list[tuple[int, int, dict[str, Any]]] = [(0, whole, root)]
        for place, (begin, finish, host) in enumerate(calls, 1):
            call = {"kind": "CLIENT", "name": "GET", "http_method": "GET", "route": "/x", "peer_service": host}
            call |= {"span_id": f"{number:08x}{place:08x}", "parent_span_id": root["span_id"]}
            rows.append((begin, finish, call))
        for begin, finish, row in rows:
            times = {"start_ns": START_NS + begin * 10**6, "duration_ns": (finish - begin) * 10**6}
            spans.append({**shared, **row, **times, "line": len(spans) + 1})
        wanted[f"/{number}"] = saving(calls)
    source = {"source_id": 1, "uri": "/x", "ingested_ns": 1, "begun_ns": 1}
    lens = loglens.open(make_store({"sources": [source], "spans": spans}))
    all_of_them = {"min_calls": 1, "most_repeats": 99, "min_call_ratio": 0.0, "min_saved_ms": 0.0}
    result = lens.call_sequences(**all_of_them, min_saved_ratio=0.0, limit=0)
    assert {row["route"]: (row["calls"], round(row["saved_p50_ms"], 6)) for row in result.rows} == wanted
    assert len(wanted) > REQUESTS / 2
