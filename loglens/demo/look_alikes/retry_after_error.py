"""Retries: the same call again because it failed.

POST /v1/webhooks
  POST hooks.example.org /notify   503   ┐
  POST hooks.example.org /notify   503   │ until one succeeds
  POST hooks.example.org /notify   200   ┘
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import MILLISECOND, Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.telemetry import Fields, Kind
from loglens.demo.traffic import Flow, add_route

KIND = "retry_after_error"
PEER = "hooks.example.org"
FLOW = Flow("llm-api", "POST", "/v1/webhooks", 1.2)
FEWEST, MOST = 5, 7
WAIT_MS = 8


def plant(world: World, _window: Window) -> None:
    """Add the route."""
    chance = world.chance(KIND)

    def attempt(call: Call, number: int, is_last: bool) -> Steps[None]:
        attributes: Fields = {
            "http.request.method": "POST",
            "url.full": f"http://{PEER}/notify",
            "server.address": PEER,
        }
        if number:
            attributes["http.request.resend_count"] = number
        with call.span("POST", Kind.CLIENT, attributes) as span:
            yield int(chance.lognormal(21.0, 0.25) * MILLISECOND)
            span.attributes["http.response.status_code"] = 200 if is_last else 503
            if not is_last:
                span.attributes["error.type"] = "503"
                span.error = ""

    def notify(call: Call) -> Steps[None]:
        attempts = FEWEST + chance.below(MOST - FEWEST + 1)
        for number in range(attempts):
            call.mark(KIND)
            yield from attempt(call, number, number + 1 == attempts)
            yield WAIT_MS * MILLISECOND

    add_route(world, FLOW, notify)


LOOK_ALIKE = Fault(
    kind=KIND,
    service=FLOW.service,
    route=f"{FLOW.method} {FLOW.route}",
    done="A receiver of notifications is busy, so each is sent until it is taken.",
    plant=plant,
    evidence=repeats(KIND, peer=PEER),
)
