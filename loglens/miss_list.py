"""The gates of a detector drawn for a terminal: what passed, what did not, and by how much."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

from loglens import wording
from loglens.analysis import Row
from loglens.paragraph import wrapped
from loglens.text import visible

_MARK = {True: "passed  ", False: "missed  "}
_INDENT = "  "


def draw(rows: Sequence[Row], width: int) -> str:
    """Return gates in lines of at most `width` columns, grouped by what the detector looked at."""
    groups = [list(group) for _, group in groupby(rows, key=lambda row: row["fingerprint"])]
    return "\n".join("".join(f"{line}\n" for line in _group(group, width)) for group in groups)


def _group(rows: Sequence[Row], width: int) -> Iterator[str]:
    first = rows[0]
    named = " ".join(visible(str(value)) for value in json.loads(first["looked_at"]).values() if value is not None)
    verdict = f"found, {first['fingerprint'][:8]}" if first["is_found"] else "no finding"
    yield from wrapped(f"{named}: {verdict}", width)
    for _, group in groupby(rows, key=lambda row: row["gate"]):
        conditions = list(group)
        is_passed = any(row["is_met"] for row in conditions)
        for number, row in enumerate(conditions):
            mark = "   or   " if number else _MARK[is_passed]
            head, *rest = wrapped(_condition(row), width - len(_INDENT + mark))
            yield _INDENT + mark + head
            yield from (_INDENT + " " * len(mark) + line for line in rest)


def _condition(row: Row) -> str:
    seen = "not known" if row["value"] is None else wording.amount(row["param"], row["value"])
    needed = "nothing set" if row["threshold"] is None else wording.amount(row["param"], row["threshold"])
    told = f"{visible(row['what'])}: {seen}, needs {row['rule']} {needed}"
    if row["missing"] is not None:
        lack = "too much" if row["rule"] == "at most" else "missing"
        told += f": {wording.amount(row['param'], row['missing'])} {lack}"
    return f"{told} ({row['param']})"
