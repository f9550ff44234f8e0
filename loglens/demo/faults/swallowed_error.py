"""A swallowed error: a call fails again and again, and the request that made it succeeds as if nothing were amiss.

GET /v1/home   200
  POST events.example.org /views   503   the view is lost, and nobody is told
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.services.outside import attempt
from loglens.demo.traffic import Flow, add_route

KIND = "swallowed_error"
PEER = "events.example.org"
FLOW = Flow("llm-api", "GET", "/v1/home", 3.0)
SHARE = 0.4


def plant(world: World, _window: Window) -> None:
    """Add the route."""
    chance = world.chance(KIND)

    def home(call: Call) -> Steps[None]:
        yield from call.compute(5.0)
        is_lost = chance.happens(SHARE)
        if is_lost:
            call.mark(KIND)
        yield from attempt(call, PEER, "/views", chance, 0, 503 if is_lost else 202)

    add_route(world, FLOW, home)


FAULT = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="The collector of page views refuses two in five, which the page does not look at.",
    plant=plant,
    evidence=repeats(KIND, peer=PEER),
    findings=((KIND,),),
)
