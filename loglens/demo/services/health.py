"""The health route, which every service has."""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.engine import Steps
from loglens.demo.platform import Handler


def health(call: Call) -> Steps[None]:
    """Answer without asking anyone; the checks are made by the probe."""
    yield from call.compute(0.6)


HEALTH: dict[str, Handler] = {"GET /health": health}
