"""A missing index: from some minute on, the one statement of a route reads a whole table that keeps growing."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from loglens.demo.engine import MILLISECOND, MINUTE
from loglens.demo.faults.fault import Fault, Json, Window
from loglens.demo.platform import Served, World
from loglens.demo.queries import all_queries

KIND = "slow_route"
QUERY = "search"
FACTOR_AT_ONCE = 140.0
FACTOR_PER_MINUTE = 12.0


def plant(world: World, window: Window) -> None:
    """Let the statement cost what a sequential scan costs."""
    query = world.queries[QUERY]

    def factor(now_ns: int) -> float:
        if now_ns not in window:
            return 1.0
        return FACTOR_AT_ONCE + FACTOR_PER_MINUTE * ((now_ns - window.start_ns) / MINUTE)

    query.factor, query.fault = factor, KIND


def evidence(requests: Sequence[Served], _window: Window) -> dict[str, Json]:
    """Count the slow requests and give the medians of both kinds, in milliseconds."""
    slow = sorted(each.duration_ns for each in requests if KIND in each.marks)
    quick = sorted(each.duration_ns for each in requests if KIND not in each.marks)
    return {
        "statement": all_queries()[QUERY].text,
        "requests": len(requests),
        "slow_requests": len(slow),
        "median_ms_when_slow": _middle_ms(slow),
        "median_ms_otherwise": _middle_ms(quick),
    }


def _middle_ms(ordered: list[int]) -> float | None:
    return round(ordered[(len(ordered) - 1) // 2] / MILLISECOND, 3) if ordered else None


FAULT = Fault(
    kind=KIND,
    service="llm-api",
    route="GET /v1/messages/search",
    done="The index on messages (role, created_at) is dropped: every search scans the table, which keeps growing.",
    begins=Fraction(3, 5),
    plant=plant,
    evidence=evidence,
    findings=((KIND,), ("slow_query",), ("latency_shift",)),
)
