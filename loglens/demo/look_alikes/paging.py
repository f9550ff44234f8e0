"""Paging: a large answer is read page by page, each with its own offset.

GET /v1/archive
  SELECT … ORDER BY id LIMIT 500 OFFSET $2   ┐
  SELECT … ORDER BY id LIMIT 500 OFFSET $2   ┘ hundreds of rows each, nothing twice
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Query
from loglens.demo.telemetry import Fields
from loglens.demo.traffic import Flow, add_route

KIND = "paging"
PAGE = 500
STATEMENT = "SELECT id, content FROM archive WHERE user_id = $1 ORDER BY id LIMIT 500 OFFSET $2"
FLOW = Flow("llm-api", "GET", "/v1/archive", 1.2)
FEWEST, MOST = 6, 10


def plant(world: World, _window: Window) -> None:
    """Add the route."""
    chance = world.chance(KIND)
    world.queries[KIND] = Query(STATEMENT, 16.0)

    def read_all(call: Call) -> Steps[None]:
        for page in range(FEWEST + chance.below(MOST - FEWEST + 1)):
            call.mark(KIND)
            seen: Fields = {"db.query.parameter.1": str(page * PAGE), "db.response.returned_rows": PAGE}
            yield from call.query(KIND, call.errand.user, seen)
            yield from call.compute(1.5)

    add_route(world, FLOW, read_all)


LOOK_ALIKE = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done=f"An archive is read in pages of {PAGE} rows.",
    plant=plant,
    evidence=repeats(KIND, statement=STATEMENT),
)
