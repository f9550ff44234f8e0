"""The answer of `why` drawn for a terminal: the verdict first, then the numbers behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loglens.analysis import Row
from loglens.explain.verdict import change, component_name
from loglens.explain.words import LOGGED, is_text
from loglens.paragraph import LONGEST, wrapped
from loglens.text import cut, display_width, visible
from loglens.wording import counted, duration, factor, percent

_INDENT = "  "
# Components are shown from this share of the extra time on, up to so many; the others are added up.
_SHOWN_RATIO = 0.01
_SHOWN = 6
# How a component differs is said from this share on.
_SAID_RATIO = 0.1
# A text in a table takes this many lines at most, and what else holds for the same requests so many.
_MOST_LINES = 3
_NUMBER = 9
# In less no text has room beside the numbers.
_LEAST_WIDTH = 60


def draw(rows: Sequence[Row], width: int) -> str:
    """Return the rows of an answer in lines of at most `width` columns, or 60, each line ended."""
    room = max(min(width, LONGEST), _LEAST_WIDTH)
    by_part: dict[str, list[Row]] = {}
    for row in rows:
        by_part.setdefault(row["part"], []).append(row)
    blocks = [
        _head(by_part, room),
        _split(by_part, room),
        _failures(by_part, room),
        _attributes(by_part, room),
        _traces(by_part, room),
        [line for row in by_part.get("note", []) for line in _wrapped(f"But: {row['note']}", room, "")],
    ]
    return "\n".join("".join(f"{line.rstrip()}\n" for line in block) for block in map(list, blocks) if block)


def _head(parts: dict[str, list[Row]], width: int) -> Iterator[str]:
    (requests,), (verdict,) = parts["requests"], parts["verdict"]
    named = " ".join(visible(part) for part in (requests["service"], requests["name"] or "every route") if part)
    right = f"  {requests['value']}"
    shown = cut(named, width - len(right))
    yield shown + " " * (width - len(right) - display_width(shown)) + right
    yield from _wrapped(verdict["note"], width)
    yield from _wrapped(requests["note"], width)


def _split(parts: dict[str, list[Row]], width: int) -> Iterator[str]:
    components = parts.get("component", [])
    if not components:
        return
    heads = ("slow", "typical", "extra", "share")
    yield _line("Where the time goes", heads, width)
    shown = [row for row in components if abs(row["extra_ratio"] or 0) >= _SHOWN_RATIO][:_SHOWN] or components[:1]
    for row in shown:
        yield from _table_row(f"{component_name(row)} ({row['value']})", _times(row), width)
        if len(components) > 1 and abs(row["extra_ratio"] or 0) >= _SAID_RATIO:
            yield from _wrapped(f"{change(row)}{_limits(row)}", width, _INDENT * 2)
    others = [row for row in components if row not in shown]
    if others:
        summed = {name: sum(row[name] or 0 for row in others) for name in _TIMES}
        yield _line(_INDENT + counted(len(others), "other"), _times(summed), width)
    kinds = [row for row in parts["kind"] if abs(row["extra_ratio"] or 0) >= _SHOWN_RATIO]
    if len(kinds) > 1:
        added = ", ".join(f"{row['value']} {_signed(row['extra_ms'])}" for row in kinds)
        yield from _wrapped(f"By kind: {added}.", width)


_TIMES = ("tail_ms", "body_ms", "extra_ms", "extra_ratio")


def _times(row: Row) -> tuple[str, ...]:
    ratio = "" if row["extra_ratio"] is None else _percent(row["extra_ratio"])
    return duration(row["tail_ms"]), duration(row["body_ms"]), _signed(row["extra_ms"]), ratio


def _limits(row: Row) -> str:
    if row["low_extra_ms"] is None:
        return ""
    return f"; {_signed(row['low_extra_ms'])} to {_signed(row['high_extra_ms'])} with 95 % confidence"


def _failures(parts: dict[str, list[Row]], width: int) -> Iterator[str]:
    failures = parts.get("failure", [])
    if not failures:
        return
    yield _line("Where they fail", ("failed", "others"), width)
    for row in failures:
        named = component_name(row) if row["name"] else row["service"] or "(no service)"
        where = LOGGED if row["name"] == LOGGED else named
        yield from _table_row(
            f"{where}: {row['value']}", (_percent(row["tail_ratio"]), _percent(row["body_ratio"])), width
        )
        if row["note"]:
            yield from _wrapped(row["note"], width, _INDENT * 2)


def _attributes(parts: dict[str, list[Row]], width: int) -> Iterator[str]:
    found = parts.get("attribute", [])
    if not found:
        return
    tail, body = ("failed", "others") if "failed" in parts["requests"][0]["value"] else ("slow", "typical")
    yield _line("What sets them apart", (tail, body, "risk", "p"), width)
    for row in found:
        numbers = (_percent(row["tail_ratio"]), _percent(row["body_ratio"]), _risk(row["risk"]), _chance(row["q"]))
        yield from _table_row(is_text(row["name"], row["value"]), numbers, width)
        if row["and_name"]:
            lines = _wrapped(f"and {is_text(row['and_name'], row['and_value'])}", width, _INDENT * 2)
            yield from _shortened(list(lines), width)
        if row["note"]:
            yield from _shortened(list(_wrapped(row["note"], width, _INDENT * 2)), width)


def _traces(parts: dict[str, list[Row]], width: int) -> Iterator[str]:
    (requests,) = parts["requests"]
    tail, _, body = requests["value"].partition(" against ")
    for word, name in ((tail, "tail_trace_id"), (body, "body_trace_id")):
        if requests[name]:
            yield cut(f"{word.capitalize():<12}loglens trace {visible(requests[name])}", width, at_end=True)


def _table_row(text: str, numbers: Sequence[str], width: int) -> Iterator[str]:
    """Yield a text with its numbers, and the rest of the text below, in the whole width."""
    shown = visible(text)
    first = wrapped(shown, width - len(_INDENT) - _NUMBER * len(numbers))[0]
    yield _line(_INDENT + first, numbers, width)
    yield from _shortened(list(_wrapped(shown[len(first) :].strip(), width, _INDENT * 2)), width)


def _shortened(lines: list[str], width: int) -> list[str]:
    if len(lines) <= _MOST_LINES:
        return lines
    return [*lines[: _MOST_LINES - 1], cut(f"{lines[_MOST_LINES - 1]} …", width, at_end=True)]


def _line(text: str, numbers: Sequence[str], width: int) -> str:
    room = width - _NUMBER * len(numbers)
    return text + " " * (room - display_width(text)) + "".join(f"{number:>{_NUMBER}}" for number in numbers)


def _wrapped(text: str, width: int, indent: str = _INDENT) -> Iterator[str]:
    return (indent + line for line in wrapped(visible(text), width - len(indent)))


def _signed(ms: float) -> str:
    return f"+{duration(ms)}" if ms > 0 else f"-{duration(-ms)}" if ms < 0 else duration(0)


def _percent(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"-{percent(-ratio)}" if ratio < 0 else percent(ratio)


def _risk(ratio: float) -> str:
    return factor(ratio).replace(" times", " x") if ratio < 1000 else "> 999 x"


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
