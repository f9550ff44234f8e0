"""What a fault is: what it does to the platform, when, and what should be found of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from loglens.demo.engine import MINUTE
from loglens.demo.platform import START_NS, Served, World

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True)
class Window:
    """The time a fault lasts; start inclusive, end exclusive."""

    start_ns: int
    end_ns: int

    def __contains__(self, at_ns: int) -> bool:
        return self.start_ns <= at_ns < self.end_ns


@dataclass(frozen=True)
class Fault:
    """One fault, or what only looks like one: it then has no `findings`.

    `begins` and `ends` are shares of the run, rounded to whole minutes. `plant` changes a platform before it
    starts; `evidence` tells, from all requests of the route and the window, what an analysis should find. `findings`
    has an entry for each finding that it must lead to on its service and route: the detectors that may make it, one
    of which has to. A detector that it names nowhere should say nothing of that route. `reach` names the services
    that it touches as a whole: there, they may speak of any route or of none.
    """

    kind: str
    service: str
    route: str
    done: str
    plant: Callable[[World, Window], None]
    evidence: Callable[[Sequence[Served], Window], dict[str, Json]]
    findings: tuple[tuple[str, ...], ...] = ()
    reach: tuple[str, ...] = ()
    begins: Fraction = Fraction(0)
    ends: Fraction = Fraction(1)

    def window(self, minutes: int) -> Window:
        """Return when it happens in a run of so many minutes: at least one minute long."""
        first = int(minutes * self.begins)
        last = max(first + 1, int(minutes * self.ends))
        return Window(START_NS + first * MINUTE, START_NS + last * MINUTE)


def repeats(kind: str, **said: Json) -> Callable[[Sequence[Served], Window], dict[str, Json]]:
    """Return the evidence of a fault that marks a request once for each call it makes too often."""

    def evidence(requests: Sequence[Served], _window: Window) -> dict[str, Json]:
        calls = sorted(each.marks[kind] for each in requests if kind in each.marks)
        return {
            **said,
            "requests": len(requests),
            "affected_requests": len(calls),
            "calls": sum(calls),
            "fewest_per_request": calls[0] if calls else None,
            "median_per_request": calls[(len(calls) - 1) // 2] if calls else None,
            "most_per_request": calls[-1] if calls else None,
        }

    return evidence
