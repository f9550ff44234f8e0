"""Findings drawn for a terminal: what is wrong, in whole sentences, and what to type next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loglens import wording
from loglens.analysis import Row
from loglens.paragraph import LONGEST, wrapped
from loglens.text import cut, display_width, visible

_INDENT = "  "
# Findings of the same time are named up to this many, then counted.
_NAMED = 3
# A statement longer than this says more than who reads a list wants to know.
_STATEMENT = 150


def draw(rows: Sequence[Row], width: int) -> str:
    """Return findings as paragraphs of at most `width` columns, each line ended; parts stand with what they explain."""
    room = min(width, LONGEST)
    heads = {row["fingerprint"] for row in rows if row["part_of"] is None}
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(row["part_of"], []).append(row)
    alone = [row for row in rows if row["part_of"] not in heads]
    return "\n".join(
        "".join(f"{line}\n" for line in _paragraph(row, parts.get(row["fingerprint"], []), room)) for row in alone
    )


def _paragraph(row: Row, parts: Sequence[Row], width: int) -> Iterator[str]:
    costs = cost(row)
    told = [visible(row["summary"]), f"Cost: {costs}." if costs else "", when(row)]
    yield _heading(row, width)
    yield from _indented(statement(row), width)
    yield from _indented(" ".join(part for part in told if part), width)
    if row["is_acked"]:
        yield from _indented(f"Acknowledged: {visible(row['ack_reason'])}", width)
    for part in (part for part in parts if part["detector"] != row["detector"]):
        because = f"Because of {visible(part['subject'])}: {visible(part['summary'])}"
        yield from _indented(f"{because} ({part['detector']} {_short(part)})", width)
    yield from _indented(_together(row, [part for part in parts if part["detector"] == row["detector"]]), width)
    yield from _indented(f"More: loglens findings show {_short(row)}", width)


def _heading(row: Row, width: int) -> str:
    left, right = f"{row['severity']:<8}  ", f"  {row['detector']} {_short(row)}"
    named = cut(_named(row), max(width - len(left) - len(right), 8))
    return left + named + " " * (width - len(left) - len(right) - display_width(named)) + right


def _named(row: Row) -> str:
    return " ".join(visible(part) for part in (row["service"], row["subject"]) if part)


def _short(row: Row) -> str:
    return str(row["fingerprint"])[:8]


def _together(head: Row, parts: Sequence[Row]) -> str:
    if not parts:
        return ""
    # What is the same in several routes of a service is told by the routes.
    is_whole = head["route"] is None
    named = ", ".join(visible(part["route"] if is_whole else part["subject"]) for part in parts[:_NAMED])
    others = f" and {len(parts) - _NAMED:,} more" if len(parts) > _NAMED else ""
    return f"{'Mostly in' if is_whole else 'At the same time'}: {named}{others}."


def _indented(text: str, width: int) -> Iterator[str]:
    return (_INDENT + line for line in wrapped(text, width - len(_INDENT)))


def statement(row: Row) -> str:
    """Return the statement it is about, without its middle where it is long; nothing where it is the subject."""
    if row["statement"] is None or row["statement"] == row["subject"]:
        return ""
    return cut(visible(row["statement"]), _STATEMENT)


def cost(row: Row) -> str:
    """Return what a finding costs, and what solving it would save."""
    told = f"{wording.duration(row['cost_ms'])} of waiting in all" if row["cost_ms"] else ""
    gain = "" if row["gain_ms"] is None else f"{wording.duration(row['gain_ms'])} less per request if solved"
    return "; ".join(part for part in (told, gain) if part)


def when(row: Row) -> str:
    """Return when it was seen, to the second."""
    if row["first_ts"] is None or row["last_ts"] is None:
        return ""
    return f"Seen {wording.moments(row['first_ts'], row['last_ts'])}."
