"""One error drawn for a terminal: where it began, its stack, what sets its requests apart, traces, and records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loglens.analysis import Row
from loglens.paragraph import wrapped
from loglens.text import cut, visible
from loglens.wording import counted, factor, moment, percent

_INDENT = "  "
_STACK_LINES = 30
# What came of requests.
_CAME = {
    "failed": "failed",
    "retried": "succeeded at a later attempt",
    "swallowed": "succeeded all the same",
    "unknown": "of which nothing tells what came of them",
}


def draw(rows: Sequence[Row], width: int, count: int | None = None) -> str:
    """Return the rows of an answer in lines of at most `width` columns, each line ended.

    Below the head, which is of all rows, stand only the first `count`, where that is not None.
    """
    parts = _by_part(rows[:count])
    blocks = [
        _head(_by_part(rows), width),
        _stack(parts),
        _attributes(parts, width),
        _traces(parts),
        _records("Logged in its last trace", parts.get("log", [])),
        _records("Logged by the same instance around it", parts.get("around", [])),
    ]
    return "\n".join(
        "".join(f"{cut(line, width, at_end=True)}\n" for line in block) for block in map(list, blocks) if block
    )


def _by_part(rows: Sequence[Row]) -> dict[str, list[Row]]:
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(row["part"], []).append(row)
    return parts


def _head(parts: dict[str, list[Row]], width: int) -> Iterator[str]:
    for row in parts.get("error", []):
        yield " ".join(visible(part) for part in (row["service"], row["name"]) if part)
        yield from (_INDENT + line for line in wrapped(visible(row["value"]), width - len(_INDENT)))
        told = (
            _places("Began in", parts, "operation"),
            _places("Seen from outside in", parts, "seen"),
            _came(row, parts),
        )
        for sentence in filter(None, told):
            yield from (_INDENT + line for line in wrapped(sentence, width - len(_INDENT)))


def _came(row: Row, parts: dict[str, list[Row]]) -> str:
    """Say how many requests had it, what came of them, and when the last was."""
    numbers = {each["name"]: each["requests"] for each in parts.get("outcome", [])}
    each_came = [f"{number:,} {_CAME[name]}" for name, number in numbers.items()]
    if len(numbers) == 1:
        each_came = [("all " if row["requests"] > 1 else "") + _CAME[name] for name in numbers if name != "unknown"]
    last = "" if row["seen_ts"] is None else f"; the last at {moment(row['seen_ts'])}"
    return ", ".join((counted(row["requests"], "request"), *each_came)) + f"{last}."


def _places(words: str, parts: dict[str, list[Row]], part: str) -> str | None:
    """Say where: in one place, or in several with how many requests each."""
    found = parts.get(part, [])
    error = parts["error"][0]
    names = [
        " ".join(
            visible(each)
            for each in (row["service"] if row["service"] != error["service"] else None, row["name"])
            if each
        )
        for row in found
    ]
    if len(found) > 1:
        names = [f"{name} ({row['requests']:,})" for name, row in zip(names, found, strict=True)]
    return f"{words} {', '.join(names)}." if names else None


def _stack(parts: dict[str, list[Row]]) -> Iterator[str]:
    for row in parts.get("stack", []):
        yield "Stack of the last"
        lines = row["value"].splitlines()
        yield from (_INDENT + visible(line.expandtabs(4)) for line in lines[:_STACK_LINES])
        if len(lines) > _STACK_LINES:
            yield f"{_INDENT}… and {len(lines) - _STACK_LINES} more lines; --format json has them"


def _attributes(parts: dict[str, list[Row]], width: int) -> Iterator[str]:
    found = parts.get("attribute", [])
    if found:
        is_of_route = any(row["name"] for row in parts.get("error", []))
        yield f"What sets its requests apart from others of the {'route' if is_of_route else 'service'}"
    for row in found:
        shares = f"{percent(row['ratio'])} of them, {percent(row['other_ratio'])} of the others, {factor(row['risk'])}"
        told = wrapped(f"{visible(row['name'])} = {visible(row['value'])}", width - 2 * len(_INDENT))
        yield f"{_INDENT}{shares}:"
        yield from (2 * _INDENT + line for line in told)


def _traces(parts: dict[str, list[Row]]) -> Iterator[str]:
    found = parts.get("trace", [])
    if found:
        yield "Traces, the last first"
    for row in found:
        when = "" if row["seen_ts"] is None else moment(row["seen_ts"]).removesuffix(" UTC")
        yield f"{_INDENT}{when}  {row['level'] or '':<9}  loglens trace {visible(row['trace_id'])}"


def _records(title: str, rows: Sequence[Row]) -> Iterator[str]:
    if rows:
        yield title
    for row in rows:
        when = "" if row["seen_ts"] is None else moment(row["seen_ts"]).removesuffix(" UTC").partition(" ")[2]
        told = (when, visible(row["level"] or ""), visible(row["service"] or ""), visible(row["value"] or ""))
        yield _INDENT + "  ".join(part for part in told if part)
