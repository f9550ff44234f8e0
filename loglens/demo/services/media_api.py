"""media-api: uploads go to the object store, and to a worker through the queue."""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import SECOND, Steps
from loglens.demo.platform import Handler
from loglens.demo.services.health import HEALTH
from loglens.demo.services.media_worker import QUEUE, Job
from loglens.demo.telemetry import Kind, Level, Place

SERVICE = "media-api"
UPLOADS = Place("uploads", "uploads", "Create", 118)


def upload(call: Call) -> Steps[None]:
    """Store the bytes, note them in the database, ask the worker for a thumbnail."""
    world = call.world
    media_id = f"media_{world.ids.hex_id(12)}"
    size = int(call.chance.lognormal(380_000, 0.9))
    yield from call.ask("minio", "PUT", f"/media/{media_id}", 18.0 + size / 30_000, 0.25)
    yield from call.query("new_media")
    attributes = {"messaging.system": "rabbitmq", "messaging.operation.type": "send"}
    with call.span(f"send {QUEUE}", Kind.PRODUCER, {**attributes, "messaging.destination.name": QUEUE}) as span:
        yield from call.compute(0.7)
        world.queue.put(Job(call.trace_id, span.span_id, call.request_id, media_id, world.engine.now))
    world.media.insert(0, media_id)
    call.instance.meter.add("media_api_uploads_total")
    call.instance.meter.record("media_api_upload_size_bytes", size)
    call.instance.meter.record("media_api_upload_duration_seconds", (world.engine.now - call.begun_ns) / SECOND)
    call.log(Level.INFO, UPLOADS, "upload stored", media_id=media_id, size_bytes=size)


def get_media(call: Call) -> Steps[None]:
    """Look up where the bytes are and sign a link."""
    yield from call.query("media")
    yield from call.compute(2.2)


ROUTES: dict[str, Handler] = HEALTH | {"POST /v1/media/uploads": upload, "GET /v1/media/{media_id}": get_media}
