"""Batched inserts: the same INSERT many times in one request, each with as many rows as fit.

POST /v1/imports
  INSERT INTO messages … VALUES (…), (…), …   ┐
  INSERT INTO messages … VALUES (…), (…), …   ┘ hundreds of rows each: it is batched already
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Query
from loglens.demo.telemetry import Fields
from loglens.demo.traffic import Flow, add_route

KIND = "batched_inserts"
INSERT = "INSERT INTO imported (id, user_id, content) VALUES "
ROWS = 80
FLOW = Flow("llm-api", "POST", "/v1/imports", 1.2)
FEWEST, MOST = 6, 10


def plant(world: World, _window: Window) -> None:
    """Add the route; some drivers record all the rows of a batch, others one and how many there are."""
    chance = world.chance(KIND)
    rows = ", ".join(f"(${3 * row + 1}, ${3 * row + 2}, ${3 * row + 3})" for row in range(ROWS))
    shows_rows = chance.happens(0.5)
    world.queries[KIND] = Query(INSERT + (rows if shows_rows else "($1, $2, $3)"), 14.0)
    more: Fields = {} if shows_rows else {"db.operation.batch.size": ROWS}

    def insert_all(call: Call) -> Steps[None]:
        for _ in range(FEWEST + chance.below(MOST - FEWEST + 1)):
            call.mark(KIND)
            yield from call.query(KIND, more=more)
            yield from call.compute(0.8)

    add_route(world, FLOW, insert_all)


LOOK_ALIKE = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done=f"An import is stored in batches of {ROWS} rows.",
    plant=plant,
    evidence=repeats(KIND, rows_per_batch=ROWS),
)
