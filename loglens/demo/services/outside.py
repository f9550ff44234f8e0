"""Calls to what is outside the platform and may refuse."""

from __future__ import annotations

from loglens.demo.call import Call
from loglens.demo.chance import Chance
from loglens.demo.engine import MILLISECOND, Steps
from loglens.demo.telemetry import Fields, Kind


def attempt(call: Call, peer: str, path: str, chance: Chance, number: int, status: int) -> Steps[None]:
    """Send something once, the first time or again, and get that status."""
    attributes: Fields = {
        "http.request.method": "POST",
        "url.full": f"http://{peer}{path}",
        "server.address": peer,
    }
    if number:
        attributes["http.request.resend_count"] = number
    with call.span("POST", Kind.CLIENT, attributes) as span:
        yield int(chance.lognormal(21.0, 0.25) * MILLISECOND)
        span.attributes["http.response.status_code"] = status
        if status >= 400:
            span.attributes["error.type"] = str(status)
            span.error = ""
