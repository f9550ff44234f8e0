"""Writes a run to a folder: one platform, or many side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, cast

from loglens.demo import Demo, faults, look_alikes
from loglens.demo.engine import MINUTE
from loglens.demo.faults.fault import Fault
from loglens.demo.platform import PODS_PER_WORLD, START_NS, World
from loglens.demo.simulate import simulate
from loglens.demo.truth import Part, write_truth
from loglens.demo.writers import files_of
from loglens.demo.writers.lines import Lines
from loglens.errors import LoglensError, UsageError
from loglens.nearest import did_you_mean

if TYPE_CHECKING:
    from loglens.demo.copier import Copier

SIMULATED_AT_MOST = 8


@dataclass(frozen=True)
class Platform:
    """One simulated platform, and how many times it is written: as it is, then as copies."""

    world: World
    files: dict[str, Lines]
    times: int
    copier: Copier | None


def write_run(directory: Path, seed: int, minutes: int, scale: int, kinds: Sequence[str]) -> Demo:
    """Write all files of a run; see `loglens.demo.generate`."""
    for name, number in (("minutes", minutes), ("scale", scale)):
        if number < 1:
            raise UsageError(f"{name} must be at least 1, not {number}")
    planted = [_fault(kind) for kind in dict.fromkeys(kinds)]
    platforms = [_platform(seed, minutes, scale, index, planted) for index in range(min(scale, SIMULATED_AT_MOST))]
    parts = [Part(each.world.output.served, each.copier.shifts_ns if each.copier else [0]) for each in platforms]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        files = {name: _write_file(directory, name, platforms) for name in platforms[0].files}
        run = {"seed": seed, "minutes": minutes, "scale": scale}
        found = write_truth(directory, run, planted, parts, files)
    except OSError as error:
        raise LoglensError(f"cannot write the demo to {directory}: {error.strerror or error}") from error
    return Demo(directory, files, cast("list[dict[str, object]]", found))


def _fault(kind: str) -> Fault:
    known = {fault.kind: fault for fault in (*faults.EVERY, *look_alikes.ALL)}
    if kind not in known:
        raise UsageError(f"No fault {kind!r}. {did_you_mean(kind, known)}")
    return known[kind]


def _platform(seed: int, minutes: int, scale: int, index: int, planted: Sequence[Fault]) -> Platform:
    simulated = min(scale, SIMULATED_AT_MOST)
    world = simulate(f"{seed}/{index}", minutes, planted, index * PODS_PER_WORLD)
    times = len(range(index, scale, simulated))
    copier = None
    if times > 1:
        from loglens.demo.copier import Copier

        copier = Copier(world, times, len(range(0, scale, simulated)), simulated * PODS_PER_WORLD)
    return Platform(world, files_of(world), times, copier)


def _write_file(directory: Path, name: str, platforms: list[Platform]) -> dict[str, int]:
    """Write one file, minute by minute and platform by platform; return how many lines of each kind it has."""
    minutes = [_by_minute(each.files[name]) for each in platforms]
    with (directory / name).open("wb") as file:
        for minute in sorted({minute for each in minutes for minute in each}):
            for platform, texts in zip(platforms, minutes, strict=True):
                text = texts.get(minute, b"")
                file.write(text)
                if text and platform.copier is not None:
                    platform.copier.write(file, text)
    counts = {"lines": 0}
    for each in platforms:
        counts["lines"] += len(each.files[name].lines) * each.times
        for kind, amount in each.files[name].counts.items():
            counts[kind] = counts.get(kind, 0) + amount * each.times
    return counts


def _by_minute(lines: Lines) -> dict[int, bytes]:
    grouped = groupby(lines.lines, key=lambda line: (line[0] - START_NS) // MINUTE)
    return {minute: b"".join(text for _, text in group) for minute, group in grouped}
