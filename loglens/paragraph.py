"""Sentences as lines that fit a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from loglens.analysis import Row
from loglens.text import cut, display_width, visible

# Lines longer than this are hard to read, however wide the terminal is.
LONGEST = 110
# A number and its unit stay on one line.
_AMOUNT = re.compile(r"(?<=\d) (?=(?:ms|s|min|h|days|times)\b|%)")
_GLUE = "\N{NO-BREAK SPACE}"
_INDENT = "  "

# The head of a row, and the sentences below it; None for one there is no reason for.
Told = tuple[str, Iterable[str | None]]


def wrapped(text: str, width: int) -> list[str]:
    """Return text in lines of at most `width` columns, broken between words, a longer word in pieces."""
    lines: list[str] = []
    line = ""
    for word in _AMOUNT.sub(_GLUE, text).split(" "):
        joined = f"{line} {word}" if line else word
        if display_width(joined) <= width:
            line = joined
            continue
        lines.append(line)
        line = word
        while display_width(line) > width:
            head = cut(line, width + 1, at_end=True).removesuffix("…")
            lines.append(head)
            line = line[len(head) :]
    return [each.replace(_GLUE, " ") for each in (*lines, line) if each]


def paragraphs(rows: Sequence[Row], width: int, tell: Callable[[Row], Told]) -> str:
    """Return a paragraph a row, in lines of at most `width` columns."""
    room = min(width, LONGEST)
    return "\n".join("".join(f"{line}\n" for line in _paragraph(*tell(row), room)) for row in rows)


def _paragraph(head: str, sentences: Iterable[str | None], width: int) -> Iterator[str]:
    yield from wrapped(visible(head), width)
    for sentence in filter(None, sentences):
        for line in wrapped(visible(sentence), width - len(_INDENT)):
            yield _INDENT + line
