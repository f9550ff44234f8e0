"""Traces run again: how long requests take when some spans have less to do of their own.

What a span did after a child had ended, it does again as long after that child ends now; so every span begins a gap
after the last of its siblings that had ended before it, and a span ends a gap after its last child. With no change all
times come out as they were. Level by level from the leaves, all families at once, a step for each of the siblings.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Times:
    """When each span begins, counted from the begin of the span that waits for it, and how long it takes, in ns."""

    offsets: Numbers
    lengths: Numbers


@dataclass(frozen=True)
class Forest:
    """Spans in trees: the place of the span that waits for each (-1 for none), its depth, and its interval in ns.

    A child lies inside the span that waits for it, and deeper.
    """

    waiting: Numbers
    depths: Numbers
    begins: Numbers
    finishes: Numbers

    @cached_property
    def recorded(self) -> Times:
        """The times as they were."""
        import numpy as np

        heads = self.begins[np.maximum(self.waiting, 0)]
        return Times(np.where(self.waiting < 0, 0, self.begins - heads), self.finishes - self.begins)

    def run_again(self, factors: NDArray[np.float64]) -> Times:
        """Return the times when each span does its own work in that part of its own time, 1 for all of it."""
        import numpy as np

        recorded = self.recorded
        times = Times(recorded.offsets.copy(), np.rint(recorded.lengths * factors).astype(np.int64))
        for level in self._levels(recorded.offsets + recorded.lengths, recorded.offsets):
            _replay(level, self.waiting, recorded, factors, times)
        return times

    def waited_for(self, times: Times) -> Flags:
        """Say of each span whether it is on the critical path of the span that waits for it."""
        import numpy as np

        taken = np.zeros(len(self.waiting), dtype=np.bool_)
        for level in self._levels(times.offsets + times.lengths, -times.offsets):
            cursors = times.lengths[self.waiting[level.children[level.firsts]]]
            for families, members in level.steps(backward=True):
                children = level.children[members]
                ends = times.offsets[children] + times.lengths[children]
                is_taken = (times.lengths[children] > 0) & (ends <= cursors[families])
                taken[children] = is_taken
                cursors[families] = np.where(is_taken, times.offsets[children], cursors[families])
        return taken

    def _levels(self, ends: Numbers, ties: Numbers) -> list[_Level]:
        """Return the children by the depth of who waits for them, deepest first; siblings in order of their ends."""
        import numpy as np

        children = np.flatnonzero(self.waiting >= 0)
        above = self.waiting[children]
        # Of equal siblings the one that comes first counts as the last.
        order = np.lexsort((-children, ties[children], ends[children], above, -self.depths[above]))
        children = children[order]
        depths = self.depths[self.waiting[children]]
        cuts = np.flatnonzero(np.diff(depths)) + 1
        return [_Level(part, self.waiting[part]) for part in np.split(children, cuts) if len(part)]


class _Level:
    """Families whose heads are equally deep: children side by side, and where each family begins."""

    def __init__(self, children: Numbers, above: Numbers) -> None:
        import numpy as np

        self.children = children
        self.firsts = np.concatenate(([0], np.flatnonzero(np.diff(above)) + 1))
        self.sizes = np.diff(np.concatenate((self.firsts, [len(children)])))

    def steps(self, *, backward: bool = False) -> list[tuple[Numbers, Numbers]]:
        """Return, for the first child, the second and so on, the families that have one and where it stands."""
        import numpy as np

        found = []
        families = np.arange(len(self.firsts))
        for place in range(int(self.sizes.max())):
            families = families[self.sizes[families] > place]
            starts = self.firsts[families]
            found.append((families, starts + self.sizes[families] - 1 - place if backward else starts + place))
        return found


def _replay(level: _Level, waiting: Numbers, recorded: Times, factors: NDArray[np.float64], times: Times) -> None:
    """Set the offsets of the children of a level, and the lengths of the spans that wait for them."""
    import numpy as np

    children = level.children
    heads = waiting[children]
    old_ends = recorded.offsets[children] + recorded.lengths[children]
    before = _last_before(level, old_ends, recorded.offsets[children])
    # The latest end now, of each child and all that had ended before it.
    reached = np.zeros(len(children), dtype=np.int64)
    for families, members in level.steps():
        at = children[members]
        earlier = before[members]
        old_from = np.where(earlier < 0, 0, old_ends[earlier])
        new_from = np.where(earlier < 0, 0, reached[earlier])
        gaps = (recorded.offsets[at] - old_from) * factors[heads[members]]
        times.offsets[at] = new_from + np.rint(gaps).astype(np.int64)
        ends = times.offsets[at] + times.lengths[at]
        firsts = members == level.firsts[families]
        reached[members] = np.where(firsts, ends, np.maximum(ends, reached[members - 1]))
    lasts = level.firsts + level.sizes - 1
    above = heads[lasts]
    rests = (recorded.lengths[above] - old_ends[lasts]) * factors[above]
    times.lengths[above] = reached[lasts] + np.rint(rests).astype(np.int64)


def _last_before(level: _Level, ends: Numbers, offsets: Numbers) -> Numbers:
    """Return, for each child, the place of the sibling that ended last before it began, or -1."""
    import numpy as np

    families = np.repeat(np.arange(len(level.firsts)), level.sizes)
    if len(level.firsts) * float(max(ends.max(), offsets.max()) + 1) >= 2**62:
        # Ranks stand for times that are too long to be numbered across families.
        ranks = np.unique(np.concatenate((ends, offsets)), return_inverse=True)[1]
        ends, offsets = ranks[: len(ends)], ranks[len(ends) :]
    width = max(ends.max(), offsets.max()) + 1
    # All ends are one ascending row, family after family.
    found = np.searchsorted(families * width + ends, families * width + offsets, side="right") - 1
    found = np.minimum(found, np.arange(len(ends)) - 1)
    return np.where(found >= level.firsts[families], found, -1)
