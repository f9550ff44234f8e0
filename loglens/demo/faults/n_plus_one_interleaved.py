"""An N+1 with two statements that take turns, whose parameters the instrumentation hides.

GET /v1/conversations/{conversation_id}/export
  SELECT … FROM messages WHERE conversation_id = $1
  SELECT … FROM message_parts WHERE message_id = $1   ┐
  SELECT … FROM reactions WHERE message_id = $1       ┘ once for each message: no statement follows itself
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Query
from loglens.demo.traffic import CONVERSATION, Flow, add_route

KIND = "n_plus_one_interleaved"
STATEMENTS = (
    "SELECT kind, content FROM message_parts WHERE message_id = $1",
    "SELECT emoji, user_id FROM reactions WHERE message_id = $1",
)
FLOW = Flow("llm-api", "GET", "/v1/conversations/{conversation_id}/export", 1.2, CONVERSATION)
FEWEST, MOST = 6, 14


def plant(world: World, _window: Window) -> None:
    """Add the route."""
    chance = world.chance(KIND)
    for number, statement in enumerate(STATEMENTS):
        world.queries[f"{KIND} {number}"] = Query(statement, 2.6)

    def one_by_one(call: Call) -> Steps[None]:
        yield from call.query("page")
        for _ in range(FEWEST + chance.below(MOST - FEWEST + 1)):
            call.mark(KIND)
            for number in range(len(STATEMENTS)):
                yield from call.query(f"{KIND} {number}")
            yield from call.compute(0.3)

    add_route(world, FLOW, one_by_one)


FAULT = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="Parts and reactions are loaded message by message, in turns; the parameters are not recorded.",
    plant=plant,
    evidence=repeats(KIND, statements=[*STATEMENTS]),
    findings=(("n_plus_one",),),
)
