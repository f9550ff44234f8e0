"""A noisy bot: one client asks for what does not exist, which is no failure of the service."""

from __future__ import annotations

from fractions import Fraction

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Failure
from loglens.demo.traffic import MEDIA, Flow, Surge, add_route

KIND = "noisy_bot"
FLOW = Flow("response-api", "GET", "/v1/files/{media_id}", 3.0, MEDIA)
TIMES = 14.0


def plant(world: World, window: Window) -> None:
    """Add the route, which one client asks again and again."""

    def look(call: Call) -> Steps[None]:
        if world.engine.now in window:
            call.mark(KIND)
        yield from call.compute(3.0)
        if world.engine.now in window and call.chance.happens(1 - 1 / TIMES):
            raise Failure(404, "NotFound", "no such file")

    add_route(world, FLOW, look, Surge(window.start_ns, window.end_ns, TIMES))


LOOK_ALIKE = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="A scanner asks for files that do not exist, forty times a minute.",
    begins=Fraction(1, 5),
    ends=Fraction(1, 2),
    plant=plant,
    evidence=repeats(KIND, status=404),
)
