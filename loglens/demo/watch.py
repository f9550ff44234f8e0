"""What watches the platform: the health probe and the collection of metrics."""

from __future__ import annotations

from loglens.demo.call import Errand
from loglens.demo.chance import Chance
from loglens.demo.engine import MILLISECOND, SECOND, Steps
from loglens.demo.platform import Instance, World
from loglens.demo.services.media_worker import QUEUE
from loglens.demo.serving import serve
from loglens.demo.telemetry import Point, Scrape, Value

PROBE_PERIOD_NS = 60 * SECOND
COLLECT_PERIOD_NS = 120 * SECOND


def start_watching(world: World) -> None:
    """Start the probe of every service and the collection from every instance."""
    for number, service in enumerate(world.ready):
        world.engine.start(_probe(world, service), (5 + 2 * number) * SECOND)
    chance = world.chance("memory")
    for number, instance in enumerate(world.instances):
        world.engine.start(_collect(world, instance, chance), COLLECT_PERIOD_NS + number * 130 * MILLISECOND)


def _probe(world: World, service: str) -> Steps[None]:
    while world.engine.now < world.end_ns:
        world.engine.start(serve(world, Errand(service, "GET", "/health", "")))
        yield PROBE_PERIOD_NS


def _collect(world: World, instance: Instance, chance: Chance) -> Steps[None]:
    while world.engine.now <= world.end_ns + COLLECT_PERIOD_NS:
        gauges, standing = _gauges(world, instance, chance), world.standing(instance)
        if standing is not None:
            points = [*standing.meter.points(), *gauges]
            world.output.scrapes.append(Scrape(world.engine.now, standing, points))
        yield COLLECT_PERIOD_NS


def _gauges(world: World, instance: Instance, chance: Chance) -> list[Point]:
    pool, busy = instance.pool, instance.workers.in_use
    memory = instance.memory_bytes + busy * 2_100_000 + chance.below(6_000_000)
    gauges = [
        _gauge("process.memory.usage", "By", memory),
        _gauge("db.client.connection.count", "{connection}", pool.in_use, state="used"),
        _gauge("db.client.connection.count", "{connection}", pool.capacity - pool.in_use, state="idle"),
        _gauge("db.client.connection.max", "{connection}", pool.capacity),
        _gauge("db.client.connection.pending_requests", "{request}", pool.waiting),
    ]
    if instance.service == "llm-api":
        gauges.append(_gauge("llm_api_active_conversations", "{conversation}", busy))
    if instance.service == "media-api":
        gauges.append(_gauge("media_api_storage_bytes_used", "By", 40_000_000_000 + len(world.media) * 380_000))
    if instance.service == "media-worker":
        gauges.append(_gauge("message_queue_depth", "{message}", world.queue.depth, queue=QUEUE))
    return gauges


def _gauge(name: str, unit: str, value: int, **attributes: Value) -> Point:
    return Point(name, "gauge", unit, tuple(attributes.items()), value)
