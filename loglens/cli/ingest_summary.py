"""The account an ingest gives of itself."""

from __future__ import annotations

import os
import shlex
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable

from loglens.ingest.report import READ, IngestReport, Outcome
from loglens.settings import load_settings
from loglens.text import visible
from loglens.wording import counted

NAMED = 5
RENAMED = "old name of "
# What says something else than what was assumed, by how the subject begins.
OTHERWISE = {
    "service": "--service NAME",
    "times without a zone": "--timezone ZONE",
    "unit of ": "--duration-unit UNIT",
}
# What became of a file, where the word for it is another one before `file`.
_BECAME = {"again": "re-read"}
# Where what a line tells begins, behind what it is about.
INDENT = 12


def summarize(report: IngestReport, is_dry: bool = False, is_verbose: bool = False, width: int | None = None) -> str:
    """Return the summary of an ingest as text with line ends, in lines of a width where one is given."""
    lines = _dry(report) if is_dry else _done(report)
    named = None if is_verbose or is_dry else NAMED
    lines += _each("failed", report.having("failed"), None)
    lines += _each("damaged", [outcome for outcome in report.having(*READ) if outcome.is_damaged], None)
    noted = [outcome for outcome in report.having(*READ) if outcome.note and not outcome.is_damaged]
    lines += _each("noted", noted, named)
    lines += _skipped(report.having("skipped"), named)
    if is_verbose:
        lines += [f"  {outcome.action:9} {_counts(outcome)}  {_path(outcome)}" for outcome in report.having(*READ)]
    if not report.having(*READ, "unchanged") and not report.having("failed"):
        lines.append("Nothing to read: no log, trace or metric was found. --format NAME reads a file as NAME anyway.")
    text = "".join(f"{part}\n" for line in lines for part in _folded(line, width))
    return text if is_dry or not report.having(*READ) else text + _next(report)


def _next(report: IngestReport) -> str:
    """Return what to type next, a command a line; commands stay whole, so that they can be copied."""
    commands = {"": "what is in it, and what is worth asking"}
    if report.rejects:
        commands["rejects"] = "what could not be read, and why"
    commands["sources"] = "every file, and what became of its lines"
    typed = {_command(report, name): why for name, why in commands.items()}
    widest = max(map(len, typed))
    return "Next:\n" + "".join(f"  {command:{widest}}  {why}\n" for command, why in typed.items())


def _folded(line: str, width: int | None) -> list[str]:
    """Return a line in parts of a width, those after the first below what the first tells; words stay whole."""
    if width is None or len(line) <= width:
        return [line]
    return textwrap.wrap(line, width, subsequent_indent=" " * INDENT, break_long_words=False, break_on_hyphens=False)


def _command(report: IngestReport, name: str = "") -> str:
    """Return what to type to ask the database that was filled."""
    is_usual = os.fspath(report.database) == load_settings().db
    return " ".join(
        ["loglens", *filter(None, [name]), *([] if is_usual else ["--db", shlex.quote(os.fspath(report.database))])]
    )


def _dry(report: IngestReport) -> list[str]:
    lines = [f"Would read into {report.database}:"]
    return lines + [
        f"  {outcome.action:9} {outcome.format:10} {_path(outcome)}" for outcome in report.having(*READ, "unchanged")
    ]


def _done(report: IngestReport) -> list[str]:
    read = report.having(*READ)
    files = Counter(outcome.action for outcome in report.outcomes if outcome.action in (*READ, "unchanged"))
    what = ", ".join(f"{count:,} {_BECAME.get(action, action)}" for action, count in files.items())
    noun = "file" if files.total() == 1 else "files"
    speed = f"{_bytes(report.content_bytes)} in {report.elapsed_s:.1f} s"
    origin = f"{what} {noun}" if files else "no file"
    lines = [f"{report.database}: {counted(report.records, 'record')} from {origin} ({speed})"]
    if any(outcome.lines for outcome in read):
        lines += _what_was_read(report, read)
    if untimed := sum(outcome.untimed for outcome in read):
        have, are = ("has", "it is") if untimed == 1 else ("have", "they are")
        lines.append(
            f"  untimed   {counted(untimed, 'record')} {have} no time that can be read; {are} kept without one"
        )
    if unread := sum(outcome.unread for outcome in read):
        are = "is" if unread == 1 else "are"
        lines.append(f"  unread    {counted(unread, 'record')} {are} of a kind that is not read yet")
    return lines + _assumed(report)


def _what_was_read(report: IngestReport, read: list[Outcome]) -> list[str]:
    """Return the lines on formats and on what became of the lines of the files."""
    formats = Counter[str]()
    for outcome in read:
        formats[outcome.format] += outcome.records
    named = ", ".join(f"{name} {count:,}" for name, count in formats.most_common())
    blank = sum(outcome.blank_lines for outcome in read)
    total = sum(outcome.lines for outcome in read)
    holding = "; one line can hold many records" if report.records > total else ""
    lines = [f"  formats   {named} (records of each)", f"  lines     {total:,}, {blank:,} of them blank{holding}"]
    if report.rejects:
        what = "piece of text that" if report.rejects == 1 else "pieces of text that"
        lines.append(f"  rejects   {report.rejects:,} {what} could not be read, kept apart with the reason")
    return lines


def _assumed(report: IngestReport) -> list[str]:
    """Return the lines on what was assumed; services that were told in the same way share one."""
    lines = []
    services: dict[str, list[str]] = defaultdict(list)
    renamed = []
    others: dict[str, None] = {}
    for (subject, assumption), count in sorted(report.assumptions.items()):
        name, _, why = assumption.partition(", ")
        others |= {option: None for begin, option in OTHERWISE.items() if subject.startswith(begin)}
        if subject == "service" and why:
            services[why].append(name)
            continue
        if assumption.startswith(RENAMED):
            renamed.append(f"{visible(subject)} as {visible(assumption.removeprefix(RENAMED))}")
            continue
        where = f" ({count:,} files)" if count > 1 else ""
        lines.append(f"  assumed   {visible(subject)}: {visible(assumption)}{where}")
    for why, names in services.items():
        lines.append(f"  assumed   service: {_some(list(map(visible, names)))}, {visible(why)}")
    if others:
        lines.append(f"            where that is wrong: loglens ingest FILE --again {' '.join(others)}")
    if renamed:
        lines.append(f"  old names kept, and read as those of today too: {_some(renamed)}")
    return lines


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _each(title: str, outcomes: list[Outcome], named: int | None) -> list[str]:
    lines = [f"  {title:9} {_path(outcome)}: {visible(outcome.note)}" for outcome in outcomes[:named]]
    if named is not None and len(outcomes) > named:
        lines.append(f"  {title:9} … and {len(outcomes) - named:,} more (--verbose names them)")
    return lines


def _skipped(outcomes: list[Outcome], named: int | None) -> list[str]:
    if named is None:
        return _each("skipped", outcomes, None)
    lines = []
    for reason, count in Counter(outcome.note for outcome in outcomes).most_common():
        paths = [_path(outcome) for outcome in outcomes if outcome.note == reason]
        more = ", … (--verbose names them all)" if count > NAMED else ""
        lines.append(f"  skipped   {counted(count, 'file')}, {visible(reason)}: {', '.join(paths[:NAMED])}{more}")
    return lines


def _counts(outcome: Outcome) -> str:
    return f"{outcome.format:10} {outcome.records:>10,} records {outcome.rejects:>6,} rejects"


def _path(outcome: Outcome) -> str:
    """Return the path as seen from here where that is shorter."""
    path = outcome.path
    if os.path.isabs(path):  # noqa: PTH117 - a name of standard input is no path
        below = os.path.relpath(path)
        path = below if len(below) < len(path) else path
    return visible(path)


def _bytes(size: int) -> str:
    units: Iterable[str] = ("B", "kB", "MB", "GB")
    value = float(size)
    for unit in units:
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError
