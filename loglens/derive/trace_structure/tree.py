"""The trees of spans, grown level by level from their roots, with the interval in which each span counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loglens.derive.trace_structure.spans import NO_BEGIN, fetch, registered, table

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

    from loglens.derive.trace_structure.spans import Flags, Places, Spans, Times

# Deeper than any stack of calls: a process that hangs each span under the one before.
MOST_DEPTH = 200
STATES = ("", "root", "local", "remote", "attached", "missing", "cycle", "too deep", "duplicate", "oversized")
# No clock is off by more than one that was never set.
_MOST_SKEW_NS = 2**61

_ASIDE = """
    SELECT
        i                                                       AS i,
        (list_position($states, parent_state) - 1)::UTINYINT    AS state
    FROM aside
"""
_TOO_DEEP = """
    SELECT
        unreached.i AS i
    FROM unreached
    JOIN piece USING (i)
    SEMI JOIN (
        SELECT piece.trace AS trace
        FROM deepest
        JOIN piece USING (i)
    ) AS deep
        ON piece.trace = deep.trace
"""


@dataclass
class Tree:
    """Spans with their place in their tree: each where `spans` has it, and each level as its positions.

    `waiting` is the span above whose time a span is part of, -1 where nobody waited for it. Without a time a span has
    the interval of the one above.
    """

    spans: Spans
    levels: list[Places]
    state: NDArray[np.uint8]
    round: NDArray[np.int16]
    depth: NDArray[np.int16]
    parent: Places
    root: Places
    invocation: Places
    waiting: Places
    skew_ns: Times
    begin_ns: Times
    finish_ns: Times
    is_entry: Flags
    is_timed: Flags

    def start_level(self, places: Places) -> None:
        """Count spans as the next level."""
        self.round[places] = len(self.levels)
        self.levels.append(places)


def grow(connection: duckdb.DuckDBPyConnection, spans: Spans) -> Tree:
    """Return every span once, with its root, invocation, depth and effective interval."""
    import numpy as np

    from loglens.derive.trace_structure import fragments

    tree = _bare(spans)
    aside = fetch(connection, _ASIDE, {"states": list(STATES)})
    apart = spans.places(aside["i"])
    heads = (spans.parent < 0) & ~spans.is_root
    heads[apart] = False
    tree.state[spans.is_root] = STATES.index("root")
    tree.start_level(np.flatnonzero(spans.is_root).astype(np.int32))
    left = _climb(tree, np.flatnonzero(spans.parent >= 0).astype(np.int32))
    if heads.any():
        fragments.attach(connection, tree, np.flatnonzero(heads).astype(np.int32), MOST_DEPTH)
        left = _climb(tree, left)
    _set_apart(connection, tree, left)
    tree.state[apart] = aside["state"]
    tree.is_entry[apart] = False
    tree.is_timed[apart] = False
    return tree


def _bare(spans: Spans) -> Tree:
    """Return the tree before it is grown, in which every span stands alone; it takes over the columns of the spans."""
    import numpy as np

    count = len(spans.i)
    alone = np.arange(count, dtype=np.int32)
    return Tree(
        spans=spans,
        levels=[],
        state=np.zeros(count, np.uint8),
        round=np.full(count, -1, np.int16),
        depth=np.zeros(count, np.int16),
        parent=spans.parent,
        root=alone.copy(),
        invocation=alone,
        waiting=np.full(count, -1, np.int32),
        skew_ns=np.zeros(count, np.int64),
        begin_ns=spans.begin_ns,
        finish_ns=spans.finish_ns,
        is_entry=spans.is_entry,
        is_timed=spans.begin_ns != NO_BEGIN,
    )


def _climb(tree: Tree, left: Places) -> Places:
    """Grow from the last level until no span has children; return those of `left` that were not reached."""
    import numpy as np

    while len(left) and len(tree.levels[-1]):
        upper = tree.parent[left]
        is_next = (tree.round[upper] == len(tree.levels) - 1) & (tree.depth[upper] < MOST_DEPTH)
        level, left = left[is_next], np.compress(~is_next, left)
        tree.start_level(level)
        _place(tree, level)
    return left


def _place(tree: Tree, level: Places) -> None:
    """Put spans below their parents.

    A span that reaches outside its parent is cut to it, unless its parent did not wait for it.
    """
    import numpy as np

    upper = tree.parent[level]
    is_async = tree.spans.is_async[level]
    tree.depth[level] = tree.depth[upper] + 1
    tree.root[level] = tree.root[upper]
    tree.invocation[level] = np.where(tree.is_entry[level], level, tree.invocation[upper])
    waiting = upper
    if not tree.is_timed[upper].all():
        waiting = np.where(tree.is_timed[upper], upper, tree.waiting[upper])
    tree.waiting[level] = np.where(is_async, -1, waiting)
    remote, local = STATES.index("remote"), STATES.index("local")
    tree.state[level] = np.where(tree.spans.is_remote[level], remote, local)
    begin_ns, finish_ns = tree.begin_ns[level], tree.finish_ns[level]
    if tree.spans.shift_ns is not None:
        skew_ns = np.clip(tree.skew_ns[upper] + tree.spans.shift_ns[level], -_MOST_SKEW_NS, _MOST_SKEW_NS)
        tree.skew_ns[level] = skew_ns
        moved_ns = np.where(tree.is_timed[level], skew_ns, 0)
        begin_ns, finish_ns = begin_ns + moved_ns, finish_ns + moved_ns
    upper_begin_ns, upper_finish_ns = tree.begin_ns[upper], tree.finish_ns[upper]
    cut_begin_ns = np.minimum(np.maximum(begin_ns, upper_begin_ns), upper_finish_ns)
    cut_finish_ns = np.maximum(np.minimum(finish_ns, upper_finish_ns), upper_begin_ns)
    tree.begin_ns[level] = np.where(is_async, begin_ns, cut_begin_ns)
    tree.finish_ns[level] = np.where(is_async, finish_ns, cut_finish_ns)


def _set_apart(connection: duckdb.DuckDBPyConnection, tree: Tree, left: Places) -> None:
    """Leave spans that no root leads to alone, without times: nothing that follows parents goes round in a circle."""
    import numpy as np

    tree.state[left] = STATES.index("cycle")
    tree.parent[left] = -1
    tree.is_entry[left] = False
    tree.is_timed[left] = False
    tree.spans.is_async[left] = False
    deepest = np.flatnonzero((tree.depth == MOST_DEPTH) & (tree.state > 0))
    if len(left) and len(deepest):
        tables = {"unreached": table(i=tree.spans.i[left]), "deepest": table(i=tree.spans.i[deepest])}
        with registered(connection, **tables):
            found = fetch(connection, _TOO_DEEP)["i"]
        tree.state[tree.spans.places(found)] = STATES.index("too deep")
