"""Bursts drawn for a terminal: when, where, how many instead of how many, where they began, what sets them apart."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.analysis import Row
from loglens.paragraph import Told, paragraphs
from loglens.wording import amount, counted, duration, factor, moments, percent

_NS_PER_MS = 10**6
# Beyond so many times, how many does not matter.
_MANY_TIMES = 100


def draw(rows: Sequence[Row], width: int) -> str:
    """Return the bursts as paragraphs of at most `width` columns."""
    return paragraphs(rows, width, _told)


def _told(row: Row) -> Told:
    head = f"{moments(row['first_ts'], row['last_ts'])}  {subject(row)}"
    return head, (much(row), onset(row), began(row), _changes(row), _apart(row), _open(row), _felt(row))


def subject(row: Row) -> str:
    """Return what a burst is of: the service, and the route, error, template or dependency; or the tenant."""
    service, kind = row["service"] or "(no service)", row["kind"]
    if kind == "tenant":
        return f"tenant {row['name']}"
    if kind == "dependency":
        return f"{service}, calls to {row['name']}"
    return " ".join(filter(None, (service, row["route"], row["name"])))


def much(row: Row) -> str:
    """Say how many errors there were, of how many requests, and how many would be usual."""
    told = f"{counted(row['errors'], 'error')} in {duration((row['last_ts'] - row['first_ts']) / _NS_PER_MS)}"
    # Where more fails than is asked, it is no share of the requests.
    if row["error_ratio"] is not None and row["errors"] <= row["requests"]:
        told += f", {percent(row['error_ratio'])} of {counted(row['requests'], 'request')}"
    usual = amount("", row["expected"])
    times = f" ({factor(row['times'])} as many)" if row["times"] < _MANY_TIMES else ""
    return f"{told}; {usual} would be usual{times}. {row['sigma']:.1f} sigma."


def onset(row: Row) -> str:
    """Say when it began, and whether it ended."""
    told = f"Began {moments(row['onset_low_ts'], row['onset_high_ts'])}"
    if row["change"] == "level shift":
        return f"{told}, and has come to stay: a level shift."
    return f"{told}, and is still on at the end of the data." if row["change"] == "still on" else f"{told}."


def began(row: Row) -> str | None:
    """Say what most of its errors are, where they began, and what became of them."""
    if row["error"] is None:
        return None
    where = (
        row["began"]
        if row["began_service"] == row["service"]
        else " ".join(filter(None, (row["began_service"], row["began"])))
    )
    new = ", never seen before" if row["is_new"] else ""
    told = f"Most are {row['error']}{new}" + (f", from {where}" if where else "")
    retried = f"; {percent(row['retried_ratio'])} succeeded at a later attempt" if row["retried_ratio"] else ""
    seen = "" if row["failed_ratio"] or retried else "; the requests succeeded all the same"
    return f"{told}{retried}{seen}."


def _changes(row: Row) -> str | None:
    return f"Shortly before: {row['changes']}." if row["changes"] else None


def _apart(row: Row) -> str | None:
    told = (row["apart"] or "").removeprefix(f"new: {row['error']}" if row["is_new"] else "").removeprefix("; ")
    return f"Set apart by {told}." if told else None


def _open(row: Row) -> str | None:
    return f"e.g. loglens trace {row['exemplar_trace_id'][:8]}" if row["exemplar_trace_id"] else None


def _felt(row: Row) -> str | None:
    # Where nothing tells of requests, nobody can be told to have made them.
    return None if row["requests"] is None else f"Who felt it: loglens impact --burst {row['burst_id'][:8]}"
