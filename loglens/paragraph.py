"""Sentences as lines that fit a terminal."""

from __future__ import annotations

import re

from loglens.text import cut, display_width

# Lines longer than this are hard to read, however wide the terminal is.
LONGEST = 110
# A number and its unit stay on one line.
_AMOUNT = re.compile(r"(?<=\d) (?=(?:ms|s|min|h|days|times)\b|%)")
_GLUE = "\N{NO-BREAK SPACE}"


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
