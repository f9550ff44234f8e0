"""An N+1: the attachments of a page of messages are loaded one message at a time.

GET /v1/conversations/{conversation_id}/messages
  SELECT … FROM messages WHERE conversation_id = $1
  SELECT … FROM attachments WHERE message_id = $1   ┐
  SELECT … FROM attachments WHERE message_id = $1   ┘ once for each message of the page
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import all_queries

KIND = "n_plus_one"
QUERY = "attachment"
SERVICE, ROUTE = "llm-api", "GET /v1/conversations/{conversation_id}/messages"
FEWEST, MOST = 6, 16


def plant(world: World, window: Window) -> None:
    """Replace the handler that loads all attachments at once."""
    healthy, chance = world.handlers[(SERVICE, ROUTE)], world.chance(KIND)

    def one_by_one(call: Call) -> Steps[None]:
        if world.engine.now not in window:
            yield from healthy(call)
            return
        yield from call.query("page")
        for _ in range(FEWEST + chance.below(MOST - FEWEST + 1)):
            call.mark(KIND)
            yield from call.query(QUERY, f"msg_{chance.hex_id(12)}")
            yield from call.compute(0.35)
        yield from call.compute(9.0)

    world.handlers[(SERVICE, ROUTE)] = one_by_one


FAULT = Fault(
    kind=KIND,
    service=SERVICE,
    route=ROUTE,
    done="The attachments of a page of messages are loaded with one statement for each message.",
    plant=plant,
    evidence=repeats(KIND, statement=all_queries()[QUERY].text),
    findings=((KIND,),),
)
