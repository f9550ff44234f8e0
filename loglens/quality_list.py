"""What is wrong with traces, drawn for a terminal: how much of it, and what nobody can see because of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loglens.analysis import Row
from loglens.paragraph import LONGEST, wrapped
from loglens.text import visible
from loglens.wording import counted, percent

# Services with one problem are named up to this many, then counted.
_NAMED = 5
_INDENT = "  "
# What each problem blinds, what blinds most first.
BLINDS = {
    "no request spans": "It has no row in slow, why and critical-path, and no N+1 is looked for: nothing says where a"
    " request begins.",
    "records without spans": "Traces have a hole here: its time counts as that of its callers.",
    "missing parents": "Traces fall apart here: what they cost is missing in the critical paths of their callers.",
    "calls whose other side is missing": "Traces end at these calls: the callee is a trace of its own, or unknown, and"
    " its time that of the call.",
    "no place in their trace": "They take no part in self times and critical paths.",
    "times that cannot be used": "They count as spans, but in no duration.",
    "clocks that differ": "Times between services are estimates: no gap smaller than the correction means anything.",
    "calls at another time than their caller": "More than clocks can differ by: their time is in no critical path of a"
    " caller.",
    "requests at a limit of spans": "The rest of these requests was not recorded: counts of calls are lower bounds.",
    "statements cut off": "Statements that differ only at their end count as one; N+1 and slow queries name a"
    " beginning.",
    "attributes, events or links left out": "A route, a statement or an exception may be missing where none is shown.",
    "sampled": "Numbers of requests and rates are those of the sample. Where slow or failed traces are kept rather than"
    " others, so are shares and quantiles.",
    "old attribute names": "Nothing in the columns, where they have their present names; own statements over attributes"
    " need both.",
}


def judged(rows: Sequence[Row]) -> list[Row]:
    """Return the problems with what they blind, what blinds most first."""
    order = list(BLINDS)
    return [
        {**row, "blinds": BLINDS[row["problem"]]} for row in sorted(rows, key=lambda row: order.index(row["problem"]))
    ]


def draw(rows: Sequence[Row], width: int) -> str:
    """Return the problems as paragraphs of at most `width` columns, each with the services that have it."""
    room = min(width, LONGEST)
    if not rows:
        return "Nothing is wrong with the traces.\n"
    problems = dict.fromkeys(row["problem"] for row in rows)
    return "\n".join(
        "".join(f"{line}\n" for line in _problem([row for row in rows if row["problem"] == problem], room))
        for problem in problems
    )


def _problem(rows: Sequence[Row], width: int) -> Iterator[str]:
    yield rows[0]["problem"]
    yield from _indented(rows[0]["blinds"], 1, width)
    before = None
    for row in rows[:_NAMED]:
        noun = "log records" if row["problem"] == "records without spans" else "spans"
        share = f"{row['affected']:,} of {row['concerned']:,} {noun} ({percent(row['affected_ratio'])})"
        detail = f"; {visible(row['detail'])}" if row["detail"] not in (None, before) else ""
        before = row["detail"]
        seen = f"; e.g. loglens trace {visible(row['exemplar_trace_id'])[:8]}" if row["exemplar_trace_id"] else ""
        yield from _indented(f"{visible(row['service'] or '(no service)')}: {share}{detail}{seen}", 2, width)
    if len(rows) > _NAMED:
        more = rows[_NAMED:]
        affected = sum(row["affected"] for row in more)
        yield from _indented(f"and {counted(len(more), 'more service')} with {affected:,} in all", 2, width)


def _indented(text: str, level: int, width: int) -> Iterator[str]:
    for line in wrapped(text, width - len(_INDENT) * level):
        yield _INDENT * level + line
