"""`python -m scorecard`: find what was planted over many seeds, print the figures, write docs/scorecard.md."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from loglens.detectors import ALL
from scorecard.page import page, with_section
from scorecard.runs import GROUPS, Run, runs
from scorecard.score import scored
from scorecard.templates import SETS, TITLE, section

PAGE = Path(__file__).parents[1] / "docs" / "scorecard.md"


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(prog="python -m scorecard", description=__doc__)
    parser.add_argument("--seeds", type=int, default=50, metavar="N", help="seeds 1 to N; only 50 write the page")
    parser.add_argument("--minutes", type=int, default=30, metavar="N", help="minutes of every run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="runs at a time")
    parser.add_argument("--templates", action="store_true", help="only log templates against their labels")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Score the detectors, and log templates where their labels are."""
    options = parse(arguments)
    before = PAGE.read_text(encoding="utf-8")
    kept = before if options.templates else _scored(options)
    if not SETS:
        print(f"{TITLE[3:]}: no labelled logs here (loghub); what was measured with them stays.", file=sys.stderr)
    lines = section() if SETS else _section_of(before)
    text = with_section(kept, TITLE, lines)
    print(text[text.index(TITLE) :] if options.templates else text)
    if options.seeds == parse([]).seeds:
        PAGE.write_text(text, encoding="utf-8")


def _scored(options: argparse.Namespace) -> str:
    seeds = range(1, options.seeds + 1)
    counted = _told(runs(seeds, options.minutes, options.jobs), len(seeds) * len(GROUPS))
    return page(scored(counted, [detector.name for detector in ALL]), seeds, options.minutes)


def _section_of(text: str) -> Iterator[str]:
    yield TITLE + text.partition(TITLE)[2].partition("\n## ")[0]


def _told(done: Iterable[Run], total: int) -> Iterator[Run]:
    for number, run in enumerate(done, 1):
        if sys.stderr.isatty():
            print(f"\r{number} of {total} runs", end="\n" if number == total else "", file=sys.stderr, flush=True)
        yield run


if __name__ == "__main__":
    main(sys.argv[1:])
