"""One run: generate it, read it as anybody would, and note what was planted and what was found."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from loglens.demo import faults, generate, look_alikes

# What is planted together: each has its own route, so that none hides another.
GROUPS: dict[str, tuple[str, ...]] = {
    "faults": tuple(fault.kind for fault in faults.ALL),
    "variants": tuple(fault.kind for fault in faults.VARIANTS),
    "troubles": tuple(fault.kind for fault in faults.TROUBLES),
    "outages": tuple(fault.kind for fault in faults.OUTAGES),
    "look-alikes": tuple(fault.kind for fault in look_alikes.ALL),
}


@dataclass(frozen=True)
class Planted:
    """One thing that was planted; `findings` are the sets of detectors of which one each has to name it.

    `reach` are the services where these may speak of any route.
    """

    kind: str
    service: str
    route: str
    findings: tuple[tuple[str, ...], ...]
    reach: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """One finding, as far as it is compared."""

    detector: str
    service: str | None
    route: str | None
    subject: str
    summary: str


@dataclass(frozen=True)
class Run:
    """What was planted and what was found in one run."""

    seed: int
    group: str
    planted: tuple[Planted, ...]
    found: tuple[Found, ...]


def runs(seeds: Iterable[int], minutes: int, jobs: int) -> Iterator[Run]:
    """Yield the run of every seed and group as it is done, several at a time."""
    wanted = [(seed, group, minutes) for seed in seeds for group in GROUPS]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_run, wanted)


def _run(wanted: tuple[int, str, int]) -> Run:
    return run(*wanted)


def run(seed: int, group: str, minutes: int) -> Run:
    """Return what is found in one run."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "logs"
        generate(folder, seed=seed, minutes=minutes, plant=GROUPS[group])
        return examined(folder, Path(made) / "run.duckdb", seed, group)


def examined(folder: Path, database: Path, seed: int, group: str) -> Run:
    """Return what is planted in a folder by its TRUTH.json, and what is found in it."""
    import loglens

    loglens.ingest(folder, database)
    truth = json.loads((folder / "TRUTH.json").read_text(encoding="utf-8"))
    rows = loglens.open(database).findings().rows
    return Run(seed, group, tuple(map(_planted, truth["faults"])), tuple(map(_found, rows)))


def _planted(fault: dict[str, Any]) -> Planted:
    findings = tuple(tuple(each["any_of"]) for each in fault["findings"])
    return Planted(fault["kind"], fault["service"], fault["route"], findings, tuple(fault.get("reach", ())))


def _found(row: dict[str, Any]) -> Found:
    return Found(*(row[name] for name in ("detector", "service", "route", "subject", "summary")))
