"""The spans of one trace as a tree, with its log records between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loglens.analysis import Row

BACKWARDS = "ends before it starts"
# What is said of a span whose place is not what its parent id says.
NOTES = {
    "cycle": "in a cycle of parents",
    "duplicate": "the same record a second time",
    "attached": "parent not in the data; only this caller encloses it",
    "too deep": "deeper than 200 spans",
    "oversized": "one of more than 100,000 spans with this trace id",
}


@dataclass
class Node:
    """One span or log record in the tree."""

    row: Row
    children: list[Node] = field(default_factory=list)
    parent: Node | None = None

    @property
    def is_orphan(self) -> bool:
        """Whether it names a parent that is not in the data."""
        return bool(self.row["parent_state"] == "missing")

    @property
    def note(self) -> str | None:
        """What is odd about it."""
        found = NOTES.get(self.row["parent_state"] or "")
        return BACKWARDS if found is None and (self.row["duration_ns"] or 0) < 0 else found

    @property
    def start_ns(self) -> int | None:
        """When it starts, by a clock that agrees with the other spans."""
        start: int | None = self.row["start_ts"]
        return None if start is None else start + (self.row["skew_ns"] or 0)

    @property
    def end_ns(self) -> int | None:
        """When it ends; null for a log record and where the duration is unknown or negative."""
        duration = self.row["duration_ns"]
        if self.start_ns is None or duration is None or duration < 0 or self.row["record"] == "log":
            return None
        return self.start_ns + int(duration)

    @property
    def order(self) -> tuple[bool, int, bool, int, int, int, int]:
        """Sorts brothers: by start, longer first, spans before log records, then as they stand in the sources."""
        start, row = self.start_ns, self.row
        place = (row["source_id"], row["line"], row["ordinal"])
        return (start is None, start or 0, row["record"] == "log", -(row["duration_ns"] or 0), *place)

    def outside_ns(self) -> int | None:
        """Return how far it reaches outside its parent, or None where it does not."""
        start, end = self.start_ns, self.end_ns
        if self.parent is None or start is None or end is None:
            return None
        parent_start, parent_end = self.parent.start_ns, self.parent.end_ns
        if parent_start is None or parent_end is None:
            return None
        outside = max(parent_start - start, end - parent_end)
        return outside if outside > 0 else None


def tree_rows(records: Sequence[Row], *, critical: bool = False) -> list[Row]:
    """Return the spans and log records of one trace in the order of their tree, each with its place and times.

    Spans stand where `span_tree` has them; those whose parent is not in the data follow, marked as orphans. A log
    record hangs under its span, or under the only root. Nothing is left out. With `critical` spans on the critical
    path say what part of it is theirs.
    """
    tops = _grow(records)
    starts = [node.start_ns for node, _ in _walk(tops) if node.start_ns is not None and node.row["record"] == "span"]
    starts = starts or [row["start_ts"] for row in records if row["start_ts"] is not None]
    zero = min(starts, default=0)
    return [_placed(node, depth, zero, critical) for node, depth in _walk(tops)]


def _grow(records: Sequence[Row]) -> list[Node]:
    spans = sorted((Node(row) for row in records if row["record"] == "span"), key=lambda node: node.order)
    by_node = {node.row["node"]: node for node in spans}
    tops: list[Node] = []
    for node in spans:
        node.parent = by_node.get(node.row["parent"])
        (tops if node.parent is None else node.parent.children).append(node)
    _hang_logs([Node(row) for row in records if row["record"] == "log"], spans, tops)
    for node, _ in _walk(tops):
        node.children.sort(key=lambda child: child.order)
    # Whole trees, then what has no place, then what has lost it.
    return sorted(tops, key=lambda node: (node.is_orphan, node.row["parent_state"] != "root"))


def _hang_logs(logs: Sequence[Node], spans: Sequence[Node], tops: list[Node]) -> None:
    by_id: dict[str, list[Node]] = {}
    for node in spans:
        by_id.setdefault(node.row["span_id"], []).append(node)
    roots = [top for top in tops if top.row["parent_state"] == "root"]
    fallback = roots[0] if len(roots) == 1 else None
    for node in sorted(logs, key=lambda each: each.order):
        owner = _owner(node, by_id) or fallback
        (tops if owner is None else owner.children).append(node)


def _owner(log: Node, by_id: Mapping[str, list[Node]]) -> Node | None:
    """Return the span of a record: that of its service where several share an id, the callee rather than the caller."""
    found = by_id.get(log.row["span_id"] or "", [])
    own = [node for node in found if node.row["service"] == log.row["service"]]
    return max(own or found, key=lambda node: node.row["kind"] in {"SERVER", "CONSUMER"}, default=None)


def _walk(tops: Sequence[Node]) -> Iterator[tuple[Node, int]]:
    waiting = [(node, 0) for node in reversed(tops)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((child, depth + 1) for child in reversed(node.children))


def _placed(node: Node, depth: int, zero: int, critical: bool) -> Row:
    row = node.row
    is_timed = row["duration_ns"] is not None and row["duration_ns"] >= 0
    return row | {
        "depth": depth,
        "offset_ms": _ms(None if node.start_ns is None else node.start_ns - zero),
        "duration_ms": _ms(row["duration_ns"]),
        "self_ms": _ms(row["self_ns"] if is_timed else None),
        "critical_ms": _ms(row["critical_ns"] if critical else None),
        "skew_ms": _ms(row["skew_ns"] or None),
        "is_orphan": node.is_orphan,
        "outside_ms": _ms(node.outside_ns()),
        "note": node.note,
    }


def _ms(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e6
