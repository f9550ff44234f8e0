"""The part of a trace that shows where its time went, where the whole is too long to look at."""

from __future__ import annotations

from collections.abc import Sequence

from loglens import wording
from loglens.analysis import Row

# Siblings of one name in a row are shown up to this many, then counted.
_SHOWN_OF_A_RUN = 2


def excerpt(rows: Sequence[Row], most: int) -> list[Row]:
    """Return at most about `most` rows of a trace, in order, as `tree_rows` gives them.

    Leaves that follow one another under one parent with one name are counted after the first few; then those with the
    most time of their own stay, with all above them. What was left out is said in the note of the row before it.
    """
    kept = _collapsed(rows)
    if len(kept) <= most:
        return kept
    weights = sorted(range(len(kept)), key=lambda index: (-(kept[index]["self_ms"] or 0), index))
    chosen: set[int] = set()
    for index in weights:
        path = _path(kept, index)
        if len(chosen | path) > most:
            break
        chosen |= path
    return _noted(kept, chosen or _path(kept, weights[0]))


def _collapsed(rows: Sequence[Row]) -> list[Row]:
    kept: list[Row] = []
    index = 0
    while index < len(rows):
        run = _run(rows, index)
        shown = run if len(run) <= _SHOWN_OF_A_RUN + 1 else run[:_SHOWN_OF_A_RUN]
        kept += shown
        hidden = run[len(shown) :]
        if hidden:
            total = sum(row["duration_ms"] or 0 for row in hidden)
            kept[-1] = kept[-1] | {"note": f"{len(hidden):,} more like it, {wording.duration(total)} in all"}
        index += len(run)
    return kept


def _run(rows: Sequence[Row], start: int) -> Sequence[Row]:
    """Return the leaves from `start` on that have its name, service and depth."""
    end = start + 1
    while end < len(rows) and _kind(rows[end]) == _kind(rows[start]) and rows[end]["note"] is None:
        end += 1
    run = rows[start:end]
    # The last of them is a leaf only where nothing deeper follows.
    if end < len(rows) and rows[end]["depth"] > rows[start]["depth"]:
        run = run[:-1] or rows[start : start + 1]
    return run


def _kind(row: Row) -> tuple[object, ...]:
    return row["record"], row["depth"], row["service"], row["name"], row["peer"]


def _path(rows: Sequence[Row], index: int) -> set[int]:
    """Return the place of a row and those of all above it."""
    path, depth = {index}, rows[index]["depth"]
    for above in range(index - 1, -1, -1):
        if rows[above]["depth"] < depth:
            path.add(above)
            depth = rows[above]["depth"]
    return path


def _noted(rows: Sequence[Row], chosen: set[int]) -> list[Row]:
    kept: list[Row] = []
    left_out = 0
    for index, row in enumerate(rows):
        if index in chosen:
            kept.append(row)
            continue
        left_out += 1
    if left_out and kept:
        note = f"{left_out:,} more lines of less weight are left out"
        kept[-1] = kept[-1] | {"note": "; ".join(filter(None, (kept[-1]["note"], note)))}
    return kept
