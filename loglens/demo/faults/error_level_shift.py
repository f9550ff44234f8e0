"""A level shift: a route that always failed now and then fails more often from some time on, and stays there."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Json, Window
from loglens.demo.platform import Served, World
from loglens.demo.queries import Failure
from loglens.demo.traffic import Flow, add_route

KIND = "error_level_shift"
FLOW = Flow("llm-api", "GET", "/v1/usage", 60.0)
EXCEPTION = "httpx.ReadTimeout"
SHARE_BEFORE, SHARE_AFTER = 0.035, 0.175


def plant(world: World, window: Window) -> None:
    """Add the route."""
    chance = world.chance(KIND)

    def usage(call: Call) -> Steps[None]:
        share = SHARE_AFTER if world.engine.now in window else SHARE_BEFORE
        yield from call.compute(6.0)
        if chance.happens(share):
            if share == SHARE_AFTER:
                call.mark(KIND)
            raise Failure(504, EXCEPTION, "billing did not answer in time")

    add_route(world, FLOW, usage)


def evidence(requests: Sequence[Served], window: Window) -> dict[str, Json]:
    """Count the requests and those that failed, before and after."""
    after = [each for each in requests if each.start_ns in window]
    before = [each for each in requests if each.start_ns < window.start_ns]
    return {
        "exception_type": EXCEPTION,
        "requests_before": len(before),
        "failed_before": sum(each.status >= 500 for each in before),
        "requests_after": len(after),
        "failed_after": sum(each.status >= 500 for each in after),
    }


FAULT = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="One of the nodes of billing is slow from now on, so that one request in six takes too long.",
    begins=Fraction(1, 2),
    plant=plant,
    evidence=evidence,
    findings=(("error_level_shift", "error_burst"),),
)
