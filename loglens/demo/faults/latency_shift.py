"""A latency shift: every request of a route takes twice as long from some time on, none of them strikingly so."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from loglens.demo.call import Call
from loglens.demo.engine import MILLISECOND, Steps
from loglens.demo.faults.fault import Fault, Json, Window
from loglens.demo.platform import Served, World
from loglens.demo.traffic import Flow, add_route

KIND = "latency_shift"
FLOW = Flow("llm-api", "GET", "/v1/prompts", 20.0)
BEFORE_MS, AFTER_MS = 45.0, 100.0


def plant(world: World, window: Window) -> None:
    """Add the route."""

    def prompts(call: Call) -> Steps[None]:
        if world.engine.now in window:
            call.mark(KIND)
            yield from call.compute(AFTER_MS)
        else:
            yield from call.compute(BEFORE_MS)

    add_route(world, FLOW, prompts)


def evidence(requests: Sequence[Served], window: Window) -> dict[str, Json]:
    """Give the medians of both kinds, in milliseconds."""
    after = sorted(each.duration_ns for each in requests if each.start_ns in window)
    before = sorted(each.duration_ns for each in requests if each.start_ns < window.start_ns)
    return {
        "requests_before": len(before),
        "requests_after": len(after),
        "median_ms_before": _middle_ms(before),
        "median_ms_after": _middle_ms(after),
    }


def _middle_ms(ordered: list[int]) -> float | None:
    return round(ordered[(len(ordered) - 1) // 2] / MILLISECOND, 3) if ordered else None


FAULT = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="A new version of the template engine is let in: every page of prompts takes twice as long to make.",
    begins=Fraction(3, 5),
    plant=plant,
    evidence=evidence,
    findings=((KIND,),),
)
