"""The files of a run: what each service and collector would have written, line by line."""

from __future__ import annotations

from loglens.demo.platform import World
from loglens.demo.writers import health, metrics, service_logs, spans
from loglens.demo.writers.lines import Lines


def files_of(world: World) -> dict[str, Lines]:
    """Return the lines of every file by name, each file in the order of time."""
    return {
        **service_logs.files(world),
        spans.FILE: spans.lines(world.output.spans),
        metrics.FILE: metrics.lines(world.output.scrapes),
        health.FILE: health.lines(world.output.health),
    }
