"""HTML: a table for notebooks, in the colours of the page it lands on."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from loglens.answer import Answer
from loglens.reports.cells import cells, header
from loglens.reports.page import Page

_NUMBER = ' style="text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap"'
_TEXT = ' style="text-align:left;overflow-wrap:anywhere"'
_FAINT = ' style="opacity:0.5"'
# A notebook keeps what it shows: a message of a megabyte must not become part of the file twice.
_LONGEST = 500
# Text that may break anywhere would be squeezed to a letter a line beside a long message.
_NARROWEST = 24


def render(answer: Answer, page: Page) -> Iterator[str]:
    """Yield a table with the meaning of each column as its tooltip, or a drawing as preformatted text."""
    if answer.draw is not None:
        yield f"<pre>{escape(answer.draw(answer.rows(), page.width or 120))}</pre>\n"
        return
    styles = [_NUMBER if column.is_number else _TEXT for column in answer.columns]
    yield f"<table>\n<caption>{escape(answer.title)}</caption>\n<thead><tr>"
    rows = list(answer.tuples)
    shown = [cells(column, [row[index] for row in rows]) for index, column in enumerate(answer.columns)]
    for column, style, texts in zip(answer.columns, styles, shown, strict=True):
        wide = style if column.is_number else _at_least(style, [header(column), *texts])
        yield f'<th scope="col"{wide} title="{escape(column.meaning)}">{escape(header(column))}</th>'
    yield "</tr></thead>\n<tbody>\n"
    greyed = [column.name == answer.greyed for column in answer.columns]
    for number, row in enumerate(rows):
        faint = any(is_greyed and not value for is_greyed, value in zip(greyed, row, strict=True))
        yield f"<tr{_FAINT if faint else ''}>"
        for texts, style in zip(shown, styles, strict=True):
            yield f"<td{style}>{escape(_short(texts[number]))}</td>"
        yield "</tr>\n"
    yield "</tbody>\n</table>\n"


def _at_least(style: str, texts: list[str]) -> str:
    """Return the style of a column of text that is as wide as its longest, up to a measure."""
    return f'{style[:-1]};min-width:{min(max(map(len, texts)), _NARROWEST)}ch"'


def _short(text: str) -> str:
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}…{text[-half:]}"
