"""An error burst: a migration renames a column that the running code still reads; it is rolled back later."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from loglens.demo.faults.fault import Fault, Json, Window
from loglens.demo.platform import Served, World
from loglens.demo.queries import Failure

KIND = "error_burst"
EXCEPTION = "asyncpg.exceptions.UndefinedColumnError"


def plant(world: World, window: Window) -> None:
    """Let the statement fail; answers that Redis still holds are given as before."""
    query = world.queries["response"]

    def failure(now_ns: int) -> Failure | None:
        return Failure(500, EXCEPTION, 'column "output" does not exist') if now_ns in window else None

    query.failure, query.fault = failure, KIND


def evidence(requests: Sequence[Served], window: Window) -> dict[str, Json]:
    """Count the failed requests, inside the window and in all."""
    inside = [each for each in requests if each.start_ns in window]
    return {
        "exception_type": EXCEPTION,
        "status": 500,
        "requests_in_window": len(inside),
        "failed_in_window": sum(each.status >= 500 for each in inside),
        "failed_outside_window": sum(each.status >= 500 for each in requests if each.start_ns not in window),
    }


FAULT = Fault(
    kind=KIND,
    service="response-api",
    route="GET /v1/responses/{response_id}",
    done="A migration renames responses.output while the running code still reads it; it is rolled back at the end.",
    begins=Fraction(3, 10),
    ends=Fraction(7, 15),
    plant=plant,
    evidence=evidence,
    findings=((KIND,), ("new_error",)),
)
