"""An N+1 across services: a list is filled by one request to another service for each of its entries.

response-api GET /v1/feed
  SELECT … FROM responses WHERE user_id = $1
  llm-api GET /v1/conversations/{conversation_id}   ┐
  llm-api GET /v1/conversations/{conversation_id}   ┘ once for each entry
"""

from __future__ import annotations

from loglens.demo.call import Call, Errand
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Query
from loglens.demo.serving import request
from loglens.demo.traffic import Flow, add_route

KIND = "n_plus_one_across_services"
CALLEE, CALLED = "llm-api", "/v1/conversations/{conversation_id}"
FLOW = Flow("response-api", "GET", "/v1/feed", 1.2)
FEWEST, MOST = 6, 12


def plant(world: World, _window: Window) -> None:
    """Add the route."""
    chance = world.chance(KIND)
    world.queries[KIND] = Query("SELECT id, conversation_id FROM responses WHERE user_id = $1 LIMIT 12", 4.4)

    def fill(call: Call) -> Steps[None]:
        yield from call.query(KIND)
        for _ in range(FEWEST + chance.below(MOST - FEWEST + 1)):
            call.mark(KIND)
            values = {"conversation_id": chance.pick(world.conversations)}
            yield from request(call, Errand(CALLEE, "GET", CALLED, call.errand.user, values))
        yield from call.compute(3.0)

    add_route(world, FLOW, fill)


FAULT = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="For each entry of a feed its conversation is fetched from llm-api by a request of its own.",
    plant=plant,
    evidence=repeats(KIND, callee=CALLEE, called=f"GET {CALLED}"),
    findings=(("n_plus_one",),),
)
