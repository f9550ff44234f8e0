"""A retry storm: what is refused is sent again at once, many times, so that the load grows when it can be borne least.

POST /v1/webhooks
  POST hooks.example.org /notify   503   ┐
  POST hooks.example.org /notify   503   │ until one succeeds
  POST hooks.example.org /notify   200   ┘
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import MILLISECOND, Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.services.outside import attempt
from loglens.demo.traffic import Flow, add_route

KIND = "retry_storm"
PEER = "hooks.example.org"
FLOW = Flow("llm-api", "POST", "/v1/webhooks", 1.2)
FEWEST, MOST = 5, 7
WAIT_MS = 8


def plant(world: World, _window: Window) -> None:
    """Add the route."""
    chance = world.chance(KIND)

    def notify(call: Call) -> Steps[None]:
        attempts = FEWEST + chance.below(MOST - FEWEST + 1)
        for number in range(attempts):
            call.mark(KIND)
            status = 200 if number + 1 == attempts else 503
            yield from attempt(call, PEER, "/notify", chance, number, status)
            yield WAIT_MS * MILLISECOND

    add_route(world, FLOW, notify)


FAULT = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="A receiver of notifications is busy, so each is sent until it is taken.",
    plant=plant,
    evidence=repeats(KIND, peer=PEER),
    findings=((KIND,),),
)
