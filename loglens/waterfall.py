"""The waterfall of one trace, drawn for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loglens.analysis import Row
from loglens.columns import Column, time_text
from loglens.text import cut, display_width, visible
from loglens.tree_lines import branches
from loglens.wording import counted, percent

# Spans that reach this little outside their parent are the rounding of a clock, not a finding.
_TOLERATED_MS = 1.0
# The numbers of a line and their least widths; and the columns of the status, its mark and what is between.
_NUMBERS = {"offset_ms": 8, "duration_ms": 8, "self_ms": 7}
_BETWEEN = 9
_TIME = Column("start_ts", "TIMESTAMP_NS")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HTTP GET", "HTTP POST", "HTTP"}
# So many parts of the critical path, and clocks, are named below the drawing.
_RANKED = 3

# From when to when, in ms; and for rows by their identity, when the critical path runs through them.
Section = tuple[float, float]
Path = dict[int, list[Section]]


def draw(rows: Sequence[Row], width: int, part: Sequence[Row] | None = None) -> str:
    """Return the rows of one trace as a waterfall of at most `width` columns, each line ended.

    `part` are the rows that get a line, where not all do. Where rows say what of the critical path is theirs, the bars
    show where it runs.
    """
    shown = rows if part is None else part
    spans = [row for row in rows if row["record"] == "span"]
    scale = _Scale.of(spans, width)
    path = critical_sections(rows)
    lines = [f"trace {visible(rows[0]['trace_id'])}", _summary(rows, spans, scale), ""]
    lines += [scale.header(path)] if spans else []
    # Half of the room for names may go to branches; deeper levels are only numbered.
    lines_before = branches([row["depth"] for row in shown], max(scale.left // 4, 2))
    orphans_named = False
    for row, (branch, below) in zip(shown, lines_before, strict=True):
        if row["is_orphan"] and not orphans_named:
            lines.append("parent not in the data:")
            orphans_named = True
        lines.append(scale.span_line(row, branch, path) if row["record"] == "span" else _log_line(row, branch, width))
        if row["note"]:
            lines.append(f"{below}! {row['note']}")
    legend = [*_marks(spans), *_clocks(spans)]
    lines += ["", *legend] if legend else []
    return "".join(f"{cut(line, width, at_end=True).rstrip()}\n" for line in lines)


@dataclass(frozen=True)
class _Scale:
    """How wide the parts of a line are, and the stretch of time the bars stand for."""

    left: int
    numbers: tuple[int, ...]
    bar: int
    first_ms: float
    total_ms: float

    @classmethod
    def of(cls, spans: Sequence[Row], width: int) -> _Scale:
        begun = [row for row in spans if row["offset_ms"] is not None]
        first = min((row["offset_ms"] for row in begun), default=0.0)
        last = max((row["offset_ms"] + max(row["duration_ms"] or 0, 0) for row in begun), default=0.0)
        numbers = tuple(max(least, *(len(number(row[name])) for row in spans), 0) for name, least in _NUMBERS.items())
        room = width - sum(numbers) - _BETWEEN
        bar = max(8, room * 2 // 5)
        return cls(max(8, room - bar), numbers, bar, first, last - first)

    def header(self, path: Path) -> str:
        return self._line("span", "", ("start ms", "ms", "path" if path else "self"), "")

    def span_line(self, row: Row, branch: str, path: Path) -> str:
        mark = "~" if _is_outside(row) else " "
        columns = ("offset_ms", "duration_ms", "critical_ms" if path else "self_ms")
        shown = [number(row[column]) for column in columns]
        bar = self.bar_of(row, path.get(id(row), []) if path else None)
        return self._line(_named(row), branch, shown, f"{_status(row):<4}{mark}{bar}")

    def _line(self, name: str, branch: str, numbers: Sequence[str], rest: str) -> str:
        left = branch + cut(name, self.left - display_width(branch))
        padding = " " * (self.left - display_width(left))
        aligned = " ".join(f"{number:>{width}}" for number, width in zip(numbers, self.numbers, strict=True))
        return f"{left}{padding} {aligned} {rest}"

    def bar_of(self, row: Row, sections: Sequence[Section] | None) -> str:
        offset, duration = row["offset_ms"], row["duration_ms"]
        if offset is None or duration is None or duration < 0:
            return ""
        start, end = self._cells(offset, offset + duration)
        if sections is None:
            return " " * start + ("█" * (end - start) or "▏")
        cells = ["░"] * (end - start) or ["▏"]
        for begin, finish in sections:
            first, last = self._cells(begin, finish)
            cells[first - start : max(last, first + 1) - start] = "█" * max(last - first, 1)
        return " " * start + "".join(cells)[: self.bar - start]

    def _cells(self, begin: float, end: float) -> tuple[int, int]:
        cells = self.bar / self.total_ms if self.total_ms else 0
        start = min(int((begin - self.first_ms) * cells), self.bar - 1)
        return start, max(start, min(round((end - self.first_ms) * cells), self.bar))


def critical_sections(rows: Sequence[Row]) -> Path:
    """Return, for each row on the critical path by its identity, when it is there itself and in none of its children.

    Rows are in the order of their tree; a row on the path is inside the nearest one above that is on it too.
    """
    found: Path = {}
    above: list[tuple[int, Section, Row]] = []
    for row in rows:
        if row["record"] == "log" or row["critical_ms"] is None:
            continue
        while above and above[-1][0] >= row["depth"]:
            above.pop()
        begin, end = row["offset_ms"], row["offset_ms"] + max(row["duration_ms"] or 0, 0)
        if above:
            (low, high), upper = above[-1][1:]
            begin, end = min(max(begin, low), high), max(min(end, high), low)
            found[id(upper)] = [
                part for section in found[id(upper)] for part in _without(section, (begin, end)) if part[0] < part[1]
            ]
        found[id(row)] = [(begin, end)] if begin < end else []
        above.append((row["depth"], (begin, end), row))
    return found


def _without(section: Section, taken: Section) -> list[Section]:
    (begin, end), (low, high) = section, taken
    return [section] if high <= begin or low >= end else [(begin, low), (high, end)]


def _named(row: Row) -> str:
    # Of an outgoing request the name is often no more than its method.
    called = f" {row['peer']}" if row["peer"] and str(row["name"]).upper() in _METHODS else ""
    return visible(f"{row['service'] or '?'}: {row['name'] or '?'}{called}")


def _marks(spans: Sequence[Row]) -> Iterator[str]:
    own: dict[str, float] = {}
    for row in spans:
        if row["critical_ms"]:
            own[_named(row)] = own.get(_named(row), 0.0) + row["critical_ms"]
    if own:
        ranked = sorted(own.items(), key=lambda each: -each[1])[:_RANKED]
        listed = ", ".join(f"{name} {percent(ms / sum(own.values()))}" for name, ms in ranked)
        yield "█ on the critical path, ░ beside it"
        yield f"critical path: {listed}"
    if any(_is_outside(row) for row in spans):
        yield "~ reaches outside its parent: the clocks differ, or it went on after the answer"


def _clocks(spans: Sequence[Row]) -> Iterator[str]:
    corrected = {(row["service"] or "?", row["skew_ms"]): None for row in spans if row["skew_ms"]}
    for service, skew_ms in list(corrected)[:_RANKED]:
        yield f"the clock of {visible(service)} is corrected by {'+' if skew_ms > 0 else ''}{number(skew_ms)} ms"
    if len(corrected) > _RANKED:
        yield f"and {counted(len(corrected) - _RANKED, 'more correction')}"


def _summary(rows: Sequence[Row], spans: Sequence[Row], scale: _Scale) -> str:
    begun = min((row["start_ts"] for row in rows if row["start_ts"] is not None), default=None)
    counts = [
        (len(spans), "span"),
        (len(rows) - len(spans), "log record"),
        (len({row["service"] for row in rows}), "service"),
    ]
    parts = [] if begun is None else [time_text(_TIME, begun)]
    parts += [f"{number(scale.total_ms)} ms"] if spans else []
    parts += [f"{count:,} {name}{'' if count == 1 else 's'}" for count, name in counts if count]
    errors = sum(row["status"] == "ERROR" for row in spans)
    return ", ".join([*parts, *([f"{errors:,} failed"] if errors else [])])


def _log_line(row: Row, branches: str, width: int) -> str:
    offset = "" if row["offset_ms"] is None else f"{number(row['offset_ms'])} ms "
    level = f"{visible(row['status'])} " if row["status"] else ""
    said = f"{branches}· {offset}{level}{visible(row['name'] or '')}"
    return cut(said, width, at_end=True)


def _status(row: Row) -> str:
    code = row["status_code"]
    if row["status"] == "ERROR":
        return "ERR" if code is None else f"{code}!"
    return "" if code is None else str(code)


def _is_outside(row: Row) -> bool:
    return (row["outside_ms"] or 0) > _TOLERATED_MS


def number(value: float | None) -> str:
    """Return a number with three digits, or all before the point; nothing for null."""
    if value is None:
        return ""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{digits}f}"
