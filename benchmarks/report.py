"""The figures as a table and as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.comparison import Comparison, Target
from benchmarks.measure import Cost
from benchmarks.run import Figures

PACKAGES = ("loglens", "duckdb", "pyarrow", "msgspec", "polars", "chdb")
NAMES = {"wall": "wall", "cpu": "CPU"}
HEADINGS = ("wall s", "CPU s", "peak MB", "disk MB", "wall x", "CPU x")


def describe_machine() -> dict[str, object]:
    """Return what the figures depend on."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "memory_gb": round(memory_bytes / 1e9),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def package_versions() -> dict[str, str]:
    """Return the versions of what is measured, as far as it is installed."""
    found = {}
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def render(
    comparison: Comparison, table: Sequence[Figures], inputs: Mapping[str, Path], has_targets: bool = True
) -> str:
    """Return the figures of one comparison as lines of text: its inputs, a row a contender, then a line a target."""
    costs = {figures.contender.name: figures.cost for figures in table}
    base = costs.get(comparison.baseline or "")
    width = max(len(name) for name in costs)
    lines = [f"{comparison.name}: {comparison.title}"]
    lines += [f"  {path.name}, {path.stat().st_size / 1e6:,.0f} MB" for path in inputs.values()]
    lines.append(" " * (width + 2) + "".join(f"{heading:>10}" for heading in HEADINGS))
    for figures in table:
        name = f"  {figures.contender.name:<{width}}"
        lines.append(name + (_row(figures, base) if figures.cost else f"  {figures.missing}"))
    lines += [f"  -> {_judge(target, costs)}" for target in comparison.targets if has_targets]
    lines += [f"  !! {name} gave another answer" for name in _disagreeing(table)]
    return "\n".join(lines) + "\n"


def _row(figures: Figures, base: Cost | None) -> str:
    cost = figures.cost
    assert cost is not None
    cells = [f"{cost.wall_s:.3f}", f"{cost.cpu_s:.3f}", f"{cost.peak_mb:.0f}"]
    cells.append("" if figures.written_mb is None else f"{figures.written_mb:.0f}")
    cells += [f"{cost.wall_s / base.wall_s:.2f}", f"{cost.cpu_s / base.cpu_s:.2f}"] if base else ["", ""]
    return "".join(f"{cell:>10}" for cell in cells)


def _judge(target: Target, costs: Mapping[str, Cost | None]) -> str:
    measured = reach(target, costs)
    wanted = [f"{word} {value:g}" for word, value in (("bar", target.bar), ("goal", target.goal)) if value is not None]
    named = {
        "speed": "times as fast as",
        "cpu_speed": "times as fast by CPU as",
        "time": "times as long as",
        "peak_mb": "MB at its peak",
        "wall_ms": "ms",
    }
    what = f"{target.contender}: {{}} {named[target.measure]}{f' {target.than}' if target.than else ''}"
    if not measured:
        return f"{what.format('?')} ({', '.join(wanted)}): not measured"
    figure = measured[target.by]
    others = "".join(f", {value:.2f} by {NAMES[name]}" for name, value in measured.items() if name != target.by)
    shown = f"{figure:.0f}" if target.than is None else f"{figure:.2f}"
    return f"{what.format(shown)}{others} ({', '.join(wanted)}): {verdict(target, figure)}"


def reach(target: Target, costs: Mapping[str, Cost | None]) -> dict[str, float]:
    """Return the figure of a target, for ratios by wall and by processor time; empty where it was not measured."""
    ours, other = costs.get(target.contender), costs.get(target.than or "")
    if ours is None or (target.than is not None and other is None):
        return {}
    if other is None:
        return {"wall": ours.peak_mb if target.measure == "peak_mb" else ours.wall_s * 1000}
    longer = {"wall": ours.wall_s / other.wall_s, "cpu": ours.cpu_s / other.cpu_s}
    return longer if target.measure == "time" else {name: 1 / value for name, value in longer.items()}


def verdict(target: Target, value: float) -> str:
    """Return whether a value reaches the goal, the bar or neither."""

    def holds(wanted: float | None) -> bool:
        return wanted is not None and (value >= wanted if target.measure.endswith("speed") else value <= wanted)

    if holds(target.goal):
        return "goal reached"
    if holds(target.bar):
        return "bar reached" if target.goal is None else "bar reached, goal not"
    return "NOT reached"


def _disagreeing(table: Sequence[Figures]) -> list[str]:
    told = [figures for figures in table if figures.answer is not None]
    return [figures.contender.name for figures in told if figures.answer != told[0].answer]


def as_json(comparison: Comparison, table: Sequence[Figures]) -> dict[str, Any]:
    """Return the figures of one comparison as JSON values, every round included."""
    costs = {figures.contender.name: figures.cost for figures in table}
    return {
        "name": comparison.name,
        "title": comparison.title,
        "baseline": comparison.baseline,
        "contenders": [
            {
                "name": figures.contender.name,
                "missing": figures.missing,
                "rounds": [asdict(cost) for cost in figures.costs],
                "least": asdict(figures.cost) if figures.cost else None,
                "written_mb": figures.written_mb,
            }
            for figures in table
        ],
        "targets": [
            {
                **asdict(target),
                "by": target.by,
                "reached": (found := reach(target, costs)),
                "verdict": verdict(target, found[target.by]) if found else None,
            }
            for target in comparison.targets
        ],
        "disagreeing": _disagreeing(table),
    }
