"""A lookup that is lost now and then: the page does without, and that is what a fallback is for.

GET /v1/welcome   200
  POST flags.example.org /flags   504   once in a while; the page shows what it shows to everybody
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.services.outside import attempt
from loglens.demo.traffic import Flow, add_route

KIND = "lost_lookup"
PEER = "flags.example.org"
FLOW = Flow("llm-api", "GET", "/v1/welcome", 3.0)
LOST = 3


def plant(world: World, window: Window) -> None:
    """Add the route; the lookups that are lost lie evenly in the window."""
    chance = world.chance(KIND)
    apart_ns = (window.end_ns - window.start_ns) // LOST
    due = [window.start_ns + number * apart_ns for number in range(LOST)]

    def welcome(call: Call) -> Steps[None]:
        yield from call.compute(5.0)
        is_lost = bool(due) and world.engine.now >= due[0]
        if is_lost:
            due.pop(0)
            call.mark(KIND)
        yield from attempt(call, PEER, "/flags", chance, 0, 504 if is_lost else 200)

    add_route(world, FLOW, welcome)


LOOK_ALIKE = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="Three lookups of flags time out, minutes apart; their pages show what they show to everybody.",
    plant=plant,
    evidence=repeats(KIND, peer=PEER),
)
