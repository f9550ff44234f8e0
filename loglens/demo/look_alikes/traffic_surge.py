"""A surge of traffic: five times the requests, and therefore five times the errors; their share stays the same."""

from __future__ import annotations

from fractions import Fraction

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Failure
from loglens.demo.traffic import Flow, Surge, add_route

KIND = "traffic_surge"
FLOW = Flow("llm-api", "GET", "/v1/announcements", 15.0)
TIMES = 5.0
SHARE = 0.04


def plant(world: World, window: Window) -> None:
    """Add the route, which everybody reads at once."""
    chance = world.chance(KIND)

    def read(call: Call) -> Steps[None]:
        if world.engine.now in window:
            call.mark(KIND)
        yield from call.compute(4.0)
        if chance.happens(SHARE):
            raise Failure(504, "httpx.ReadTimeout", "announcements did not answer in time")

    add_route(world, FLOW, read, Surge(window.start_ns, window.end_ns, TIMES))


LOOK_ALIKE = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="An announcement is sent to all users; four in a hundred requests fail as they always do.",
    begins=Fraction(2, 5),
    ends=Fraction(2, 3),
    plant=plant,
    evidence=repeats(KIND, share_that_fails=SHARE),
)
