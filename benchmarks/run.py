"""Running a comparison: rounds in which every contender takes its turn."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.comparison import Comparison, Contender
from benchmarks.inputs import ROOT, files_in, filled, remove
from benchmarks.measure import Cost, Failed, least, measure
from benchmarks.services import serving


@dataclass
class Figures:
    """What was measured of one contender: the cost of each round, MB written, its answer; or why it is missing."""

    contender: Contender
    costs: list[Cost] = field(default_factory=list)
    written_mb: float | None = None
    answer: Any = None
    missing: str | None = None

    @property
    def cost(self) -> Cost | None:
        """The least of the rounds, or None where there is no whole one."""
        return least(self.costs) if self.costs and self.missing is None else None


def compare(comparison: Comparison, inputs: Mapping[str, Path], folder: Path, rounds: int) -> list[Figures]:
    """Measure every contender once a round and return their figures, in the order of the contenders."""
    table = [Figures(contender, missing=_missing(contender)) for contender in comparison.contenders]
    _warm(inputs.values())
    with serving(comparison.services, _environment()) as addresses:
        for figures in table:
            silent = [each.name for each in comparison.services if each.name not in addresses]
            unserved = [name for name in silent if f"{{{name}}}" in figures.contender.command]
            figures.missing = figures.missing or (f"no server: {', '.join(unserved)}" if unserved else None)
        for number in range(rounds):
            for figures in table:
                if figures.missing is None:
                    turn = f"{comparison.name} {number + 1}/{rounds} {figures.contender.name}"
                    print(turn, file=sys.stderr, flush=True)
                    _take_turn(figures, comparison, {**inputs, **addresses}, folder, is_first=number == 0)
    return table


def _take_turn(
    figures: Figures, comparison: Comparison, inputs: Mapping[str, object], folder: Path, is_first: bool
) -> None:
    out, printed = folder / "out", folder / "printed"
    _remove(folder)
    values = {**inputs, "out": out}
    try:
        if comparison.before:
            subprocess.run(filled(comparison.before, values), check=True, env=_environment())
        figures.costs.append(measure(filled(figures.contender.command, values), printed, _environment()))
        if is_first:
            figures.written_mb = _size(out) / 1e6 if out.exists() else None
            figures.answer = comparison.read_answer(_answer(figures.contender, values, printed))
    except (Failed, subprocess.CalledProcessError, ValueError, KeyError, IndexError) as error:
        figures.missing = f"failed: {error}"
    finally:
        _remove(folder)


def _answer(contender: Contender, values: Mapping[str, object], printed: Path) -> bytes:
    if contender.answer is None:
        return printed.read_bytes()
    command = filled(contender.answer, values)
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, env=_environment()).stdout


def _missing(contender: Contender) -> str | None:
    absent = [need for need in contender.needs if importlib.util.find_spec(need) is None and shutil.which(need) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOGLENS_")}
    return {**kept, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}


def _remove(folder: Path) -> None:
    for path in folder.iterdir():
        remove(path)


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in files_in(path))


def _warm(paths: Iterable[Path]) -> None:
    """Read the inputs once, so that every contender finds them in memory."""
    block = bytearray(1 << 20)
    for path in (file for each in paths for file in files_in(each)):
        with path.open("rb", buffering=0) as file:
            while file.readinto(block):
                pass
