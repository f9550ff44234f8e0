"""The table of the terminal: it fits, numbers are whole, and long text is cut in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loglens.answer import Answer
from loglens.columns import Column
from loglens.reports.cells import cells, header
from loglens.reports.page import Page, Renderer
from loglens.text import cut, display_width

_GAP = "  "
_FAINT, _BOLD, _PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[0m"
# Text narrower than this says nothing; an id of this length is still found by its beginning.
_NARROW = 8
_ID = 12
# Without a terminal to fit, only text that would make every line of the file this long is cut.
_LONGEST = 500


@dataclass
class _Strip:
    """One column of the table being laid out."""

    column: Column
    head: list[str]
    body: list[str]
    width: int
    least: int

    @property
    def is_id(self) -> bool:
        return self.column.name.endswith("_id") and not self.column.is_number

    @property
    def is_text(self) -> bool:
        return self.column.kind in {"text", "json", "nested"}


def render(answer: Answer, page: Page) -> Iterator[str]:
    """Yield the table line by line, or what the analysis draws in its place."""
    if answer.draw is not None:
        yield answer.draw(answer.rows(), page.width or 100)
        return
    rows = list(answer.tuples)
    strips = [_strip(column, [row[index] for row in rows]) for index, column in enumerate(answer.columns)]
    shown = _fit(strips, answer, page)
    faint = _faint_rows(answer, rows) if page.colour else set()
    for level in range(max((len(strip.head) for strip in shown), default=0)):
        line = _line([(strip, strip.head[level]) for strip in shown])
        yield f"{_BOLD}{line}{_PLAIN}\n" if page.colour else f"{line}\n"
    for number in range(len(rows)):
        line = _line([(strip, strip.body[number]) for strip in shown])
        yield f"{_FAINT}{line}{_PLAIN}\n" if number in faint else f"{line}\n"


def _strip(column: Column, values: list[object]) -> _Strip:
    head = header(column)
    body = cells(column, values)
    widest = max((display_width(cell) for cell in body), default=0)
    strip = _Strip(column, [head], body, max(widest, display_width(head)), 0)
    strip.width = min(strip.width, _LONGEST) if strip.is_text else strip.width
    strip.least = min(strip.width, max(_NARROW, display_width(head))) if strip.is_text else strip.width
    return strip


def _fit(strips: list[_Strip], answer: Answer, page: Page) -> list[_Strip]:
    """Make the table as narrow as the page: shrink text, then fold headers, then leave columns out and say so."""
    if page.width is None:
        return strips
    shown = list(strips)
    if sum(strip.least for strip in shown) + _gaps(shown) > page.width:
        for strip in shown:
            _fold(strip)
    leaving = [name for name in answer.aside if name in {strip.column.name for strip in strips}]
    leaving += [strip.column.name for strip in reversed(strips[1:]) if strip.column.name not in leaving]
    left_out = []
    while leaving and sum(strip.least for strip in shown) + _gaps(shown) > page.width:
        name = leaving.pop(0)
        left_out.append(name)
        shown = [strip for strip in shown if strip.column.name != name]
    if left_out:
        names = ", ".join(header(strip.column) for strip in strips if strip.column.name in left_out)
        page.notes.append(f"No room for {names}. A wider terminal or --format json shows them.")
    _shrink(shown, page.width - _gaps(shown))
    _level(shown)
    return shown


def _gaps(strips: list[_Strip]) -> int:
    return len(_GAP) * (len(strips) - 1)


def _fold(strip: _Strip) -> None:
    """Break the header at its spaces so that the column is no wider than its longest word or value."""
    widest = max((display_width(cell) for cell in strip.body), default=0)
    words = strip.head[0].split(" ")
    content = min(widest, _NARROW) if strip.is_text else widest
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
    """Take width from ids down to what identifies, then from the widest text, until all of them fit."""
    excess = sum(strip.width for strip in strips) - room
    for strip in strips:
        if excess > 0 and strip.is_id:
            given = min(excess, strip.width - min(strip.width, max(strip.least, _ID)))
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
    padding = " " * max(0, strip.width - display_width(shown))
    return padding + shown if strip.column.is_number else shown + padding


def _faint_rows(answer: Answer, rows: list[tuple[object, ...]]) -> set[int]:
    names = [column.name for column in answer.columns]
    if answer.greyed not in names:
        return set()
    index = names.index(answer.greyed)
    return {number for number, row in enumerate(rows) if not row[index]}


RENDERER = Renderer("table", "a table that fits the terminal", render)
