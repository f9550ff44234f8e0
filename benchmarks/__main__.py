"""`python -m benchmarks`: measure loglens and its peers side by side, print a table, write it as JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.comparison import Comparison
from benchmarks.comparisons import ALL
from benchmarks.inputs import ROOT, ready
from benchmarks.report import as_json, describe_machine, package_versions, render
from benchmarks.run import compare

RESULTS = ROOT / "benchmarks" / "results"


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "loglens-benchmarks"
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [comparison.name for comparison in ALL]
    parser.add_argument("--only", action="append", choices=names, help="this comparison; may be repeated")
    parser.add_argument("--quick", action="store_true", help="small inputs, without targets: does it all still run")
    parser.add_argument("--full", action="store_true", help="also the inputs of 5 GB")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of every comparison, instead of its own number")
    parser.add_argument("--data", type=Path, default=cache, metavar="DIR", help=f"where inputs are kept: {cache}")
    return parser.parse_args(arguments)


def chosen(options: argparse.Namespace) -> list[Comparison]:
    """Return the comparisons that were asked for."""
    if options.only:
        return [comparison for comparison in ALL if comparison.name in options.only]
    return [comparison for comparison in ALL if options.full or not comparison.is_full]


def main(arguments: Sequence[str]) -> None:
    """Run the comparisons that were asked for, one after another."""
    options = parse(arguments)
    options.data.mkdir(parents=True, exist_ok=True)
    machine, packages = describe_machine(), package_versions()
    for described in (machine, packages):
        print(", ".join(f"{name} {value}" for name, value in described.items()))
    print()
    results = []
    with tempfile.TemporaryDirectory(dir=options.data) as folder:
        for comparison in chosen(options):
            inputs = ready(comparison.inputs, options.data, options.quick)
            table = compare(comparison, inputs, Path(folder), options.rounds or comparison.rounds)
            print(render(comparison, table, inputs, has_targets=not options.quick), flush=True)
            results.append(as_json(comparison, table))
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / time.strftime("%Y%m%dT%H%M%S.json")
    written = {"machine": machine, "packages": packages, "is_quick": options.quick, "comparisons": results}
    target.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    print(f"written to {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1:])
