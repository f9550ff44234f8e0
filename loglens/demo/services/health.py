"""The health route, which every service has."""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import MILLISECOND, SECOND, Exhausted, Steps
from loglens.demo.platform import Handler
from loglens.demo.telemetry import Health

TIMEOUT_NS = 3 * SECOND


def health(call: Call) -> Steps[None]:
    """Ask the database and Redis whether they answer."""
    world = call.world
    database_ms = yield from _ping_database(call)
    redis_begun = world.engine.now
    yield from call.compute(0.5)
    redis_ms = _milliseconds(world.engine.now - redis_begun)
    answer = Health(call.begun_ns, world.engine.now, call.instance, database_ms, redis_ms, world.queue.depth)
    world.output.health.append(answer)


def _ping_database(call: Call) -> Steps[int | None]:
    begun, pool = call.world.engine.now, call.instance.pool
    try:
        yield from pool.acquire(TIMEOUT_NS)
    except Exhausted:
        return None
    yield from call.compute(1.4)
    pool.release()
    return _milliseconds(call.world.engine.now - begun)


def _milliseconds(taken_ns: int) -> int:
    return -(-taken_ns // MILLISECOND)


HEALTH: dict[str, Handler] = {"GET /health": health}
