"""One log template drawn for a terminal: what it says, when it was logged, its values, and its last records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from loglens.analysis import Row
from loglens.paragraph import LONGEST, wrapped
from loglens.text import cut, display_width, visible
from loglens.wording import counted, moment, moments, percent

_INDENT = "  "
_SHOWN = 10
# Values named of each place.
_NAMED = 3


def draw(rows: Sequence[Row], width: int, names: Sequence[str]) -> str:
    """Return the records of a template in lines of at most `width` columns, each line ended.

    `names` are the columns of its values.
    """
    if not rows:
        return "None of its records are in question.\n"
    blocks = [_head(rows[0], width), _values(rows, names), _records(rows, names)]
    return "\n".join(
        "".join(f"{cut(line, width, at_end=True)}\n" for line in block) for block in map(list, blocks) if block
    )


def _head(row: Row, width: int) -> Iterator[str]:
    yield from wrapped(visible(row["template"]), min(width, LONGEST))
    yield from (visible(frame) for frame in (row["frames"] or "").splitlines())
    when = "" if row["first_ts"] is None else f", {moments(row['first_ts'], row['last_ts'])}  {row['trend']}"
    yield f"{row['template_id']}: {counted(row['records'], 'record')}{when}"


def _values(rows: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    if names and len(rows) < rows[0]["records"]:
        yield f"Values of the last {counted(len(rows), 'record')}:"
    widest = max(map(len, names), default=0)
    for name in names:
        found = Counter(row[name] for row in rows if row[name] is not None)
        most = [f"{cut(visible(value), 40)} {percent(count / len(rows))}" for value, count in found.most_common(_NAMED)]
        more = ", …" if len(found) > _NAMED else ""
        yield f"{name:<{widest + 3}}{len(found):>7,} different   {', '.join(most)}{more}"


def _records(rows: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    yield "The last records:" if len(rows) > 1 else "Its record:"
    shown = rows[:_SHOWN]
    table = [_cells(row, names) for row in shown]
    if names:
        table.insert(0, ["", "", "", *names])
    widths = [max(display_width(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        cells = (cell + " " * (room - display_width(cell)) for cell, room in zip(row, widths, strict=True))
        yield f"{_INDENT}{'  '.join(cells).rstrip()}"
    if len(rows) > _SHOWN or rows[0]["records"] > len(rows):
        yield f"{_INDENT}… and {rows[0]['records'] - len(shown):,} more"
    traced = next((row["trace_id"] for row in rows if row["trace_id"]), None)
    if traced:
        yield f"Trace   loglens trace {visible(traced)}"


def _cells(row: Row, names: Sequence[str]) -> list[str]:
    when = "" if row["ts"] is None else moment(row["ts"]).removesuffix(" UTC")
    told = [cut(visible(row[name] or ""), 24) for name in names] or [visible(row["message"] or "")]
    return [when, visible(row["level"] or ""), visible(row["service"] or ""), *told]
