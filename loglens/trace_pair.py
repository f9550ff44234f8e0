"""Two traces side by side: spans that stand at the same place of the tree, how often and how long in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loglens.analysis import Row, Value
from loglens.text import cut, display_width, visible
from loglens.tree_lines import branches
from loglens.waterfall import number
from loglens.wording import counted, moment, percent

_SIDES = ("a", "b")
# A place is alike where its share of the critical paths differs by less than this part of the longer trace.
_ALIKE = 0.01
_RANKED = 3
# So many characters of a trace id are enough to ask for it again.
_ID = 8
_WIDTHS = {"calls": 8, "a_ms": 8, "b_ms": 8, "added_critical_ms": 9}
_HEADS = ("calls", "A ms", "B ms", "path B-A")


@dataclass
class _Place:
    """All spans of one component below the same components, in both traces."""

    component: str
    depth: int
    stack: str
    first_ns: int | None = None
    spans: dict[str, list[Row]] = field(default_factory=lambda: {side: [] for side in _SIDES})
    below: dict[str, _Place] = field(default_factory=dict)


def pair_rows(spans: Sequence[Row], values: Mapping[str, Value]) -> list[Row]:
    """Return the places of two traces in the order of their tree, siblings by when they first ran."""
    tops: dict[str, _Place] = {}
    for side in _SIDES:
        _add([row for row in spans if row["side"] == side], side, tops)
    ids = {f"{side}_trace_id": values[f"found_{side}"] for side in _SIDES}
    return [_row(place) | ids for place in _walk(tops)]


def _add(spans: Sequence[Row], side: str, tops: dict[str, _Place]) -> None:
    children: dict[int | None, list[Row]] = {}
    nodes = {row["node"] for row in spans}
    for row in spans:
        children.setdefault(row["parent"] if row["parent"] in nodes else None, []).append(row)
    starts = [row["begin_ns"] for row in spans if row["begin_ns"] is not None]
    zero = min(starts, default=0)
    waiting = [(row, tops, 0, "") for row in children.get(None, ())]
    while waiting:
        row, level, depth, above = waiting.pop()
        place = level.setdefault(row["component"], _Place(row["component"], depth, above + row["component"]))
        place.spans[side].append(row)
        if row["begin_ns"] is not None:
            offset = row["begin_ns"] - zero
            place.first_ns = offset if place.first_ns is None else min(place.first_ns, offset)
        waiting += [(child, place.below, depth + 1, f"{place.stack};") for child in children.get(row["node"], ())]


def _walk(level: Mapping[str, _Place]) -> Iterator[_Place]:
    waiting = _ordered(level)
    while waiting:
        place = waiting.pop()
        yield place
        waiting += _ordered(place.below)


def _ordered(level: Mapping[str, _Place]) -> list[_Place]:
    """Return places, those that ran first last."""
    return sorted(
        level.values(),
        key=lambda place: (place.first_ns is None, place.first_ns or 0, place.component),
        reverse=True,
    )


def _row(place: _Place) -> Row:
    row: Row = {"depth": place.depth, "component": place.component, "stack": place.stack}
    for side in _SIDES:
        spans = place.spans[side]
        row |= {
            f"{side}_calls": len(spans),
            f"{side}_errors": sum(bool(span["is_error"]) for span in spans),
            f"{side}_ms": sum(max(span["duration_ns"] or 0, 0) for span in spans) / 1e6,
            f"{side}_critical_ms": sum(span["critical_ns"] or 0 for span in spans) / 1e6,
            f"{side}_start_ts": min((span["start_ns"] for span in spans if span["start_ns"] is not None), default=None),
        }
    return row | {"added_critical_ms": row["b_critical_ms"] - row["a_critical_ms"]}


def draw(rows: Sequence[Row], width: int, count: int | None = None) -> str:
    """Return two traces as one tree of at most `width` columns: what is in both, and what each place adds to B.

    Only the first `count` places get a line, where that is not None; what is told is of all.
    """
    part = rows[:count]
    longer = max(sum(row[f"{side}_critical_ms"] for row in rows) for side in _SIDES)
    shown = _different(part, longer * _ALIKE)
    left = max(12, width - sum(_WIDTHS.values()) - len(_WIDTHS))
    lines = [*(_heading(rows, side) for side in _SIDES), "", _line("span", _HEADS, left)]
    for row, (branch, _) in zip(shown, branches([row["depth"] for row in shown], max(left // 4, 2)), strict=True):
        name = branch + cut(visible(row["component"] or "?"), left - display_width(branch))
        lines.append(_line(name, _numbers(row), left))
    if len(shown) < len(part):
        lines.append(f"and {counted(len(part) - len(shown), 'place')} where they are alike")
    lines += ["", *_told(rows)]
    return "".join(f"{cut(line, width, at_end=True).rstrip()}\n" for line in lines)


def _different(rows: Sequence[Row], tolerated_ms: float) -> list[Row]:
    """Return the rows in which the traces differ, and those above them; all where none does."""
    kept: list[Row] = []
    needed = -1
    for row in reversed(rows):
        is_other = row["a_calls"] != row["b_calls"] or row["a_errors"] != row["b_errors"]
        if is_other or abs(row["added_critical_ms"]) > tolerated_ms or row["depth"] == needed:
            kept.append(row)
            needed = row["depth"] - 1
        elif row["depth"] < needed:
            needed = -1
    return kept[::-1] or list(rows)


def _numbers(row: Row) -> tuple[str, ...]:
    calls = f"{row['a_calls']:,}" if row["a_calls"] == row["b_calls"] else f"{row['a_calls']:,}→{row['b_calls']:,}"
    mark = "!" if row["a_errors"] or row["b_errors"] else ""
    sides = (number(row[f"{side}_ms"]) if row[f"{side}_calls"] else "" for side in _SIDES)
    added = row["added_critical_ms"]
    return (calls + mark, *sides, ("+" if added > 0 else "") + number(added) if added else "")


def _line(name: str, numbers: Sequence[str], left: int) -> str:
    padding = " " * (left - display_width(name))
    return name + padding + "".join(f" {text:>{width}}" for text, width in zip(numbers, _WIDTHS.values(), strict=True))


def _heading(rows: Sequence[Row], side: str) -> str:
    starts = [row[f"{side}_start_ts"] for row in rows if row[f"{side}_start_ts"] is not None]
    whole = sum(row[f"{side}_critical_ms"] for row in rows)
    errors = sum(row[f"{side}_errors"] for row in rows)
    parts = [
        f"{number(whole)} ms",
        counted(sum(row[f"{side}_calls"] for row in rows), "span"),
        *([f"{errors:,} failed"] if errors else []),
        *([moment(min(starts))] if starts else []),
    ]
    return f"{side.upper()}  trace {visible(rows[0][f'{side}_trace_id'])[:_ID]}  {', '.join(parts)}"


def _told(rows: Sequence[Row]) -> Iterator[str]:
    added = sum(row["added_critical_ms"] for row in rows)
    if not added:
        yield "Both take the same time."
        return
    by_component: dict[str, float] = {}
    for row in rows:
        name = row["component"] or "?"
        by_component[name] = by_component.get(name, 0.0) + row["added_critical_ms"]
    ranked = sorted(by_component.items(), key=lambda each: -each[1] / added)[:_RANKED]
    listed = ", ".join(f"{visible(name)} {percent(ms / added)}" for name, ms in ranked if ms / added >= _ALIKE)
    yield f"B takes {number(abs(added))} ms {'more' if added > 0 else 'less'}: {listed}"
