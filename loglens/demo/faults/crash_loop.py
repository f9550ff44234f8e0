"""A crash loop: one instance runs out of memory again and again, and is started again each time."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from loglens.demo.engine import SECOND
from loglens.demo.faults.fault import Fault, Json, Window
from loglens.demo.platform import Served, World

KIND = "crash_loop"
SERVICE = "mcp-tools"
RUNS_NS = 75 * SECOND
DOWN_NS = 15 * SECOND


def plant(world: World, window: Window) -> None:
    """Take one instance away every little while."""
    instance = world.ready[SERVICE][0]
    for at_ns in _crashes(window):
        world.take_away(instance, at_ns, at_ns + DOWN_NS)


def evidence(_requests: Sequence[Served], window: Window) -> dict[str, Json]:
    """Count the crashes."""
    return {"restarts": len(_crashes(window))}


def _crashes(window: Window) -> range:
    return range(window.start_ns, window.end_ns - DOWN_NS, RUNS_NS + DOWN_NS)


FAULT = Fault(
    kind=KIND,
    service=SERVICE,
    route="POST /v1/tools/{tool}/call",
    reach=(SERVICE,),
    done="The limit of memory of one instance is too low: it is killed a minute after each start.",
    begins=Fraction(1, 3),
    ends=Fraction(2, 3),
    plant=plant,
    evidence=evidence,
    findings=((KIND,),),
)
