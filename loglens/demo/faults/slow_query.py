"""A slow query: one statement takes long every time, so that its route has no tail, only a slow middle."""

from __future__ import annotations

from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World

KIND = "slow_query"
QUERY = "new_conversation"
FACTOR = 210.0
STATEMENT = "INSERT INTO conversations (id, user_id, title) VALUES ($1, $2, $3)"


def plant(world: World, window: Window) -> None:
    """Let the statement cost what its trigger costs."""
    query = world.queries[QUERY]
    query.factor, query.fault = lambda now_ns: FACTOR if now_ns in window else 1.0, KIND


FAULT = Fault(
    kind=KIND,
    service="llm-api",
    route="POST /v1/conversations",
    done="A trigger on conversations counts a whole table at every INSERT.",
    plant=plant,
    evidence=repeats(KIND, statement=STATEMENT),
    findings=((KIND,),),
)
