"""Markdown: a table as GitHub and notebooks read it, with the values of the terminal's table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loglens.answer import Answer
from loglens.reports.cells import cells, header
from loglens.reports.page import Page

_MARKUP = re.compile(r"[\\`*\[\]<>|~&$]|(?<!\w)_|_(?!\w)")


def render(answer: Answer, page: Page) -> Iterator[str]:
    """Yield the table, uncut."""
    yield _line([_plain(header(column)) for column in answer.columns])
    yield _line(["--:" if column.is_number else "---" for column in answer.columns])
    for values in answer.tuples:
        shown = (cells(column, [value])[0] for column, value in zip(answer.columns, values, strict=True))
        yield _line([_plain(cell) for cell in shown])


def _plain(text: str) -> str:
    return _MARKUP.sub(lambda match: "\\" + match[0], text)


def _line(parts: list[str]) -> str:
    return f"| {' | '.join(parts)} |\n"
