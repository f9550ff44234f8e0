"""An N+1 whose statements are issued together: the few connections of the pool let a few run at a time.

GET /v1/digest
  SELECT … FROM conversations WHERE user_id = $1
  SELECT count(*) … WHERE conversation_id = $1   ├──┤            ┐
  SELECT count(*) … WHERE conversation_id = $1   ├───┤           │ once for each conversation,
  SELECT count(*) … WHERE conversation_id = $1       ├──┤        │ as fast as connections become free
  SELECT count(*) … WHERE conversation_id = $1        ├───┤      ┘
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Query
from loglens.demo.traffic import Flow, add_route

KIND = "n_plus_one_parallel"
LIST = f"{KIND} list"
STATEMENT = "SELECT count(*) FROM messages WHERE conversation_id = $1 AND is_read = false"
FLOW = Flow("llm-api", "GET", "/v1/digest", 1.2)
FEWEST, MOST = 24, 40


def plant(world: World, _window: Window) -> None:
    """Add the route."""
    chance = world.chance(KIND)
    world.queries[LIST] = Query("SELECT id, title FROM conversations WHERE user_id = $1 LIMIT 40", 5.0)
    world.queries[KIND] = Query(STATEMENT, 4.2)

    def all_together(call: Call) -> Steps[None]:
        yield from call.query(LIST)
        chosen = [chance.pick(world.conversations) for _ in range(FEWEST + chance.below(MOST - FEWEST + 1))]
        for _ in chosen:
            call.mark(KIND)
        yield from world.engine.all_of([call.branch().query(KIND, each) for each in chosen])
        yield from call.compute(4.0)

    add_route(world, FLOW, all_together)


FAULT = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="The unread messages of each conversation are counted by a statement of its own, all issued together.",
    plant=plant,
    evidence=repeats(KIND, statement=STATEMENT),
    findings=(("n_plus_one", "fan_out"),),
)
