"""The structure of a trace by brute force: one span at a time, time by points, straight from the definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]
# A millisecond, in the units of `start` and `duration`.
TOLERATED = 5


@dataclass(eq=False)
class Node:
    """One span, as the oracle sees it."""

    row: Row
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    state: str = ""
    is_async: bool = False
    begin: int | None = None
    finish: int | None = None
    waiting: Node | None = None
    path: Node | None = None
    on_path: int | None = None
    own: int | None = None
    depth: int = 0
    root: Node | None = None
    invocation: Node | None = None

    @property
    def start(self) -> int | None:
        """As recorded."""
        start: int | None = self.row["start"]
        return start

    @property
    def end(self) -> int | None:
        """As recorded; a span that ends before it starts has no length."""
        return None if self.start is None else self.start + max(self.row["duration"] or 0, 0)

    @property
    def is_entry(self) -> bool:
        """Whether it heads an invocation."""
        if self.state == "cycle":
            return False
        return (
            self.parent is None
            or self.row["kind"] in {"SERVER", "CONSUMER"}
            or self.row["service"] != self.parent.row["service"]
        )


def structure(rows: Sequence[Row], rank: Mapping[str, int]) -> list[Node]:
    """Return the nodes of one trace of spans with ids of their own, in the order of the rows.

    `rank` orders spans that cannot be told apart by their times.
    """
    nodes = [Node(row) for row in rows]
    by_id = {node.row["span_id"]: node for node in nodes}
    for node in nodes:
        node.parent = by_id.get(node.row["parent_span_id"] or "")
        if node.parent is not None:
            node.parent.children.append(node)
    tops = [node for node in nodes if node.parent is None]
    for top in tops:
        top.state = "root" if top.row["parent_span_id"] is None else "missing"
        top.begin, top.finish = top.start, top.end
        _descend(top)
    for node in nodes:
        if not node.state:
            node.state, node.parent, node.root, node.invocation = "cycle", None, node, node
    for node in nodes:
        if node.state != "cycle" and node.start is not None:
            node.own = _alone(node, nodes)
    for node in nodes:
        if node.state != "cycle" and node.start is not None and node.path is None:
            _walk(node, node, nodes, rank)
    return nodes


def _descend(top: Node) -> None:
    top.root = top.root or top
    top.invocation = top if top.is_entry or top.parent is None else top.parent.invocation
    for child in top.children:
        child.state = "remote" if child.row["service"] != top.row["service"] else "local"
        child.depth, child.root = top.depth + 1, top.root
        child.is_async = _is_async(top, child)
        child.begin, child.finish = child.start, child.end
        if not child.is_async:
            child.waiting = top if top.start is not None else top.waiting
            child.begin, child.finish = _cut(child.start, top), _cut(child.end, top)
            if child.start is None:
                child.begin, child.finish = top.begin, top.finish
        _descend(child)


def _cut(moment: int | None, upper: Node) -> int | None:
    if moment is None or upper.begin is None or upper.finish is None:
        return moment
    return min(max(moment, upper.begin), upper.finish)


def _is_async(upper: Node, child: Node) -> bool:
    kinds = (upper.row["kind"], child.row["kind"])
    if kinds == ("PRODUCER", "CONSUMER"):
        return True
    if upper.start is None or child.start is None:
        return False
    assert upper.end is not None
    assert child.end is not None
    if child.start > upper.end or child.end < upper.start:
        return True
    overhang = child.end - upper.end
    if overhang <= 0 or kinds == ("CLIENT", "SERVER"):
        return False
    return kinds[0] == "PRODUCER" or overhang > max(TOLERATED, 0.1 * (upper.end - upper.start))


def _points(node: Node) -> set[int]:
    assert node.begin is not None
    assert node.finish is not None
    return set(range(node.begin, node.finish))


def _alone(node: Node, nodes: Sequence[Node]) -> int:
    left = _points(node)
    for other in nodes:
        if other.waiting is node and other.start is not None:
            left -= _points(other)
    return len(left)


def _walk(node: Node, path: Node, nodes: Sequence[Node], rank: Mapping[str, int]) -> None:
    node.path = path
    assert node.begin is not None
    assert node.finish is not None
    cursor, own = node.finish, node.finish - node.begin
    children = [other for other in nodes if other.waiting is node and other.start is not None and _points(other)]
    while True:
        before = [child for child in children if (child.finish or 0) <= cursor]
        if not before:
            break
        last = max(before, key=lambda child: (child.finish, -(child.begin or 0), -rank[child.row["span_id"]]))
        assert last.begin is not None
        assert last.finish is not None
        own -= last.finish - last.begin
        _walk(last, path, nodes, rank)
        cursor = last.begin
    node.on_path = own
