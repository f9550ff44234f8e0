"""Runs one platform with the planted faults."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.demo import services
from loglens.demo.faults.fault import Fault
from loglens.demo.platform import World
from loglens.demo.traffic import start_traffic
from loglens.demo.watch import start_watching


def simulate(seed: str, minutes: int, planted: Sequence[Fault], first_pod: int = 0) -> World:
    """Return a platform that has been through that many minutes of traffic and the faults."""
    world = World(seed, minutes, first_pod)
    services.install(world)
    for fault in planted:
        fault.plant(world, fault.window(minutes))
    start_traffic(world)
    start_watching(world)
    world.engine.run()
    return world
