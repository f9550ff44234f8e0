"""The table of the terminal: it fits, numbers are whole, and long text is cut in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loglens.answer import Answer
from loglens.columns import Column
from loglens.paragraph import LONGEST, wrapped
from loglens.reports.cells import cells, header
from loglens.reports.page import Page
from loglens.text import cut, display_width, visible

_GAP = "  "
_FAINT, _BOLD, _PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[0m"
# Text cut to less than this says little, so other columns leave first; an id is still found by its beginning.
_LEAST_TEXT = 16
_LEAST_ID = 9
# What a row is about is worth more room than the columns that may leave.
_LEAST_SUBJECT = 40
# Still, that much of a text says more than a column that is not there.
_TIGHT = 12
# What text comes down to when no column is left that could leave.
_NARROW = 8
# Without a terminal to fit, only text that would make every line of the file this long is cut.
_LONGEST = 500
# Columns that found no room are named up to this many.
_NAMED = 8


@dataclass
class _Strip:
    """One column of the table being laid out."""

    column: Column
    head: list[str]
    body: list[str]
    width: int
    least: int
    is_subject: bool = False

    @property
    def is_id(self) -> bool:
        return self.column.name.endswith("_id") and not self.column.is_number

    @property
    def is_text(self) -> bool:
        return self.column.kind in {"text", "json", "nested"}

    @property
    def readable(self) -> int:
        return _LEAST_SUBJECT if self.is_subject else _LEAST_ID if self.is_id else _LEAST_TEXT


def render(answer: Answer, page: Page) -> Iterator[str]:
    """Yield the table line by line, or what the analysis draws in its place."""
    answer = answer.held()
    rows = list(answer.tuples)
    if not rows and answer.none is not None:
        yield "".join(f"{line}\n" for line in wrapped(visible(answer.none()), page.width or LONGEST))
        return
    if answer.draw is not None:
        yield answer.draw(answer.rows(), page.width or 100)
        return
    strips = [
        _strip(column, [row[index] for row in rows], column.name == answer.subject)
        for index, column in enumerate(answer.columns)
    ]
    above = [strip for strip in strips if strip.column.name in answer.grouped]
    below = [strip for strip in strips if strip.column.name not in answer.grouped and not _says_nothing(strip, answer)]
    shown = _fit(below, answer, page)
    faint = _faint_rows(answer, rows) if page.colour else set()
    for level in range(max((len(strip.head) for strip in shown), default=0)):
        line = _line([(strip, strip.head[level]) for strip in shown])
        yield f"{_BOLD}{line}{_PLAIN}\n" if page.colour else f"{line}\n"
    for number in range(len(rows)):
        yield from _heading(above, number, page)
        line = _line([(strip, strip.body[number]) for strip in shown])
        yield f"{_FAINT}{line}{_PLAIN}\n" if number in faint else f"{line}\n"


def _says_nothing(strip: _Strip, answer: Answer) -> bool:
    """Whether a column that may be left out has no value in any row."""
    return bool(strip.body) and strip.column.name in answer.aside and not any(strip.body)


def _heading(strips: list[_Strip], number: int, page: Page) -> Iterator[str]:
    """Yield the values that a row shares with those below it, where they differ from the row above."""
    values = [strip.body[number] for strip in strips]
    if strips and (number == 0 or values != [strip.body[number - 1] for strip in strips]):
        text = _GAP.join(value for value in values if value)
        line = text if page.width is None else cut(text, page.width)
        yield "\n"
        yield f"{_BOLD}{line}{_PLAIN}\n" if page.colour else f"{line}\n"


def _strip(column: Column, values: list[object], is_subject: bool) -> _Strip:
    head = header(column)
    body = cells(column, values)
    widest = max((display_width(cell) for cell in body), default=0)
    width = max(widest, display_width(head))
    strip = _Strip(column, [head], body, width, width, is_subject)
    if strip.is_text:
        strip.width = min(width, _LONGEST)
        strip.least = min(width, max(strip.readable, display_width(head)))
    return strip


def _fit(strips: list[_Strip], answer: Answer, page: Page) -> list[_Strip]:
    """Make the table as narrow as the page: shrink text, then fold headers, then leave columns out and say so."""
    if page.width is None:
        return strips
    shown = list(strips)
    if sum(strip.least for strip in shown) + _gaps(shown) > page.width:
        for strip in shown:
            _fold(strip)
    may_leave = [strip for strip in strips if strip.column.name in answer.aside or strip is not strips[0]]
    leaving = [strip for strip in may_leave if strip.column.name not in answer.ordered]
    leaving.sort(key=lambda strip: _rank(strip, strips, answer))
    left_out = []
    while leaving and sum(strip.least for strip in shown) + _gaps(shown) > page.width:
        if leaving[0].column.name not in answer.aside:
            if any(_relax(strip) for strip in shown if strip.is_subject):
                continue
            if answer.ordered and _tightened(shown, page.width):
                break
        left_out.append(leaving.pop(0))
        shown = [strip for strip in shown if strip is not left_out[-1]]
    if left_out:
        page.notes.append(_without([header(strip.column) for strip in strips if strip in left_out]))
    room = page.width - _gaps(shown)
    if sum(strip.least for strip in shown) > room:
        for strip in shown:
            strip.least = min(strip.least, _NARROW) if strip.is_text else strip.least
    _shrink(shown, room)
    _level(shown)
    return shown


def _relax(strip: _Strip) -> bool:
    """Let the subject of the rows be as narrow as other text; return whether it was not yet."""
    strip.is_subject = False
    before, strip.least = strip.least, min(strip.least, max(_LEAST_TEXT, *map(display_width, strip.head)))
    return strip.least < before


def _rank(strip: _Strip, strips: list[_Strip], answer: Answer) -> tuple[bool, int]:
    """Return what a column leaves by: first those that may, in their order, then the others from the last on."""
    is_aside = strip.column.name in answer.aside
    return not is_aside, list(answer.aside).index(strip.column.name) if is_aside else -strips.index(strip)


def _tightened(shown: list[_Strip], width: int) -> bool:
    """Narrow text that is cut anyway, where that makes all columns fit; return whether it does."""
    least = [
        min(strip.least, max(_TIGHT, *map(display_width, strip.head)))
        if strip.is_text and strip.width > _LEAST_TEXT
        else strip.least
        for strip in shown
    ]
    if sum(least) + _gaps(shown) > width:
        return False
    for strip, narrow in zip(shown, least, strict=True):
        strip.least = narrow
    return True


def _without(heads: list[str]) -> str:
    named = ", ".join(heads[:_NAMED]) + (f" and {len(heads) - _NAMED} more columns" if len(heads) > _NAMED else "")
    return f"No room for {named}. A wider terminal or --format json shows them."


def _gaps(strips: list[_Strip]) -> int:
    return len(_GAP) * (len(strips) - 1)


def _fold(strip: _Strip) -> None:
    """Break the header at its spaces so that the column is no wider than its longest word or value."""
    widest = max((display_width(cell) for cell in strip.body), default=0)
    words = strip.head[0].split(" ")
    content = min(widest, strip.readable) if strip.is_text else widest
    room = max(content, *(display_width(word) for word in words))
    lines = [words[0]]
    for word in words[1:]:
        if display_width(lines[-1]) + 1 + display_width(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    strip.head = lines
    strip.least = room
    strip.width = min(max(widest, room), _LONGEST) if strip.is_text else room


def _level(strips: list[_Strip]) -> None:
    tallest = max((len(strip.head) for strip in strips), default=0)
    for strip in strips:
        strip.head = [""] * (tallest - len(strip.head)) + strip.head


def _shrink(strips: list[_Strip], room: int) -> None:
    """Take width from ids, then from the widest text, until all of them fit."""
    excess = sum(strip.width for strip in strips) - room
    for strip in strips:
        if excess > 0 and strip.is_id:
            given = min(excess, strip.width - strip.least)
            strip.width -= given
            excess -= given
    while excess > 0:
        candidates = [strip for strip in strips if strip.width > strip.least]
        if not candidates:
            return
        widest = max(candidates, key=lambda strip: strip.width)
        widest.width -= 1
        excess -= 1


def _line(parts: list[tuple[_Strip, str]]) -> str:
    return _GAP.join(_aligned(strip, text) for strip, text in parts).rstrip()


def _aligned(strip: _Strip, text: str) -> str:
    shown = cut(text, strip.width, at_end=strip.is_id) if strip.is_text else text
    # The mark of a cut is one column wide; as a plain sign it does not take the tables of wide characters to know.
    padding = " " * max(0, strip.width - display_width(shown.replace("…", ".")))
    return padding + shown if strip.column.is_number else shown + padding


def _faint_rows(answer: Answer, rows: list[tuple[object, ...]]) -> set[int]:
    names = [column.name for column in answer.columns]
    if answer.greyed not in names:
        return set()
    index = names.index(answer.greyed)
    return {number for number, row in enumerate(rows) if not row[index]}
