"""A long transaction: a row stays locked, and a connection taken, while an agent thinks.

POST /v1/responses
  BEGIN
  SELECT … FROM quotas … FOR UPDATE
  agent.run                          ├───────────────────┤ no statement in all this time
  INSERT INTO responses …
  COMMIT
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Query

KIND = "long_transaction"
SERVICE, ROUTE = "response-api", "POST /v1/responses"
STATEMENT = "SELECT remaining FROM quotas WHERE user_id = $1 FOR UPDATE"


def plant(world: World, window: Window) -> None:
    """Let one transaction enclose all that the handler does."""
    healthy = world.handlers[(SERVICE, ROUTE)]
    world.queries[KIND] = Query(STATEMENT, 2.4)

    def locked(call: Call) -> Steps[None]:
        yield from call.query(KIND, call.errand.user)
        yield from healthy(call)

    def in_one_transaction(call: Call) -> Steps[None]:
        if world.engine.now not in window:
            yield from healthy(call)
            return
        call.mark(KIND)
        yield from call.transaction(locked(call))

    world.handlers[(SERVICE, ROUTE)] = in_one_transaction


FAULT = Fault(
    kind=KIND,
    service=SERVICE,
    route=ROUTE,
    done="The quota of the user is locked before the agent runs, and the transaction ends when it has answered.",
    plant=plant,
    evidence=repeats(KIND, statement=STATEMENT),
    findings=((KIND,),),
)
