"""A trace as a tree of spans with its log records, and its drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from loglens.analysis import Row
from loglens.text import visible

_MS = 1e6


@dataclass
class Node:
    """A span or a log record in the tree; times in nanoseconds."""

    row: Row
    children: list[Node] = field(default_factory=list)
    parent: Node | None = None
    is_orphan: bool = False

    @property
    def start(self) -> int:
        """Start, or 0 where there is none."""
        return int(self.row["start_ns"] or 0)

    @property
    def end(self) -> int:
        """End; that of a log record is its time."""
        return self.start + max(int(self.row["duration_ns"] or 0), 0)


def arrange(rows: Sequence[Row]) -> list[Row]:
    """Return spans and log records of one trace in the order of their tree, with depth, offset and self time.

    Spans whose parent is not here come after the roots, marked as orphans; cycles are cut at their earliest span.
    """
    spans = [Node(row) for row in rows if row["record"] == "span"]
    by_id: dict[str, Node] = {}
    for node in spans:
        by_id.setdefault(node.row["span_id"], node)
    roots = _link(spans, by_id)
    for row in rows:
        if row["record"] == "log":
            owner = by_id.get(row["span_id"])
            (owner.children if owner else roots).append(Node(row, parent=owner))
    roots.sort(key=lambda node: (node.is_orphan, node.start))
    times = [node.start for node in roots if node.row["start_ns"] is not None]
    origin = min(times, default=0)
    return [_told(node, depth, origin) for root in roots for node, depth in _walk(root)]


def _link(spans: Sequence[Node], by_id: dict[str, Node]) -> list[Node]:
    roots = []
    for node in spans:
        wanted = node.row["parent_span_id"]
        parent = by_id.get(wanted) if wanted else None
        # A CLIENT and a SERVER span can share one id: the second of them belongs below the first.
        if parent is None and by_id[node.row["span_id"]] is not node:
            parent = by_id[node.row["span_id"]]
        if parent is None or _is_above(node, parent):
            node.is_orphan = bool(wanted)
            roots.append(node)
        else:
            node.parent = parent
            parent.children.append(node)
    return roots


def _is_above(node: Node, other: Node | None) -> bool:
    while other is not None:
        if other is node:
            return True
        other = other.parent
    return False


def _walk(root: Node) -> Iterator[tuple[Node, int]]:
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        ordered = sorted(node.children, key=lambda child: child.start, reverse=True)
        waiting += [(child, depth + 1) for child in ordered]


def self_ns(node: Node) -> int:
    """Return the duration of a span less the union of its children's, each clipped to the span."""
    covered, reached = 0, node.start
    for child in sorted(node.children, key=lambda child: child.start):
        start, end = max(child.start, reached), min(child.end, node.end)
        if end > start:
            covered += end - start
            reached = end
    return node.end - node.start - covered


def _told(node: Node, depth: int, origin: int) -> Row:
    row, parent = node.row, node.parent
    is_span = row["record"] == "span"
    skewed = is_span and parent is not None and (node.start < parent.start or node.start > parent.end)
    has_time = row["start_ns"] is not None
    return {
        "record": row["record"],
        "depth": depth,
        "offset_ms": (node.start - origin) / _MS if has_time else None,
        "duration_ms": row["duration_ns"] / _MS if row["duration_ns"] is not None else None,
        "self_ms": self_ns(node) / _MS if is_span and row["duration_ns"] is not None else None,
        "service": row["service"],
        "name": row["name"],
        "status": row["status"],
        "kind": row["kind"],
        "is_orphan": node.is_orphan,
        "is_skewed": skewed,
        "span_id": row["span_id"],
        "parent_span_id": row["parent_span_id"],
    }


def draw(rows: Sequence[Row], width: int) -> str:
    """Draw an arranged trace in a number of columns: the tree, when each span ran, how long, and how much by itself."""
    spans = [row for row in rows if row["record"] == "span"]
    length = max(((row["offset_ms"] or 0) + max(row["duration_ms"] or 0, 0) for row in spans), default=0.0)
    services = len({row["service"] for row in rows})
    errors = sum(row["status"] == "ERROR" for row in spans)
    lines = [f"{len(spans):,} spans of {services} services in {_ms(length)} ms, {errors:,} failed"]
    bar = max(width // 4, 10)
    room = width - bar - 22
    lines.append(f"{'span':<{room}} {'':<{bar}} {'ms':>9} {'self ms':>9}")
    seen_orphan = False
    for row in rows:
        if row["is_orphan"] and not seen_orphan:
            seen_orphan = True
            lines.append("── spans whose parent is not here ──")
        lines.append(_line(row, room, bar, length).rstrip())
    return "\n".join(lines) + "\n"


def _line(row: Row, room: int, bar: int, length: float) -> str:
    indent = "  " * min(row["depth"], max(room // 4, 1))
    if row["record"] == "log":
        at = "" if row["offset_ms"] is None else f" at {_ms(row['offset_ms'])} ms"
        return _cut(f"{indent}· {row['status'] or ''} {visible(str(row['name'] or ''))}", room + bar) + at
    marks = "".join((" ✗" if row["status"] == "ERROR" else "", " (outside its parent)" if row["is_skewed"] else ""))
    label = f"{indent}{visible(str(row['service'] or '?'))} {visible(str(row['name'] or ''))}"
    named = _cut(label, room - len(marks)) + marks
    own = "" if row["self_ms"] is None else _ms(row["self_ms"])
    took = "" if row["duration_ms"] is None else _ms(row["duration_ms"])
    return f"{named:<{room}} {_bar(row, bar, length)} {took:>9} {own:>9}"


def _bar(row: Row, width: int, length: float) -> str:
    if not length or row["offset_ms"] is None:
        return " " * width
    start = min(int(max(row["offset_ms"], 0) / length * width), width - 1)
    size = max(1, round(max(row["duration_ms"] or 0, 0) / length * width))
    return f"{' ' * start}{'█' * min(size, width - start)}".ljust(width)


def _cut(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    return text[: max(room - 1, 0)] + "…"


def _ms(value: float) -> str:
    return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"
