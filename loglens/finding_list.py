"""Findings drawn for a terminal: what is wrong, in whole sentences, and what to type next."""

from __future__ import annotations

import re
from collections.abc import Sequence

from loglens import wording
from loglens.analysis import Row
from loglens.text import cut, display_width, visible

# Lines longer than this are hard to read, however wide the terminal is.
LONGEST = 110
_INDENT = "  "
# A number and its unit stay on one line.
_AMOUNT = re.compile(r"(?<=\d) (?=(?:ms|s|min|h|days|%|times)\b|%)")
_GLUE = "\N{NO-BREAK SPACE}"


def draw(rows: Sequence[Row], width: int) -> str:
    """Return findings as paragraphs of at most `width` columns, each line ended."""
    room = min(width, LONGEST)
    return "\n".join(_paragraph(row, room) for row in rows)


def _paragraph(row: Row, width: int) -> str:
    where = " ".join(visible(part) for part in (row["service"], row["subject"]) if part)
    costs = cost(row)
    told = [visible(row["summary"]), f"Cost: {costs}." if costs else ""]
    lines = [_heading(row, where, width)]
    lines += [_INDENT + line for line in wrapped(" ".join(part for part in told if part), width - len(_INDENT))]
    lines += [_INDENT + line for line in wrapped(_next(row), width - len(_INDENT))]
    if row["is_acked"]:
        lines += [_INDENT + line for line in wrapped(f"Acknowledged: {visible(row['ack_reason'])}", width - 2)]
    return "".join(f"{line}\n" for line in lines)


def _heading(row: Row, where: str, width: int) -> str:
    left, right = f"{row['severity']:<8}  ", f"  {row['detector']} {row['fingerprint'][:8]}"
    named = cut(where, max(width - len(left) - len(right), 8))
    return left + named + " " * (width - len(left) - len(right) - display_width(named)) + right


def cost(row: Row) -> str:
    """Return what a finding costs, and what solving it would save."""
    told = f"{wording.duration(row['cost_ms'])} of waiting in all" if row["cost_ms"] else ""
    gain = "" if row["gain_ms"] is None else f"{wording.duration(row['gain_ms'])} less per request if solved"
    return "; ".join(part for part in (told, gain) if part)


def _next(row: Row) -> str:
    return f"More: loglens findings show {row['fingerprint'][:8]}"


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
