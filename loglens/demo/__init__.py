"""A simulated platform with planted faults, written as the logs, spans, metrics and health answers it would leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Demo:
    """What was written: the folder, the lines of each file by kind, and the planted faults as TRUTH.json has them."""

    directory: Path
    files: dict[str, dict[str, int]]
    faults: list[dict[str, object]]


def generate(
    directory: Path, seed: int = 7, minutes: int = 30, scale: int = 1, plant: Sequence[str] | None = None
) -> Demo:
    """Write a run of the platform into a folder, which is made if it does not exist.

    The same arguments give the same bytes on every machine. `scale` is how many platforms run side by side: the first
    ones are simulated one by one, the others are copies with their own ids, pods and times. `plant` names what goes
    wrong, and what only looks like it; without it the usual faults are planted. Raises UsageError for numbers below 1
    and for unknown kinds, and LoglensError when a file cannot be written.
    """
    from loglens.demo.faults import ALL
    from loglens.demo.writing import write_run

    return write_run(directory, seed, minutes, scale, [fault.kind for fault in ALL] if plant is None else plant)
