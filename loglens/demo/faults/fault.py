"""What a fault is: what it does to the platform, when, and what should be seen of it."""

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
    """One fault, planted on every run.

    `begins` and `ends` are shares of the run, rounded to whole minutes. `plant` changes a platform before it
    starts; `evidence` tells, from all requests of the route and the window, what an analysis should find.
    """

    kind: str
    service: str
    route: str
    done: str
    begins: Fraction
    ends: Fraction
    plant: Callable[[World, Window], None]
    evidence: Callable[[Sequence[Served], Window], dict[str, Json]]

    def window(self, minutes: int) -> Window:
        """Return when it happens in a run of so many minutes: at least one minute long."""
        first = int(minutes * self.begins)
        last = max(first + 1, int(minutes * self.ends))
        return Window(START_NS + first * MINUTE, START_NS + last * MINUTE)
