"""Traces run again against brute force: one span at a time, straight from the definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from loglens.simulation import Forest


@dataclass(frozen=True)
class Span:
    """A span inside the one that waits for it."""

    waiting: int
    depth: int
    begin: int
    finish: int


@st.composite
def forests(draw: st.DrawFn) -> list[Span]:
    """Draw spans in trees; the span that waits comes first, children lie inside it."""
    spans: list[Span] = []
    for place in range(draw(st.integers(1, 14))):
        waiting = draw(st.integers(-1, place - 1))
        low, high = (spans[waiting].begin, spans[waiting].finish) if waiting >= 0 else (0, draw(st.integers(0, 40)))
        begin, finish = sorted((draw(st.integers(low, high)), draw(st.integers(low, high))))
        depth = spans[waiting].depth + 1 if waiting >= 0 else 0
        spans.append(Span(waiting, depth, begin, finish))
    return spans


def forest(spans: Sequence[Span]) -> Forest:
    columns = zip(*((span.waiting, span.depth, span.begin, span.finish) for span in spans), strict=True)
    return Forest(*(np.array(column, dtype=np.int64) for column in columns))


def children(spans: Sequence[Span], place: int) -> list[int]:
    return [other for other, span in enumerate(spans) if span.waiting == place]


def length(spans: Sequence[Span], factors: Sequence[float], place: int) -> int:
    """Return how long a span takes when it and all below it run again."""
    span, ends = spans[place], dict[int, int]()
    for child in sorted(children(spans, place), key=lambda other: (spans[other].finish, spans[other].begin, -other)):
        before = [other for other in ends if spans[other].finish <= spans[child].begin]
        old = max((spans[other].finish for other in before), default=span.begin)
        new = max((ends[other] for other in before), default=0)
        start = new + round((spans[child].begin - old) * factors[place])
        ends[child] = start + length(spans, factors, child)
    old = max((spans[other].finish for other in ends), default=span.begin)
    return max(ends.values(), default=0) + round((span.finish - old) * factors[place])


@settings(deadline=None)
@given(spans=forests())
def test_without_a_change_all_times_are_as_they_were(spans: list[Span]) -> None:
    given_forest = forest(spans)
    again = given_forest.run_again(np.ones(len(spans)))
    assert again.lengths.tolist() == [span.finish - span.begin for span in spans]
    assert again.offsets.tolist() == given_forest.recorded.offsets.tolist()


@settings(deadline=None)
@given(spans=forests(), data=st.data())
def test_with_a_change_they_are_as_brute_force_has_them(spans: list[Span], data: st.DataObject) -> None:
    factors = data.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=len(spans), max_size=len(spans)))
    again = forest(spans).run_again(np.array(factors))
    assert again.lengths.tolist() == [length(spans, factors, place) for place in range(len(spans))]


@settings(deadline=None)
@given(spans=forests(), factor=st.sampled_from([0.0, 0.5, 2.0]))
def test_own_parts_of_the_new_paths_add_up_to_the_new_lengths(spans: list[Span], factor: float) -> None:
    given_forest = forest(spans)
    times = given_forest.run_again(np.array([factor if place % 3 else 1.0 for place in range(len(spans))]))
    taken = given_forest.waited_for(times)
    own = times.lengths.copy()
    np.subtract.at(own, given_forest.waiting[taken], times.lengths[taken])
    assert (own >= 0).all()


def test_times_too_long_to_be_numbered_across_families_are_ranked() -> None:
    year = 365 * 86_400 * 10**9
    spans = [Span(-1, 0, 0, 100 * year) for _ in range(60)]
    spans += [Span(place, 1, part * year, (part + 30) * year) for place in range(60) for part in (0, 30, 60)]
    again = forest(spans).run_again(np.array([1.0] * 60 + [0.5] * 180))
    assert again.lengths.tolist()[:60] == [55 * year] * 60
