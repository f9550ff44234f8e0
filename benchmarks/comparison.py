"""What is measured: inputs, contenders that do the same work, and the targets their figures are held against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

OURS = "loglens"


@dataclass(frozen=True)
class Input:
    """A generated file or folder that contenders read.

    `make` is the command that writes it; `{out}` is its path, `{count}` its size in the unit of `title`, `{name}` the
    path of another input, which `needs` names. `sources` are the files of this repository it follows from: when one
    changes, it is made again.
    """

    name: str
    title: str
    suffix: str
    count: int
    quick: int
    make: tuple[str, ...]
    sources: tuple[str, ...]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contender:
    """One way of doing the work of a comparison: a command, run as a fresh process.

    `{python}` is this interpreter, `{out}` a path it may write to that is empty before each run, `{name}` the path of
    an input. `needs` are modules and programs without which it is left out. `answer` is a command whose output is
    the answer, run once and not measured, where the command itself prints none.
    """

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    answer: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Service:
    """A server that contenders talk to, whose cost is not theirs: a command that prints its address and goes on.

    `{name}` is that address. Contenders that name one which does not start are left out.
    """

    name: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """A figure of loglens that is aimed at.

    `speed` is how many times as fast as `than` it is, `cpu_speed` the same by processor time, `time` how many times as
    long it takes, `peak_mb` its peak memory, `wall_ms` its time. `bar` is what must hold, `goal` what is aimed at.
    """

    measure: Literal["speed", "cpu_speed", "time", "peak_mb", "wall_ms"]
    than: str | None = None
    bar: float | None = None
    goal: float | None = None
    contender: str = OURS

    @property
    def by(self) -> Literal["wall", "cpu"]:
        """Which of two ratios the bar and the goal are for."""
        return "cpu" if self.measure == "cpu_speed" else "wall"


@dataclass(frozen=True)
class Comparison:
    """Contenders that answer the same question over the same inputs.

    `read_answer` turns what a contender prints into a value that must be equal for all of them; `is_full` keeps it
    out of runs without --full. `before` is a command that runs before each turn and is not measured.
    """

    name: str
    title: str
    inputs: tuple[str, ...]
    contenders: tuple[Contender, ...]
    targets: tuple[Target, ...]
    read_answer: Callable[[bytes], Any]
    baseline: str | None = None
    rounds: int = 3
    is_full: bool = False
    services: tuple[Service, ...] = ()
    before: tuple[str, ...] = ()
