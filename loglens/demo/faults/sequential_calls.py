"""Sequential calls: three checks that do not need each other are made one after the other.

POST /v1/media/uploads
  POST clamav /scan             ├────┤
  POST moderation /v1/classify        ├──────┤
  POST tagger /v1/describe                    ├────┤
"""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World

KIND = "sequential_calls"
SERVICE, ROUTE = "media-api", "POST /v1/media/uploads"
CHECKS = (("clamav", "/scan", 140.0), ("moderation", "/v1/classify", 190.0), ("tagger", "/v1/describe", 120.0))


def plant(world: World, window: Window) -> None:
    """Make the checks before the upload is stored."""
    healthy = world.handlers[(SERVICE, ROUTE)]

    def check_first(call: Call) -> Steps[None]:
        if world.engine.now in window:
            for address, path, median_ms in CHECKS:
                call.mark(KIND)
                yield from call.ask(address, "POST", path, median_ms)
        yield from healthy(call)

    world.handlers[(SERVICE, ROUTE)] = check_first


FAULT = Fault(
    kind=KIND,
    service=SERVICE,
    route=ROUTE,
    done="An upload is scanned, classified and described one after the other, though none needs another's answer.",
    plant=plant,
    evidence=repeats(KIND, peers=[address for address, _, _ in CHECKS]),
    findings=((KIND,),),
)
