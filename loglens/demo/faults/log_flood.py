"""A flood of warnings: a client reconnects in a tight loop and says so each time."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from loglens.demo.engine import SECOND, Steps
from loglens.demo.faults.fault import Fault, Json, Window
from loglens.demo.platform import Instance, Served, World
from loglens.demo.telemetry import Level, Place

KIND = "log_flood"
SERVICE = "media-api"
PLACE = Place("storage", "storage/session.go", "Reconnect", 88)
PERIOD_NS = SECOND // 4


def plant(world: World, window: Window) -> None:
    """Let both instances complain for the time."""
    for instance in world.ready[SERVICE]:
        world.engine.start(_complain(world, instance, window), window.start_ns - world.engine.now)


def _complain(world: World, instance: Instance, window: Window) -> Steps[None]:
    attempt = 0
    while world.engine.now in window:
        attempt += 1
        message = "connection to the object store was reset, connecting again"
        world.note(instance, Level.WARN, PLACE, message, attempt=attempt)
        yield PERIOD_NS


def evidence(_requests: Sequence[Served], window: Window) -> dict[str, Json]:
    """Tell how many warnings a second there are."""
    return {"level": "WARN", "records_per_second": 2 * SECOND / PERIOD_NS}


FAULT = Fault(
    kind=KIND,
    service=SERVICE,
    route="POST /v1/media/uploads",
    reach=(SERVICE,),
    done="An idle timeout of the object store is shorter than that of its client, which connects again at once.",
    begins=Fraction(1, 2),
    ends=Fraction(19, 30),
    plant=plant,
    evidence=evidence,
    findings=((KIND,),),
)
