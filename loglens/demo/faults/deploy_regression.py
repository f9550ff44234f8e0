"""A regression: a new version is rolled out, and some requests of one route fail in a way they never did before."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from loglens.demo.call import Call
from loglens.demo.engine import SECOND, Steps
from loglens.demo.faults.fault import Fault, Json, Window
from loglens.demo.platform import Served, World
from loglens.demo.queries import Failure
from loglens.demo.traffic import RESPONSE, Flow, add_route

KIND = "deploy_regression"
FLOW = Flow("response-api", "GET", "/v1/responses/{response_id}/summary", 16.0, RESPONSE)
VERSION = "v0.0.15"
EXCEPTION = "pydantic_core.ValidationError"
SHARE = 0.3
ROLL_NS, DOWN_NS = 20 * SECOND, 6 * SECOND


def plant(world: World, window: Window) -> None:
    """Add the route, and roll the new version out, one instance after the other."""
    chance = world.chance(KIND)
    for number, instance in enumerate(world.ready[FLOW.service]):
        at_ns = window.start_ns + number * ROLL_NS
        world.take_away(instance, at_ns, at_ns + DOWN_NS, VERSION)

    def summarise(call: Call) -> Steps[None]:
        yield from call.compute(11.0)
        if chance.happens(SHARE) and call.instance.version == VERSION:
            call.mark(KIND)
            raise Failure(500, EXCEPTION, "1 validation error for Summary: tokens field required")

    add_route(world, FLOW, summarise)


def evidence(requests: Sequence[Served], window: Window) -> dict[str, Json]:
    """Count the failed requests, before and after."""
    after = [each for each in requests if each.start_ns in window]
    return {
        "exception_type": EXCEPTION,
        "version": VERSION,
        "requests_after": len(after),
        "failed_after": sum(each.status >= 500 for each in after),
        "failed_before": sum(each.status >= 500 for each in requests if each.start_ns < window.start_ns),
    }


FAULT = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done=f"{VERSION} is rolled out; it fails on the summaries that were written before it.",
    begins=Fraction(8, 15),
    plant=plant,
    evidence=evidence,
    findings=(("error_burst", "error_level_shift"), ("new_error",)),
)
