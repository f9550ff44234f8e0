"""A job that is done: it tells its progress every ten seconds, as a heartbeat would, and ends."""

from __future__ import annotations

from fractions import Fraction

from loglens.demo.engine import SECOND, Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.services.media_worker import SERVICE, TASK
from loglens.demo.telemetry import Level, Place

KIND = "job_progress"
PLACE = Place("reindex", "worker/reindex.go", "Run", 73)
PERIOD_NS = 10 * SECOND


def plant(world: World, window: Window) -> None:
    """Start the job when the window begins; it ends with it."""
    instance = world.ready[SERVICE][0]

    def work() -> Steps[None]:
        done = 0
        while world.engine.now in window:
            world.note(instance, Level.INFO, PLACE, "reindexing", done=done)
            done += 1_000
            yield PERIOD_NS

    world.engine.start(work(), window.start_ns - world.engine.now)


LOOK_ALIKE = Fault(
    kind=KIND,
    service=SERVICE,
    route=TASK,
    reach=(SERVICE,),
    done="An index is built anew, which takes nine minutes and is told every ten seconds.",
    begins=Fraction(1, 5),
    ends=Fraction(1, 2),
    plant=plant,
    evidence=repeats(KIND, period_s=PERIOD_NS // SECOND),
)
