"""A redundant query: every layer of a request reads the same row of the same user again.

POST /v1/conversations
  SELECT … FROM users WHERE id = $1   ┐
  SELECT … FROM users WHERE id = $1   ┘ the same user each time
  INSERT INTO conversations …
"""

from __future__ import annotations

from fractions import Fraction

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Query

KIND = "redundant_query"
SERVICE, ROUTE = "llm-api", "POST /v1/conversations"
STATEMENT = "SELECT plan, quota, locale FROM users WHERE id = $1"
FEWEST, MOST = 5, 8


def plant(world: World, window: Window) -> None:
    """Read the user again and again before the handler does its work."""
    healthy, chance = world.handlers[(SERVICE, ROUTE)], world.chance(KIND)
    world.queries[KIND] = Query(STATEMENT, 3.1)

    def again_and_again(call: Call) -> Steps[None]:
        if world.engine.now in window:
            for _ in range(FEWEST + chance.below(MOST - FEWEST + 1)):
                call.mark(KIND)
                yield from call.query(KIND, call.errand.user)
                yield from call.compute(0.4)
        yield from healthy(call)

    world.handlers[(SERVICE, ROUTE)] = again_and_again


FAULT = Fault(
    kind=KIND,
    service=SERVICE,
    route=ROUTE,
    done="A release lets every layer read the user's plan for itself: the same row, many times in one request.",
    begins=Fraction(1, 2),
    plant=plant,
    evidence=repeats(KIND, statement=STATEMENT),
    findings=((KIND,),),
)
