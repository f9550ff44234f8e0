"""media-worker: takes uploads from the queue and makes thumbnails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from loglens.demo.call import Call, Errand
from loglens.demo.engine import MILLISECOND, Steps
from loglens.demo.platform import Handler, Instance, World
from loglens.demo.queries import Failure
from loglens.demo.services.health import HEALTH
from loglens.demo.serving import keep_served
from loglens.demo.telemetry import Fields, Kind, Level, Place

SERVICE = "media-worker"
QUEUE = "media.uploaded"
TASK = f"process {QUEUE}"
CONSUMER = Place("worker", "worker/consume.go", "Consume", 64)


@dataclass(frozen=True)
class Job:
    """One message of the queue, with the span that sent it."""

    trace_id: str
    parent: str
    request_id: str
    media_id: str
    sent_ns: int


def start(world: World) -> None:
    """Start as many consumers as the instances have worker slots."""
    for instance in world.instances:
        if instance.service == SERVICE:
            for _ in range(instance.deployment.workers):
                world.engine.start(_consume(world, instance))


def make_thumbnail(call: Call) -> Steps[None]:
    """Read the upload, shrink it, note that it is ready."""
    yield from call.ask("minio", "GET", f"/media/{call.errand.values['media_id']}", 14.0)
    with call.span("thumbnail", Kind.INTERNAL, {}):
        yield from call.compute(160.0)
    yield from call.query("media_ready")


def _consume(world: World, instance: Instance) -> Steps[None]:
    while True:
        job = cast("Job", (yield from world.queue.get()))
        yield from _process(world, instance, job)


def _process(world: World, instance: Instance, job: Job) -> Steps[None]:
    errand = Errand(SERVICE, "", QUEUE, "", {"media_id": job.media_id}, "", job.trace_id, job.parent, job.request_id)
    call = Call(world, instance, errand, world.chances[SERVICE])
    attributes: Fields = {
        "messaging.system": "rabbitmq",
        "messaging.operation.type": "process",
        "messaging.destination.name": QUEUE,
    }
    status = 200
    with call.span(TASK, Kind.CONSUMER, attributes) as span:
        if job.parent:
            span.links.append((job.trace_id, job.parent))
        try:
            yield from call.compute(0.8)
            yield from world.handlers[(SERVICE, TASK)](call)
        except Failure as failure:
            call.fail(span, failure)
            call.log(Level.ERROR, CONSUMER, "job failed", error_type=failure.kind, error=failure.message)
            status = failure.status
        else:
            waited_ms = round((call.begun_ns - job.sent_ns) / MILLISECOND, 1)
            call.log(Level.INFO, CONSUMER, "thumbnail ready", media_id=job.media_id, queue_wait_ms=waited_ms)
    keep_served(call, TASK, status)


ROUTES: dict[str, Handler] = HEALTH | {TASK: make_thumbnail}
