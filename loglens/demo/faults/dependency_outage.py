"""An outage of a dependency: the database takes no connections, so every service that needs it fails."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from loglens.demo.faults.fault import Fault, Json, Window
from loglens.demo.platform import Served, World
from loglens.demo.queries import Failure

KIND = "dependency_outage"
EXCEPTION = "asyncpg.exceptions.CannotConnectNowError"


def plant(world: World, window: Window) -> None:
    """Let every statement fail for the time."""

    def failure(now_ns: int) -> Failure | None:
        return Failure(503, EXCEPTION, "the database system is starting up") if now_ns in window else None

    for query in world.queries.values():
        query.failure = failure


def evidence(requests: Sequence[Served], window: Window) -> dict[str, Json]:
    """Count the failed requests of the busiest route, inside the window and in all."""
    inside = [each for each in requests if each.start_ns in window]
    return {
        "exception_type": EXCEPTION,
        "dependency": "postgres",
        "requests_in_window": len(inside),
        "failed_in_window": sum(each.status >= 500 for each in inside),
        "failed_outside_window": sum(each.status >= 500 for each in requests if each.start_ns not in window),
    }


FAULT = Fault(
    kind=KIND,
    service="llm-api",
    route="GET /v1/messages/search",
    reach=("llm-api", "response-api", "media-api", "media-worker"),
    done="Postgres is started again and takes no connections for five minutes; three services and a worker fail.",
    begins=Fraction(1, 5),
    ends=Fraction(11, 30),
    plant=plant,
    evidence=evidence,
    findings=(("error_burst",), ("new_error",)),
)
