"""Text from logs made safe and fitting for a terminal."""

from __future__ import annotations

import re

# Controls (C0, DEL, C1), soft hyphen, bidirectional marks, line separators, characters without width, halves of
# surrogate pairs, tags: what moves the cursor, turns the line around, or hides. Joiners stay, emoji need them.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    r"""Return text with every character that steers a terminal or hides written out, such as `\x1b` or `\u202e`."""
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if code <= 0xFF:
        return _SHORT.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def display_width(text: str) -> int:
    """Return how many columns of a terminal visible text takes."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    width: int = wcswidth(text)
    return width if width >= 0 else len(text)


def cut(text: str, width: int, at_end: bool = False) -> str:
    """Return text in at most `width` columns, with `…` in its middle, or at its end, where some is missing."""
    if display_width(text) <= width:
        return text
    if width <= 0:
        return ""
    tail_width = 0 if at_end else (width - 1) // 2
    head, tail = _first(text, width - 1 - tail_width), _first(text[::-1], tail_width)[::-1]
    # Marks that combine with their neighbours are not as wide alone as they are together.
    while not text.isascii() and display_width(f"{head}…{tail}") > width:
        head, tail = (head, tail[1:]) if tail else (head[:-1], "")
    return f"{head}…{tail}"


def _first(text: str, width: int) -> str:
    if text.isascii():
        return text[:width]
    used = 0
    for index, character in enumerate(text):
        used += max(0, display_width(character))
        if used > width:
            return text[:index]
    return text
