"""Critical paths and self times: which child each span waited for last, and what no child covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loglens.derive.trace_structure.spans import fetch, registered, table

if TYPE_CHECKING:
    import duckdb

    from loglens.derive.trace_structure.spans import Flags, Numbers, Places, Times
    from loglens.derive.trace_structure.tree import Tree

# In the order of ids, spans without one last.
_RANKS = """
    SELECT
        (row_number() OVER (ORDER BY piece.span, piece.i))::UINTEGER AS id_rank,
        piece.i                                             AS i
    FROM tied
    JOIN piece USING (i)
    ORDER BY piece.i
"""


@dataclass(frozen=True)
class Paths:
    """The path each span is on, that of the nearest span above nobody waited for, and its own parts in ns."""

    path: Places
    self_ns: Times
    path_ns: Times


@dataclass(frozen=True)
class Families:
    """Children in the order of their ends, families of one waiting span side by side."""

    child: Places
    begin_ns: Times
    finish_ns: Times
    family: Numbers
    first: Numbers


def walk(connection: duckdb.DuckDBPyConnection, tree: Tree) -> Paths:
    """Find the path every span that was waited for is on, and what the children of each cover.

    Spans without length take no time of anybody: they are left out, and so a walk always goes back in time. Of one
    child, or of two that do not run at once, everything is known without looking at them: both were waited for.
    """
    import numpy as np

    length_ns = np.where(tree.is_timed, tree.finish_ns - tree.begin_ns, 0)
    children = np.flatnonzero((tree.waiting >= 0) & (length_ns > 0)).astype(np.int32)
    waiting = tree.waiting[children]
    covered_ns = np.zeros(len(length_ns), np.int64)
    np.add.at(covered_ns, waiting, length_ns[children])
    is_crowd = _are_crowds(tree, children, waiting)
    waited_ns = covered_ns.copy()
    is_waited = np.zeros(len(length_ns), np.bool_)
    is_member = is_crowd[waiting]
    is_waited[children[~is_member]] = True
    if is_member.any():
        families = _sort(tree, children[is_member])
        heads = tree.waiting[families.child[families.first]]
        is_waited[_follow(connection, tree, families)] = True
        covered_ns[heads] = np.add.reduceat(_cover(families), families.first)
        part_ns = np.where(is_waited[families.child], length_ns[families.child], 0)
        waited_ns[heads] = np.add.reduceat(part_ns, families.first)
    return Paths(_paths(tree, is_waited), length_ns - covered_ns, length_ns - waited_ns)


def _are_crowds(tree: Tree, children: Places, waiting: Places) -> Flags:
    """Say of every span whether it has more than two children, or two of which one begins before the other ends."""
    import numpy as np

    counts = np.bincount(waiting, minlength=len(tree.waiting))
    one, other = np.full(len(counts), -1, np.int32), np.full(len(counts), -1, np.int32)
    one[waiting] = children
    is_other = one[waiting] != children
    other[waiting[is_other]] = children[is_other]
    pairs = np.flatnonzero(counts == 2)
    first, second = one[pairs], other[pairs]
    is_crowd: Flags = counts > 2
    is_crowd[pairs] = (tree.begin_ns[first] < tree.finish_ns[second]) & (tree.begin_ns[second] < tree.finish_ns[first])
    return is_crowd


def _sort(tree: Tree, members: Places) -> Families:
    import numpy as np

    child = members[np.lexsort((tree.finish_ns[members], tree.waiting[members]))]
    waiting = tree.waiting[child]
    is_first = np.concatenate(([True], waiting[1:] != waiting[:-1]))
    family = (np.cumsum(is_first) - 1).astype(np.uint32)
    first = np.flatnonzero(is_first).astype(np.uint32)
    return Families(child, tree.begin_ns[child], tree.finish_ns[child], family, first)


def _cover(families: Families) -> Times:
    """Return what each child covers of its family that no child that ends later covers."""
    import numpy as np

    later_ns = np.full(len(families.child), np.iinfo(np.int64).max)
    is_last = families.family[1:] != families.family[:-1]
    later_ns[:-1] = np.where(is_last, later_ns[:-1], families.begin_ns[1:])
    # The earliest begin among the next child, the next two, four, eight.
    reach, largest = 1, _largest(families)
    while reach < largest:
        is_same = families.family[reach:] == families.family[:-reach]
        further = np.where(is_same, later_ns[reach:], later_ns[:-reach])
        later_ns[:-reach] = np.minimum(later_ns[:-reach], further)
        reach *= 2
    alone_ns: Times = np.maximum(np.minimum(families.finish_ns, later_ns) - families.begin_ns, 0)
    return alone_ns


def _largest(families: Families) -> int:
    import numpy as np

    return int(np.diff(np.append(families.first, len(families.child))).max())


def _follow(connection: duckdb.DuckDBPyConnection, tree: Tree, families: Families) -> Places:
    """Return the children somebody waited for: of every family the one that ended last, and those before it.

    A walk goes back in time: from a child to the one that had ended last when it began. Of those that end at once the
    one that began first counts, of those the first by its id.
    """
    import numpy as np

    child, family, finish_ns = families.child, families.family, families.finish_ns
    is_new = np.concatenate(([True], (family[1:] != family[:-1]) | (finish_ns[1:] != finish_ns[:-1])))
    ends = np.flatnonzero(is_new)
    chosen = ends.copy()
    tied = np.diff(np.append(ends, len(child))) > 1
    if tied.any():
        chosen[tied] = _untie(connection, tree, families, np.cumsum(is_new) - 1, tied)
    first_end = np.searchsorted(ends, families.first)
    # Of the ends of a family before its own the last that is not after the begin: between `low` and `high`.
    low = first_end[family[ends]] - 1
    high = np.arange(len(ends))
    begin_ns, end_ns = families.begin_ns[chosen], finish_ns[ends]
    while (is_open := high - low > 1).any():
        middle = (low + high) // 2
        is_before = end_ns[middle] <= begin_ns
        low = np.where(is_open & is_before, middle, low)
        high = np.where(is_open & ~is_before, middle, high)
    before = np.where(low < first_end[family[ends]], -1, low)
    walked = []
    current = np.append(first_end[1:], len(ends)) - 1
    while len(current):
        walked.append(child[chosen[current]])
        current = before[current]
        current = current[current >= 0]
    return np.concatenate(walked)


def _untie(connection: duckdb.DuckDBPyConnection, tree: Tree, families: Families, end: Times, is_tied: Flags) -> Times:
    """Return, of each end that several children share, where the one that counts stands."""
    import numpy as np

    members = np.flatnonzero(is_tied[end])
    i = tree.spans.i[families.child[members]]
    with registered(connection, tied=table(i=i)):
        ranks = fetch(connection, _RANKS)
    rank = ranks["id_rank"][np.searchsorted(ranks["i"], i)]
    members = members[np.lexsort((rank, families.begin_ns[members], end[members]))]
    is_first = np.concatenate(([True], end[members][1:] != end[members][:-1]))
    return members[is_first]


def _paths(tree: Tree, is_waited: Flags) -> Places:
    import numpy as np

    path = np.arange(len(is_waited), dtype=np.int32)
    for level in tree.levels:
        inner = level[is_waited[level]]
        path[inner] = path[tree.waiting[inner]]
    return path
