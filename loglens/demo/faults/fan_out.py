"""A fan-out: every part of a document is embedded by a request of its own, all at once.

POST /v1/documents
  embeddings e5-small   ├──┤    ┐
  embeddings e5-small   ├───┤   │ at the same time, as many as the document has parts
  embeddings e5-small   ├──┤    ┘
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import MILLISECOND, Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Query
from loglens.demo.telemetry import Fields, Kind
from loglens.demo.traffic import Flow, add_route

KIND = "fan_out"
MODEL = "e5-small"
FLOW = Flow("llm-api", "POST", "/v1/documents", 0.4)
FEWEST, MOST = 20, 24


def plant(world: World, _window: Window) -> None:
    """Add the route."""
    chance = world.chance(KIND)
    world.queries[KIND] = Query("INSERT INTO documents (id, user_id, parts) VALUES ($1, $2, $3)", 4.8)

    def embed(call: Call) -> Steps[None]:
        attributes: Fields = {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.request.model": MODEL,
            "server.address": "embeddings",
        }
        with call.span(f"embeddings {MODEL}", Kind.CLIENT, attributes):
            yield int(chance.lognormal(55.0, 0.35) * MILLISECOND)

    def embed_all_at_once(call: Call) -> Steps[None]:
        parts = FEWEST + chance.below(MOST - FEWEST + 1)
        for _ in range(parts):
            call.mark(KIND)
        yield from world.engine.all_of([embed(call.branch()) for _ in range(parts)])
        yield from call.query(KIND)

    add_route(world, FLOW, embed_all_at_once)


FAULT = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="Each part of a document is embedded by a request of its own, all of them at once.",
    plant=plant,
    evidence=repeats(KIND, model=MODEL),
    findings=((KIND,),),
)
