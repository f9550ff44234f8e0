"""The waterfall of one trace, drawn for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loglens.analysis import Row
from loglens.columns import Column, time_text
from loglens.text import cut, display_width, visible

# Spans that reach this little outside their parent are the rounding of a clock, not a finding.
_TOLERATED_MS = 1.0
# Columns of the terminal a tree may take before deeper levels are only numbered.
_DEEPEST = 12
# Columns of a line that are neither tree nor bar: three numbers, the status, and what is between them.
_FIXED = 32
_TIME = Column("start_ts", "TIMESTAMP_NS")


def draw(rows: Sequence[Row], width: int) -> str:
    """Return the rows of one trace as a waterfall of at most `width` columns, each line ended."""
    spans = [row for row in rows if row["record"] == "span"]
    scale = _Scale.of(spans, width)
    lines = [f"trace {visible(rows[0]['trace_id'])}", _summary(rows, spans, scale), ""]
    lines += [scale.header()] if spans else []
    orphans_named = False
    for row, branches in zip(rows, _branches([row["depth"] for row in rows]), strict=True):
        if row["is_orphan"] and not orphans_named:
            lines.append("parent not in the data:")
            orphans_named = True
        lines.append(scale.span_line(row, branches) if row["record"] == "span" else _log_line(row, branches, width))
    if any(_is_outside(row) for row in spans):
        lines += ["", "~ reaches outside its parent: the clocks differ, or it went on after the answer"]
    return "".join(f"{cut(line, width, at_end=True).rstrip()}\n" for line in lines)


@dataclass(frozen=True)
class _Scale:
    """How wide the parts of a line are, and the stretch of time the bars stand for."""

    left: int
    bar: int
    first_ms: float
    total_ms: float

    @classmethod
    def of(cls, spans: Sequence[Row], width: int) -> _Scale:
        begun = [row for row in spans if row["offset_ms"] is not None]
        first = min((row["offset_ms"] for row in begun), default=0.0)
        last = max((row["offset_ms"] + max(row["duration_ms"] or 0, 0) for row in begun), default=0.0)
        bar = max(8, (width - _FIXED) * 2 // 5)
        return cls(max(8, width - _FIXED - bar), bar, first, last - first)

    def header(self) -> str:
        return f"{'span':<{self.left}} {'start ms':>8} {'ms':>8} {'self':>7} {'':4}"

    def span_line(self, row: Row, branches: str) -> str:
        name = f"{row['service'] or '?'}: {row['name'] or '?'}"
        note = f" ({row['note']})" if row["note"] else ""
        left = cut(branches + visible(name) + note, self.left)
        padding = " " * (self.left - display_width(left))
        numbers = f"{_number(row['offset_ms']):>8} {_number(row['duration_ms']):>8} {_number(row['self_ms']):>7}"
        mark = "~" if _is_outside(row) else " "
        return f"{left}{padding} {numbers} {_status(row):<4}{mark}{self.bar_of(row)}"

    def bar_of(self, row: Row) -> str:
        offset, duration = row["offset_ms"], row["duration_ms"]
        if offset is None or duration is None or duration < 0:
            return ""
        cells = self.bar / self.total_ms if self.total_ms else 0
        start = min(int((offset - self.first_ms) * cells), self.bar - 1)
        end = min(round((offset - self.first_ms + duration) * cells), self.bar)
        return " " * start + ("█" * (end - start) or "▏")


def _summary(rows: Sequence[Row], spans: Sequence[Row], scale: _Scale) -> str:
    begun = min((row["start_ts"] for row in rows if row["start_ts"] is not None), default=None)
    counts = [
        (len(spans), "span"),
        (len(rows) - len(spans), "log record"),
        (len({row["service"] for row in rows}), "service"),
    ]
    parts = [] if begun is None else [time_text(_TIME, begun)]
    parts += [f"{_number(scale.total_ms)} ms"] if spans else []
    parts += [f"{count:,} {name}{'' if count == 1 else 's'}" for count, name in counts if count]
    errors = sum(row["status"] == "ERROR" for row in spans)
    return ", ".join([*parts, *([f"{errors:,} failed"] if errors else [])])


def _log_line(row: Row, branches: str, width: int) -> str:
    offset = "" if row["offset_ms"] is None else f"{_number(row['offset_ms'])} ms "
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


def _number(value: float | None) -> str:
    if value is None:
        return ""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{digits}f}"


def _branches(depths: Sequence[int]) -> list[str]:
    """Return the lines of the tree before each row, from the depths of the rows in their order."""
    more: list[bool] = []
    drawn = []
    for depth in reversed(depths):
        more.extend([False] * (depth + 1 - len(more)))
        if depth == 0:
            drawn.append("")
        elif depth > _DEEPEST:
            drawn.append(f"{'  ' * _DEEPEST}…{depth} ")
        else:
            before = "".join("│ " if more[level] else "  " for level in range(1, depth))
            drawn.append(before + ("├ " if more[depth] else "└ "))
        more[depth] = True
        del more[depth + 1 :]
    return drawn[::-1]
