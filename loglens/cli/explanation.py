"""How `loglens ingest --explain` draws what would become of a file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from textwrap import wrap

from loglens.columns import Column, time_text
from loglens.ingest.explain import Explanation, Row, Shown
from loglens.ingest.formats import FORMATS
from loglens.ingest.report import Outcome
from loglens.text import cut, display_width, visible
from loglens.wording import counted

# Without a terminal to fit, texts are cut to this.
LONGEST = 400
_TIME = Column("time", "TIMESTAMP_NS")
_TIMES = ("ts_ns", "start_ns")
# Places in the file, and what is there under another name.
_LEFT_OUT = ("source_id", "line", "ordinal", "ts", "start_ts", "is_entry")
_WHY = {
    "recognised": "which is surest of it",
    "asked for": "as --format says",
    "taken for plain text": "since no format is sure of it and it is called a log, or was named",
}


def draw(told: Explanation, width: int | None) -> Iterator[str]:
    """Yield the lines of an explanation, at most `width` columns wide: sentences are wrapped, data is cut."""
    for label, text in _told(told):
        indent = f"  {label:10}" if label else ""
        yield from wrap(text, width or LONGEST, initial_indent=indent, subsequent_indent=" " * 12)
    if told.outcome is not None:
        for line in chain(_keys(told), *map(_record, told.records), _rejects(told)):
            yield cut(line, width or LONGEST, at_end=True)


def _told(told: Explanation) -> Iterator[tuple[str, str]]:
    """Yield what there is to say of the whole, with labels."""
    form, guess = told.guess.format, told.guess
    yield "", visible(told.uri)
    if form is None:
        yield "skipped", guess.reason
    else:
        yield "read as", f"{form.name}, {_WHY[guess.reason]}"
        yield "which is", f"{form.title}, recognised by {form.marks}"
    if guess.scores:
        scores = sorted(guess.scores.items(), key=lambda item: -item[1])
        others = len(FORMATS) - len(scores)
        yield "sure", f"{', '.join(f'{name} {score:.2f}' for name, score in scores)}; the other {others} not at all"
    if told.encoding:
        yield "stored", f"as {told.encoding}"
    if told.outcome is not None:
        yield from _counts(told, told.outcome)


def _counts(told: Explanation, outcome: Outcome) -> Iterator[tuple[str, str]]:
    if told.is_part:
        yield "looked at", f"its first {told.read_bytes >> 10:,} KiB, as all of what follows"
    lines, records, rejects = outcome.lines, outcome.records, outcome.rejects
    yield "lines", f"{lines:,}, of which {outcome.blank_lines:,} blank"
    yield "became", f"{counted(records, 'record')}, {counted(rejects, 'reject')}"
    if outcome.untimed:
        yield "untimed", f"{counted(outcome.untimed, 'record')} without a readable time"
    looked_at = sum(told.layouts.values())
    for layout, count in told.layouts.items():
        yield "written", f"{count:,} of {counted(looked_at, 'record')} as {visible(layout)}"
    for subject, assumption in sorted(outcome.assumptions.items()):
        yield "assumed", f"{visible(subject)}: {visible(assumption)}"
    if outcome.note:
        yield "noted", visible(outcome.note)


def _keys(told: Explanation) -> Iterator[str]:
    """Yield what became of each key, as a table."""
    if not told.keys:
        return
    rows = [("key", "became", "first value")]
    rows += [(visible(each.key), each.became, visible(_value(each.became, each.value))) for each in told.keys]
    widths = [max(display_width(row[column]) for row in rows) for column in (0, 1)]
    yield ""
    for row in rows:
        first, second = (cell + " " * (size - display_width(cell)) for cell, size in zip(row, widths, strict=False))
        yield f"{first}  {second}  {row[2]}"


def _rejects(told: Explanation) -> Iterator[str]:
    for line, reason, raw in told.rejects:
        yield ""
        yield f"line {line}, rejected: {visible(reason)}"
        yield f"  {visible(raw[:LONGEST])}"


def _record(shown: Shown) -> Iterator[str]:
    yield ""
    yield f"line {shown.row['line']}, into {shown.table}" + (f": {visible(shown.text.rstrip())}" if shown.text else "")
    row: Row = {name: value for name, value in shown.row.items() if name not in _LEFT_OUT}
    for name, value in row.items():
        yield f"  {name:16}{visible(_value(name, str(value)))}"


def _value(column: str, value: str) -> str:
    return time_text(_TIME, int(value)) if column in _TIMES else value
