"""A missing heartbeat: a worker renews its lease three times a minute, until it does not; its work goes on.

lease renewed   | | | | | | | | |             | | | |
                                └ the scheduler hangs
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from loglens.demo.engine import SECOND, Steps
from loglens.demo.faults.fault import Fault, Json, Window
from loglens.demo.platform import Served, World
from loglens.demo.services.media_worker import SERVICE, TASK
from loglens.demo.telemetry import Level, Place

KIND = "heartbeat_missing"
PLACE = Place("lease", "worker/lease.go", "Renew", 31)
MESSAGE = "lease renewed"
PERIOD_NS = 20 * SECOND


def plant(world: World, window: Window) -> None:
    """Let the first instance beat to the end of the run, but not within the window."""
    instance = world.ready[SERVICE][0]

    def renew() -> Steps[None]:
        while world.engine.now < world.end_ns:
            if world.engine.now not in window:
                world.note(instance, Level.INFO, PLACE, MESSAGE)
            yield PERIOD_NS

    world.engine.start(renew())


def evidence(_requests: Sequence[Served], window: Window) -> dict[str, Json]:
    """Tell what beats, how often, and how many beats are missing."""
    missing = (window.end_ns - window.start_ns) // PERIOD_NS
    return {"message": MESSAGE, "period_s": PERIOD_NS // SECOND, "beats_missed": missing}


FAULT = Fault(
    kind=KIND,
    service=SERVICE,
    route=TASK,
    reach=(SERVICE,),
    done="The scheduler of the worker hangs for six minutes, so that its lease is not renewed; jobs go on.",
    begins=Fraction(1, 2),
    ends=Fraction(7, 10),
    plant=plant,
    evidence=evidence,
    findings=((KIND,),),
)
