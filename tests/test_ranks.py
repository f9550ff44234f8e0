"""Ranks of confidence limits against SciPy and exact arithmetic, and the quantiles of `slow` against NumPy."""

from __future__ import annotations

import math
from fractions import Fraction

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, false_discovery_control

import loglens
from loglens.ranks import (
    TAIL,
    Limits,
    enough_values,
    false_discovery_rates,
    quantile_limits,
    tail_cut,
    tail_probability,
)
from loglens.store.store import open_writer

QUANTILES = {"0.5": 0.5, "0.9": 0.9, "0.95": 0.95, "0.99": 0.99, "0.999": 0.999}


def exact_limits(n: int, q: Fraction) -> Limits:
    """Return the limits by the definition, in rational arithmetic."""
    at_most, total = [], Fraction(0)
    for k in range(n + 1):
        total += math.comb(n, k) * q**k * (1 - q) ** (n - k)
        at_most.append(total)
    below = [Fraction(0), *at_most]
    tail = Fraction(25, 1000)
    low = max((rank for rank in range(1, n + 1) if below[rank] <= tail), default=None)
    high = min((rank for rank in range(1, n + 1) if below[rank] >= 1 - tail), default=None)
    return Limits(low, high)


@pytest.mark.parametrize("q", QUANTILES)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 10, 36, 37, 72, 73, 100, 367, 368])
def test_limits_are_exact_for_small_samples(n: int, q: str) -> None:
    assert quantile_limits(n, QUANTILES[q]) == exact_limits(n, Fraction(q))


@settings(max_examples=150, deadline=None)
@given(n=st.integers(1, 3_000_000), q=st.sampled_from(sorted(QUANTILES.values())))
def test_limits_are_those_of_scipy(n: int, q: float) -> None:
    limits = quantile_limits(n, q)
    low, high = limits.low or 0, limits.high or n + 1
    assert binom.cdf(low - 1, n, q) <= TAIL < binom.cdf(low, n, q)
    assert binom.cdf(high - 1, n, q) >= 1 - TAIL or high == n + 1
    assert binom.cdf(high - 2, n, q) < 1 - TAIL


def test_no_values_have_no_limits() -> None:
    assert quantile_limits(0, 0.99) == Limits(None, None)


def test_ten_million_values_have_limits_too() -> None:
    assert quantile_limits(10_000_000, 0.99) == Limits(9_899_383, 9_900_617)


@pytest.mark.parametrize(("q", "least"), [("0.5", 5), ("0.9", 29), ("0.95", 59), ("0.99", 299), ("0.999", 2995)])
def test_enough_is_the_least_number_that_bounds_a_quantile(q: str, least: int) -> None:
    assert enough_values(QUANTILES[q]) == least
    assert Fraction(q) ** least <= Fraction(5, 100) < Fraction(q) ** (least - 1)


def test_the_cut_keeps_every_limit() -> None:
    sizes = [1, 7, 299, 368, 5_000, 33_333, 1_000_000]
    for q in QUANTILES.values():
        limits = [(n, 3, quantile_limits(n, q)) for n in sizes]
        size, cut = tail_cut(limits)
        for n, _, bounds in limits:
            first_kept = 1 if n < size else max(1, math.ceil(Fraction(str(cut)) * n))
            assert first_kept <= max(bounds.low or 1, 1)


def test_the_cut_sorts_little_of_much_and_all_of_nothing() -> None:
    few, many = (10, 1, quantile_limits(10, 0.99)), (10**6, 1, quantile_limits(10**6, 0.99))
    assert tail_cut([]) == (0, 0.0)
    assert tail_cut([few, many]) == (10**6, 0.989804)


def by_definition(sample: list[int], q: Fraction) -> int:
    return sorted(sample)[max(math.ceil(q * len(sample)), 1) - 1]


def test_every_size_has_the_quantiles_of_numpy() -> None:
    with duckdb.connect() as connection:
        found = connection.execute(
            """
            SELECT n, quantile_disc(x, [0.5, 0.9, 0.95, 0.99, 0.999])
            FROM (SELECT n, unnest(range(1, n + 1)) AS x FROM range(1, 1201) AS sizes(n))
            GROUP BY n
            ORDER BY n
            """
        ).fetchall()
    for n, quantiles in found:
        sample = np.arange(1, n + 1)
        assert quantiles == [int(np.quantile(sample, q, method="inverted_cdf")) for q in QUANTILES.values()], n
        assert quantiles == [max(math.ceil(Fraction(q) * n), 1) for q in QUANTILES], n


@settings(max_examples=15, deadline=None)
@given(
    samples=st.lists(st.lists(st.integers(0, 2**40) | st.integers(0, 5), min_size=1, max_size=400), max_size=4),
    quantile=st.sampled_from(sorted(QUANTILES)),
)
def test_slow_gives_the_quantiles_of_numpy_and_the_order_statistics(
    samples: list[list[int]], quantile: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("slow") / "slow.duckdb"
    with open_writer(path) as connection:
        for number, sample in enumerate(samples):
            connection.execute(
                """
                INSERT INTO spans (
                    source_id, line, ordinal, trace_id, span_id, service, route, kind, status, duration_ns,
                    is_entry
                )
                SELECT 1, 1, 0, 'aa', 'bb', 'api', $route, 'SERVER', 'UNSET', unnest($sample::BIGINT[]), true
                """,
                {"route": f"/{number}", "sample": sample},
            )
    rows = {row["route"]: row for row in loglens.open(path).slow(quantile=float(quantile), limit=0).rows}
    assert set(rows) == {f"/{number}" for number in range(len(samples))}
    for number, sample in enumerate(samples):
        row, ordered = rows[f"/{number}"], sorted(sample)
        names = ["p50_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms"]
        exact = [by_definition(sample, Fraction(q)) / 1e6 for q in QUANTILES]
        assert [row[name] for name in names] == exact
        assert exact == [np.quantile(sample, q, method="inverted_cdf") / 1e6 for q in QUANTILES.values()]
        bounds = exact_limits(len(sample), Fraction(quantile)) if len(sample) <= 60 else None
        bounds = bounds or quantile_limits(len(sample), QUANTILES[quantile])
        assert row["low_ms"] == (None if bounds.low is None else ordered[bounds.low - 1] / 1e6)
        assert row["high_ms"] == (None if bounds.high is None else ordered[bounds.high - 1] / 1e6)
        assert row["total_s"] == sum(sample) / 1e9


@given(st.integers(1, 5000), st.floats(1e-4, 0.5), st.floats(0, 1))
def test_the_tail_of_the_binomial_is_that_of_scipy(n: int, p: float, position: float) -> None:
    # SciPy itself is off in the eighth digit where probabilities are below 1e-250.
    k = round(position * n)
    found = tail_probability(k, n, p)
    assert found == (1.0 if k <= n * p else pytest.approx(binom.sf(k - 1, n, p), rel=1e-8, abs=1e-250))


@given(st.lists(st.floats(0, 1), max_size=60))
def test_false_discovery_rates_are_those_of_scipy(p: list[float]) -> None:
    found = false_discovery_rates(p)
    assert found == pytest.approx(false_discovery_control(p).tolist() if p else [], rel=1e-12)
