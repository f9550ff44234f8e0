"""A blip that recovered: for two minutes many calls fail once, are tried again, and succeed; nobody saw it.

POST /v1/embeddings
  POST embeddings /embed   503   ┐
  POST embeddings /embed   200   ┘ after a pause
"""

from __future__ import annotations

from fractions import Fraction

from loglens.demo.call import Call
from loglens.demo.engine import MILLISECOND, Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.services.outside import attempt
from loglens.demo.traffic import Flow, add_route

KIND = "recovered_blip"
PEER = "embeddings.example.org"
FLOW = Flow("llm-api", "POST", "/v1/embeddings", 8.0)
SHARE = 0.7
PAUSE_MS = 20


def plant(world: World, window: Window) -> None:
    """Add the route."""
    chance = world.chance(KIND)

    def embed(call: Call) -> Steps[None]:
        fails = world.engine.now in window and chance.happens(SHARE)
        if fails:
            call.mark(KIND)
            yield from attempt(call, PEER, "/embed", chance, 0, 503)
            yield int(PAUSE_MS * (0.5 + chance.uniform()) * MILLISECOND)
        yield from attempt(call, PEER, "/embed", chance, int(fails), 200)

    add_route(world, FLOW, embed)


LOOK_ALIKE = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="A node of the embeddings is replaced; what it refuses is taken by another a moment later.",
    begins=Fraction(1, 2),
    ends=Fraction(3, 5),
    plant=plant,
    evidence=repeats(KIND, peer=PEER),
)
