"""Silence: all instances of a service are gone, and leave nothing until they come back."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from loglens.demo.faults.fault import Fault, Json, Window
from loglens.demo.platform import Served, World

KIND = "service_silent"
SERVICE = "media-api"


def plant(world: World, window: Window) -> None:
    """Take every instance of the service away for the time."""
    for instance in world.ready[SERVICE]:
        world.take_away(instance, window.start_ns, window.end_ns)


def evidence(requests: Sequence[Served], window: Window) -> dict[str, Json]:
    """Count what the service answered, before and inside the window."""
    return {
        "requests_before": sum(each.start_ns < window.start_ns for each in requests),
        "requests_in_window": sum(each.start_ns in window for each in requests),
    }


FAULT = Fault(
    kind=KIND,
    service=SERVICE,
    route="GET /v1/media/{media_id}",
    reach=(SERVICE,),
    done="The node of both instances is lost; they are started elsewhere six minutes later.",
    begins=Fraction(3, 5),
    ends=Fraction(4, 5),
    plant=plant,
    evidence=evidence,
    findings=((KIND,),),
)
