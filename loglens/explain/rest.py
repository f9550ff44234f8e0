"""What is left: where one cause accounts for most of the slow requests, what sets the other ones apart."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.differences import Difference
from loglens.explain.causes import attribute_row, find_differences, stretch_row
from loglens.explain.comparison import Comparison
from loglens.explain.components import component_rows
from loglens.explain.verdict import of_rest
from loglens.explain.when import find_stretch

# Of the slow or failed requests the first cause must account for so many, and no more: one other is no pattern.
_MOST = 0.5


def tell_rest(comparison: Comparison, found: Sequence[Difference]) -> str:
    """Return what sets those apart for which the first difference does not hold; empty where nothing new does."""
    if not found or found[0].holds is None or found[0].tail_ratio < _MOST:
        return ""
    tails, _ = comparison.read
    if tails - found[0].tail < int(comparison.values["least"]):
        return ""
    rest = comparison.without(found[0].holds, f"the other {comparison.words[0]} ones")
    requests = rest.requests
    if requests.is_tail.all():
        return ""
    stretch = find_stretch(requests.start_ns, requests.has_start, requests.is_tail)
    left = find_differences(rest, stretch)
    # The verdict names the first of all, and the first that typical requests have as well.
    named = [found[0], *[each for each in found if each.body][:1]]
    known = {condition.attribute for each in named for condition in each.conditions}
    if left and any(condition.attribute in known for condition in left[0].conditions):
        return ""
    if not left and stretch is None:
        return ""
    told = [] if rest.is_errors else component_rows(rest)
    told += [attribute_row(rest, each) for each in left]
    told += [] if stretch is None else [stretch_row(rest, stretch)]
    return of_rest(told, rest)
