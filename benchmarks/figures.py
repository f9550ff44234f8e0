"""Put the figures of a run into benchmarks/README.md: `python -m benchmarks.figures RESULTS.json`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.report import NAMES

README = Path(__file__).with_name("README.md")
HEADING = "## Figures\n"


def section(results: Mapping[str, Any]) -> str:
    """Return the figures as Markdown: the machine, then a table a comparison with its targets below."""
    lines = [HEADING]
    lines.append(", ".join(f"{name} {value}" for name, value in results["machine"].items()) + ";")
    lines.append(", ".join(f"{name} {value}" for name, value in results["packages"].items()) + ".")
    for comparison in results["comparisons"]:
        lines += ["", f"**{comparison['name']}**: {comparison['title']}", ""]
        lines += ["| | wall s | CPU s | peak MB | disk MB |", "|---|---:|---:|---:|---:|"]
        lines += [_row(contender) for contender in comparison["contenders"]]
        lines += ["", *(f"- {text}" for text in _targets(comparison))]
    return "\n".join(lines).rstrip() + "\n"


def _row(contender: Mapping[str, Any]) -> str:
    cost, written = contender["least"], contender["written_mb"]
    if cost is None:
        return f"| {contender['name']} | {contender['missing']} | | | |"
    disk = "" if written is None else f"{written:.0f}"
    return f"| {contender['name']} | {cost['wall_s']:.2f} | {cost['cpu_s']:.2f} | {cost['peak_mb']:.0f} | {disk} |"


def _targets(comparison: Mapping[str, Any]) -> Iterator[str]:
    for target in comparison["targets"]:
        reached = target["reached"]
        if not reached:
            continue
        than = f" of {target['than']}" if target["than"] else ""
        wanted = ", ".join(f"{word} {target[word]:g}" for word in ("bar", "goal") if target[word] is not None)
        digits = 2 if target["than"] else 0
        others = "".join(f" ({value:.2f} by {NAMES[name]})" for name, value in reached.items() if name != target["by"])
        figure = f"{reached[target['by']]:.{digits}f}{others}"
        yield f"{target['contender']}, {target['measure']}{than}: {figure}; {wanted}: {target['verdict']}"


def main(results: Path) -> None:
    """Replace the section of the figures, the last one of the page."""
    before, _, _ = README.read_text(encoding="utf-8").partition(HEADING)
    written = section(json.loads(results.read_text(encoding="utf-8")))
    README.write_text(f"{before.rstrip()}\n\n{written}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
