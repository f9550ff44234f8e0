"""Where requests failed in several ways, what sets those apart that failed in one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loglens.analysis import Row
from loglens.explain.causes import Failure, attribute_row, find_differences, stretch_row
from loglens.explain.comparison import Comparison
from loglens.explain.verdict import HALF, apart_text
from loglens.explain.when import find_stretch
from loglens.explain.words import LOGGED

# A way to fail is looked at by itself where no more of the failed requests than this failed so: else it is the whole.
_MOST = 0.9


def failure_rows(comparison: Comparison, failures: Sequence[Failure]) -> Iterator[Row]:
    """Yield the rows of failures, each with a note of what sets its requests apart from successful ones."""
    ways = sum(each.row["name"] != LOGGED for each in failures)
    for each in failures:
        is_alone = ways < 2 or each.row["name"] == LOGGED or each.row["tail_ratio"] > _MOST
        few = each.row["tail_requests"] < int(comparison.values["least"])
        yield each.row if is_alone or few else each.row | {"note": _apart(comparison, each.requests)}


def _apart(comparison: Comparison, requests: Sequence[int]) -> str | None:
    """Return what sets some of the failed requests apart from those that succeeded, or None where nothing does."""
    others = comparison.requests.is_tail.copy()
    others[list(requests)] = False
    some = comparison.without(others, "them")
    stretch = find_stretch(some.requests.start_ns, some.requests.has_start, some.requests.is_tail)
    found = [each for each in find_differences(some, stretch) if each.tail_ratio >= HALF]
    if not found:
        return None
    told = [attribute_row(some, each) for each in found]
    told += [] if stretch is None else [stretch_row(some, stretch)]
    return " ".join(apart_text(told, some))
