"""The spans of one trace as a tree, with its log records between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loglens.analysis import Row

CYCLE = "in a cycle of parents"
SAME_ID = "same span id as another span"
BACKWARDS = "ends before it starts"


@dataclass
class Node:
    """One span or log record in the tree."""

    row: Row
    children: list[Node] = field(default_factory=list)
    parent: Node | None = None
    is_orphan: bool = False
    note: str | None = None

    @property
    def start_ns(self) -> int | None:
        """When it starts."""
        start: int | None = self.row["start_ts"]
        return start

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

    def self_ns(self) -> int | None:
        """Return its duration less the time in which at least one child span ran."""
        start, end = self.start_ns, self.end_ns
        if start is None or end is None:
            return None
        covered, reached = 0, start
        for child in self.children:
            child_start, child_end = child.start_ns, child.end_ns
            if child_start is None or child_end is None:
                continue
            begin, finish = max(child_start, reached), min(child_end, end)
            if finish > begin:
                covered += finish - begin
                reached = finish
        return end - start - covered

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


def tree_rows(records: Sequence[Row]) -> list[Row]:
    """Return the spans and log records of one trace in the order of their tree, each with its place and times.

    Spans whose parent is not among them follow the roots, marked as orphans; a cycle of parents is cut at its
    earliest span; a log record hangs under its span, or under the only root. Nothing is left out.
    """
    roots = _grow(records)
    starts = [node.start_ns for node, _ in _walk(roots) if node.start_ns is not None and node.row["record"] == "span"]
    starts = starts or [row["start_ts"] for row in records if row["start_ts"] is not None]
    zero = min(starts, default=0)
    return [_placed(node, depth, zero) for node, depth in _walk(roots)]


def _grow(records: Sequence[Row]) -> list[Node]:
    spans = sorted((Node(row) for row in records if row["record"] == "span"), key=lambda node: node.order)
    by_id = _by_id(spans)
    roots, orphans = [], []
    for node in spans:
        parent = _parent_of(node, by_id)
        if parent is not None:
            parent.children.append(node)
            node.parent = parent
        elif node.row["parent_span_id"] is None:
            roots.append(node)
        else:
            node.is_orphan = True
            orphans.append(node)
    tops = [*roots, *orphans]
    tops += _cut_cycles(spans, tops)
    _hang_logs([Node(row) for row in records if row["record"] == "log"], by_id, tops)
    for node, _ in _walk(tops):
        node.children.sort(key=lambda child: child.order)
        if node.note is None and (node.row["duration_ns"] or 0) < 0:
            node.note = BACKWARDS
    return tops


def _by_id(spans: Sequence[Node]) -> dict[str, list[Node]]:
    """Group spans by id, the one that children belong to last: the callee where caller and callee share an id."""
    by_id: dict[str, list[Node]] = {}
    for node in spans:
        by_id.setdefault(node.row["span_id"], []).append(node)
    for same in by_id.values():
        if len(same) > 1:
            same.sort(key=lambda node: node.row["kind"] in {"SERVER", "CONSUMER"})
            if not _is_shared(same):
                same.reverse()
                for node in same[:-1]:
                    node.note = SAME_ID
    return by_id


def _is_shared(same: Sequence[Node]) -> bool:
    kinds = [node.row["kind"] for node in same]
    return kinds in (["CLIENT", "SERVER"], ["PRODUCER", "CONSUMER"])


def _parent_of(node: Node, by_id: Mapping[str, list[Node]]) -> Node | None:
    own = by_id[node.row["span_id"]]
    if len(own) > 1 and _is_shared(own) and node is own[1]:
        return own[0]
    return _named(node.row["parent_span_id"], node.row["service"], by_id)


def _named(span_id: str | None, service: str | None, by_id: Mapping[str, list[Node]]) -> Node | None:
    """Return the span of an id, that of the same service where several share the id."""
    found = by_id.get(span_id or "", [])
    same_service = [node for node in found if node.row["service"] == service]
    return next(reversed(same_service or found), None)


def _cut_cycles(spans: Sequence[Node], tops: Sequence[Node]) -> list[Node]:
    """Make a root of the earliest span of every cycle, since no root leads there."""
    reached = {id(node) for node, _ in _walk(tops)}
    found = []
    for node in spans:
        if id(node) in reached:
            continue
        entry = _first_of_cycle(node)
        assert entry.parent is not None
        entry.parent.children.remove(entry)
        entry.parent, entry.note = None, CYCLE
        found.append(entry)
        reached |= {id(below) for below, _ in _walk([entry])}
    return found


def _first_of_cycle(node: Node) -> Node:
    seen: set[int] = set()
    while id(node) not in seen and node.parent is not None:
        seen.add(id(node))
        node = node.parent
    cycle, current = [node], node.parent
    while current is not None and current is not node:
        cycle.append(current)
        current = current.parent
    return min(cycle, key=lambda member: member.order)


def _hang_logs(logs: Sequence[Node], by_id: Mapping[str, list[Node]], tops: list[Node]) -> None:
    roots = [top for top in tops if not top.is_orphan]
    fallback = roots[0] if len(roots) == 1 else None
    for node in sorted(logs, key=lambda each: each.order):
        owner = _named(node.row["span_id"], node.row["service"], by_id) or fallback
        if owner is None:
            tops.append(node)
        else:
            owner.children.append(node)


def _walk(tops: Sequence[Node]) -> Iterator[tuple[Node, int]]:
    waiting = [(node, 0) for node in reversed(tops)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((child, depth + 1) for child in reversed(node.children))


def _placed(node: Node, depth: int, zero: int) -> Row:
    return node.row | {
        "depth": depth,
        "offset_ms": _ms(None if node.start_ns is None else node.start_ns - zero),
        "duration_ms": _ms(node.row["duration_ns"]),
        "self_ms": _ms(node.self_ns()),
        "is_orphan": node.is_orphan,
        "outside_ms": _ms(node.outside_ns()),
        "note": node.note,
    }


def _ms(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e6
