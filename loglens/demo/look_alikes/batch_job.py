"""A batch job: every ten minutes a worker says a lot, as it always does."""

from __future__ import annotations

from loglens.demo.engine import MINUTE, SECOND, Steps
from loglens.demo.faults.fault import Fault, Window, repeats
from loglens.demo.platform import World
from loglens.demo.services.media_worker import SERVICE, TASK
from loglens.demo.telemetry import Level, Place

KIND = "batch_job"
PLACE = Place("archive", "worker/archive.go", "Archive", 40)
EVERY_NS, FIRST_NS = 10 * MINUTE, 4 * MINUTE
ITEMS = 250
ITEM_NS = SECOND // 5


def plant(world: World, window: Window) -> None:
    """Start the job."""
    instance = world.ready[SERVICE][0]

    def archive() -> Steps[None]:
        while world.engine.now in window:
            for item in range(ITEMS):
                world.note(instance, Level.INFO, PLACE, "item archived", item=item)
                yield ITEM_NS
            yield EVERY_NS - ITEMS * ITEM_NS

    world.engine.start(archive(), FIRST_NS)


LOOK_ALIKE = Fault(
    kind=KIND,
    service=SERVICE,
    route=TASK,
    reach=(SERVICE,),
    done="Old uploads are archived every ten minutes, one line each.",
    plant=plant,
    evidence=repeats(KIND, records_per_run=ITEMS),
)
