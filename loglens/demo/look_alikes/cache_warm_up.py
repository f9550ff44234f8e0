"""A cache that warms up: the first request to an instance loads everything, one by one; no later one does.

GET /v1/models, first request
  SELECT … FROM models WHERE id = $1   ┐
  SELECT … FROM models WHERE id = $1   ┘ once for each model, once in the life of the instance
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Query
from loglens.demo.traffic import Flow, add_route

KIND = "cache_warm_up"
STATEMENT = "SELECT name, context_window, price FROM models WHERE id = $1"
FLOW = Flow("llm-api", "GET", "/v1/models", 12.0)
MODELS = 24


def plant(world: World, _window: Window) -> None:
    """Add the route."""
    warm: set[int] = set()
    world.queries[KIND] = Query(STATEMENT, 2.4)

    def list_models(call: Call) -> Steps[None]:
        if call.instance.number not in warm:
            warm.add(call.instance.number)
            for number in range(MODELS):
                call.mark(KIND)
                yield from call.query(KIND, f"model_{number}")
        yield from call.compute(3.0)

    add_route(world, FLOW, list_models)


LOOK_ALIKE = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="Every instance loads the models one by one at its first request, and keeps them.",
    plant=plant,
    evidence=repeats(KIND, statement=STATEMENT),
)
