"""What one process costs: wall time, processor time and peak memory, its children included."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KIB_PER_MB = 1e6 / 1024


@dataclass(frozen=True)
class Cost:
    """Seconds of wall and processor time (user and system), and peak resident memory in MB (10^6 bytes)."""

    wall_s: float
    cpu_s: float
    peak_mb: float


class Failed(Exception):
    """A measured process ended with an exit code other than 0."""


def measure(command: Sequence[str], printed: Path, environment: Mapping[str, str]) -> Cost:
    """Run a command to its end with its output in a file and return its cost; raises Failed.

    Linux counts the memory of the parent at the time of the fork as memory of the child, so the caller must be small.
    """
    complaints = printed.with_suffix(".stderr")
    with printed.open("wb") as stdout, complaints.open("wb") as stderr:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        last = complaints.read_text(errors="replace").strip().splitlines()[-1:]
        raise Failed(f"exit code {process.returncode}: {' '.join(last)}")
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / KIB_PER_MB)


def least(costs: Sequence[Cost]) -> Cost:
    """Return the least wall and processor time of several runs, and the most memory."""
    return Cost(
        min(cost.wall_s for cost in costs), min(cost.cpu_s for cost in costs), max(cost.peak_mb for cost in costs)
    )
