"""A gather: a handful of calls that do not need each other are made at the same time, as they should be.

GET /v1/overview
  GET searxng /status/…   ├──┤   ┐
  GET searxng /status/…   ├───┤  │ together they take as long as the slowest
  GET searxng /status/…   ├──┤   ┘
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.traffic import Flow, add_route

KIND = "async_gather"
PEER = "catalog"
FLOW = Flow("response-api", "GET", "/v1/overview", 1.2)
FEWEST, MOST = 6, 9


def plant(world: World, _window: Window) -> None:
    """Add the route."""
    chance = world.chance(KIND)

    def gather(call: Call) -> Steps[None]:
        asked = [f"/items/{10_000 + chance.below(90_000)}" for _ in range(FEWEST + chance.below(MOST - FEWEST + 1))]
        for _ in asked:
            call.mark(KIND)
        yield from world.engine.all_of([call.branch().ask(PEER, "GET", path, 34.0) for path in asked])
        yield from call.compute(3.0)

    add_route(world, FLOW, gather)


LOOK_ALIKE = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="The few items of an overview are fetched at the same time.",
    plant=plant,
    evidence=repeats(KIND, peer=PEER),
)
