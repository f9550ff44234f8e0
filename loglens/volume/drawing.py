"""Bursts of log records drawn for a terminal: when, what, how many instead of how many, and what it looks like."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.analysis import Row
from loglens.bursts.drawing import onset
from loglens.paragraph import LONGEST, Told, paragraphs
from loglens.text import cut
from loglens.wording import amount, counted, duration, factor, moments, percent

_NS_PER_MS = 10**6
# Beyond so many times, how many does not matter.
_MANY_TIMES = 100
# What one template makes up to be named as what floods.
_MOST = 0.5
# Traffic that is so much more than usual is told.
_MORE = 1.5


def draw(rows: Sequence[Row], width: int) -> str:
    """Return the bursts as paragraphs of at most `width` columns."""
    return paragraphs(rows, width, _told)


def _told(row: Row) -> Told:
    head = f"{moments(row['first_ts'], row['last_ts'])}  {subject(row)}"
    return head, (much(row), onset(row), _of(row), _beside(row))


def subject(row: Row) -> str:
    """Return what there is so much of."""
    service = row["service"] or "(no service)"
    if row["kind"] == "template":
        return f"{service} {row['level'] or ''} {cut(row['template'], LONGEST)}".replace("  ", " ")
    return f"{service} {row['level']}" if row["kind"] == "level" else service


def much(row: Row) -> str:
    """Say how many records there were, and how many would be usual."""
    told = f"{counted(row['records'], 'record')} in {duration((row['last_ts'] - row['first_ts']) / _NS_PER_MS)}"
    usual = amount("", row["expected"])
    times = f" ({factor(row['times'])} as many)" if row["times"] < _MANY_TIMES else ""
    rate = amount("", row["per_second"])
    return f"{told}, {rate} a second; {usual} would be usual{times}. {row['sigma']:.1f} sigma."


def _of(row: Row) -> str | None:
    if row["kind"] == "template":
        new = "Never written before. " if row["is_new"] else ""
        return f"{new}{percent(row['share_ratio'])} of all that the service wrote meanwhile."
    if row["template_ratio"] < _MOST:
        return f"Of many templates, mostly {row['template']!r} ({percent(row['template_ratio'])})."
    return f"{percent(row['template_ratio'])} are {row['template']!r}."


def _beside(row: Row) -> str | None:
    told = []
    if row["traffic_times"] is not None and row["traffic_times"] >= _MORE:
        told.append(f"the service answered {factor(row['traffic_times'])} as many requests as usual meanwhile")
    if row["alike"]:
        told.append(f"it happened {counted(row['alike'], 'more time')} in much the same way")
    joined = ", and ".join(told)
    return f"{joined[0].upper()}{joined[1:]}." if joined else None
