"""An ORM and its driver: both record the same call, so that three statements look like six.

GET /v1/profile
  Session.execute   SELECT … FROM settings WHERE user_id = $1 AND section = $2
    SELECT settings SELECT … FROM settings WHERE user_id = $1 AND section = $2     three times, not six
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.queries import Query
from loglens.demo.telemetry import Fields, Kind
from loglens.demo.traffic import Flow, add_route

KIND = "orm_wrapper"
STATEMENT = "SELECT name, value FROM settings WHERE user_id = $1 AND section = $2"
FLOW = Flow("llm-api", "GET", "/v1/profile", 1.2)
SECTIONS = ("appearance", "privacy", "models")


def plant(world: World, _window: Window) -> None:
    """Add the route."""
    world.queries[KIND] = Query(STATEMENT, 7.5)

    def load_profile(call: Call) -> Steps[None]:
        for section in SECTIONS:
            call.mark(KIND)
            attributes: Fields = {"db.system.name": "postgresql", "db.query.text": STATEMENT}
            with call.span("Session.execute", Kind.INTERNAL, attributes):
                yield from call.query(KIND, call.errand.user, {"db.query.parameter.1": section})
        yield from call.compute(2.0)

    add_route(world, FLOW, load_profile)


LOOK_ALIKE = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="Three sections of a profile are read; the ORM and the driver below it both record each statement.",
    plant=plant,
    evidence=repeats(KIND, statement=STATEMENT),
)
