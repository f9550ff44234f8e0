"""The split of the extra time: exact to the nanosecond, against a brute force over fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from loglens.explain.split import Calls, exact_sum, split

COMPONENTS = 4
# One request: whether it is in the tail, and for each component its calls and their time.
REQUEST = st.tuples(
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**62)), min_size=COMPONENTS, max_size=COMPONENTS),
)


@settings(max_examples=60)
@given(st.lists(REQUEST, min_size=2, max_size=9).filter(lambda requests: len({tail for tail, _ in requests}) == 2))
def test_the_parts_are_exact_and_add_up(requests: list[tuple[bool, list[tuple[int, int]]]]) -> None:
    rows = [
        (request, component, calls, time_ns)
        for request, (_, parts) in enumerate(requests)
        for component, (calls, time_ns) in enumerate(parts)
        if calls
    ]
    columns = [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)] or [np.zeros(0, np.int64)] * 4
    is_tail = np.array([tail for tail, _ in requests])
    found = split(Calls(*columns), is_tail, COMPONENTS)
    sides = {side: [index for index, (tail, _) in enumerate(requests) if tail is side] for side in (True, False)}
    for part in found:
        calls_of, time_of = (
            {
                side: Fraction(
                    sum(row[field] for row in rows if row[0] in members and row[1] == part.component), len(members)
                )
                for side, members in sides.items()
            }
            for field in (2, 3)
        )
        assert part.extra_ns == time_of[True] - time_of[False]
        assert part.extra_ns == part.more_calls_ns + part.slower_calls_ns
        if calls_of[True] and calls_of[False]:
            a_call = {side: time_of[side] / calls_of[side] for side in sides}
            assert part.more_calls_ns == (calls_of[True] - calls_of[False]) * a_call[False]
            assert part.slower_calls_ns == calls_of[True] * (a_call[True] - a_call[False])
        else:
            assert part.slower_calls_ns == 0
        if part.low_ns is not None:
            assert part.high_ns is not None
            assert part.low_ns <= part.high_ns
    whole = {
        side: Fraction(sum(row[3] for row in rows if row[0] in members), len(members))
        for side, members in sides.items()
    }
    assert sum(part.extra_ns for part in found) == whole[True] - whole[False]
    assert [part.extra_ns for part in found] == sorted((part.extra_ns for part in found), reverse=True)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_sums_of_any_size_are_exact(values: list[int]) -> None:
    assert exact_sum(np.array(values, dtype=np.int64)) == sum(values)


def test_a_component_made_slower_ranks_first() -> None:
    first = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        requests, components = 400, 12
        calls = random.poisson(random.uniform(0.5, 4, components), (requests, components))
        time_ns = (random.lognormal(13, 1, (requests, components)) * calls).astype(np.int64)
        is_tail = np.arange(requests) < 20
        planted = int(random.integers(components))
        calls[is_tail, planted] += 1
        time_ns[is_tail, planted] += 20_000_000
        request, component = np.nonzero(calls)
        found = split(Calls(request, component, calls[calls > 0], time_ns[calls > 0]), is_tail, components)
        first += found[0].component == planted
    assert first >= 190
