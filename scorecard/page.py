"""The score as tables: for the terminal, and as docs/scorecard.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from scorecard.runs import GROUPS
from scorecard.score import Complaint, Score

TARGET = 0.95
_SHOWN = 20


def page(score: Score, seeds: Sequence[int], minutes: int) -> str:
    """Return the text of docs/scorecard.md."""
    return "\n".join(_lines(score, seeds, minutes)).rstrip() + "\n"


def with_section(text: str, title: str, lines: Iterable[str]) -> str:
    """Return a page with a section in place of the one of this title, or at its end."""
    head, found, rest = text.partition(f"{title}\n")
    _, more, tail = rest.partition("\n## ")
    made = "\n".join(lines).rstrip() + "\n"
    return f"{head.rstrip()}\n\n{made}" + (f"\n## {tail}" if found and more else "")


def _lines(score: Score, seeds: Sequence[int], minutes: int) -> Iterator[str]:
    yield "# Scorecard\n"
    yield (
        f"`make scorecard` plants faults and what only looks like them in {score.runs} runs of the simulated platform"
        f" (seeds {seeds[0]} to {seeds[-1]}, {minutes} minutes each), reads every run as anybody would, asks"
        " `loglens findings` with its defaults, and compares with `TRUTH.json`. A finding is right where it names the"
        " service and the route of a fault, by a detector that the fault should be named by; any other is wrong, on a"
        f" healthy route too. The aim is {TARGET} of both.\n"
    )
    yield "## Detectors\n"
    yield from table(
        ("detector", "planted", "found", "recall", "right", "wrong", "precision"),
        (
            (name, each.planted, each.found, _share(each.recall), each.right, each.wrong, _share(each.precision))
            for name, each in score.detectors.items()
        ),
    )
    yield "## Faults\n"
    yield "What several detectors should name counts once for each.\n"
    yield from table(
        ("fault", "to be found", "found", "recall", "wrong findings on its route"),
        (
            (kind, each.planted, each.found, _share(each.recall), each.wrong)
            for kind, each in score.kinds.items()
            if each.planted
        ),
    )
    if score.unwatched:
        yield f"Planted as well, for detectors that are not there yet: {', '.join(sorted(score.unwatched))}.\n"
    yield "## Look-alikes\n"
    yield from table(
        ("looks like a fault", "runs", "findings"),
        ((kind, len(seeds), score.kinds[kind].wrong) for kind in GROUPS["look-alikes"]),
    )
    yield from _complaints("Missed", score.missed, score)
    yield from _complaints("Wrong", score.wrong, score)


def _complaints(title: str, complaints: Counter[Complaint], score: Score) -> Iterator[str]:
    if not complaints:
        return
    yield f"## {title}\n"
    shown = sorted(complaints.items(), key=lambda item: (-item[1], item[0].detector, item[0].where, item[0].said))
    yield from table(
        ("detector", "planted there", "where", "about", "times", "first seed"),
        ((each.detector, each.kind, each.where, each.said, times, score.seeds[each]) for each, times in shown[:_SHOWN]),
    )
    if len(shown) > _SHOWN:
        yield f"And {len(shown) - _SHOWN} more.\n"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Iterator[str]:
    """Yield the lines of a table, and an empty one."""
    listed = [head, *(tuple(str(cell).replace("|", "\\|") for cell in row) for row in rows)]
    widths = [max(len(row[column]) for row in listed) for column in range(len(head))]
    listed.insert(1, tuple("-" * width for width in widths))
    for row in listed:
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
    yield ""
