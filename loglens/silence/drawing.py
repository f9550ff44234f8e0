"""Silences drawn for a terminal: when, who, for how long, and how one can tell."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.analysis import Row
from loglens.paragraph import Told, paragraphs
from loglens.wording import amount, counted, duration, moments, percent


def draw(rows: Sequence[Row], width: int) -> str:
    """Return the silences as paragraphs of at most `width` columns."""
    return paragraphs(rows, width, _told)


def _told(row: Row) -> Told:
    return f"{moments(row['first_ts'], row['last_ts'])}  {subject(row)}: {row['kind']}", (said(row), _around(row))


def subject(row: Row) -> str:
    """Return who is silent."""
    if row["kind"] == "collector gap":
        return "everything"
    return " ".join(filter(None, (row["service"] or "(no service)", row["instance"])))


def said(row: Row) -> str:
    """Say in a sentence what the silence is."""
    silent = duration(row["silent_ms"])
    if row["kind"] == "restart":
        if row["restarts"] == 1:
            return f"Started anew after {silent} down."
        return f"Started {row['restarts']:,} times, {silent} down in all."
    if row["kind"] == "heartbeat missing":
        missed = counted(row["beats_missed"], "beat")
        over = "" if row["is_over"] else " to the end of the data"
        return f"{row['name']!r} came every {duration(row['period_ms'])}; {missed} did not, for {silent}{over}."
    over = "." if row["is_over"] else ", and still at the end of the data."
    told = f"Nothing for {silent}, where {amount('', row['expected'])} would be usual{over}"
    return f"{told} It was started anew." if row["restarted"] else told


def _around(row: Row) -> str | None:
    told = []
    if row["calling_ratio"] is not None:
        told.append(f"the demand for it was {percent(row['calling_ratio'])} of the usual")
    if row["others_ratio"] is not None and row["kind"] != "collector gap":
        told.append(
            f"{percent(row['others_ratio'])} of the other services were silent too"
            if row["others_ratio"]
            else "no other service was silent"
        )
    return "Meanwhile " + ", and ".join(told) + "." if told else None
