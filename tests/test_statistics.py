"""The tests and corrections against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loglens.statistics import benjamini_hochberg, chi2_tail, exact_test, g_test, rank_test, risk_ratio

COUNTS = st.lists(st.tuples(*[st.integers(0, 400)] * 4), min_size=1, max_size=5)


@pytest.mark.parametrize("df", [1, 2, 3, 4, 7, 20, 39])
def test_the_tail_of_chi_squared_is_that_of_scipy(df: int) -> None:
    for statistic in (0.0, 1e-9, 0.3, 1.0, 3.84, 17.0, 90.0, 400.0):
        assert chi2_tail(statistic, df) == pytest.approx(stats.chi2.sf(statistic, df), rel=1e-9, abs=1e-300)


@given(COUNTS)
def test_the_g_test_is_that_of_scipy(tables: list[tuple[int, ...]]) -> None:
    cells = np.array(tables, dtype=np.float64).T + 0.5
    found = g_test(*cells)
    for table, p in zip(cells.T, found, strict=True):
        wanted = stats.chi2_contingency(table.reshape(2, 2), correction=False, lambda_="log-likelihood").pvalue
        assert p == pytest.approx(wanted, rel=1e-6, abs=1e-12)


@given(COUNTS)
def test_the_exact_test_is_twice_the_smaller_side_of_fishers(tables: list[tuple[int, ...]]) -> None:
    found = exact_test(*np.array(tables, dtype=np.float64).T)
    for table, p in zip(tables, found, strict=True):
        sides = [stats.fisher_exact(np.reshape(table, (2, 2)), alternative=side).pvalue for side in ("less", "greater")]
        assert p == pytest.approx(min(1.0, 2 * min(sides)), rel=1e-7)


@given(st.lists(st.tuples(st.integers(-5, 30), st.booleans()), min_size=2, max_size=60))
def test_the_rank_test_is_that_of_mann_and_whitney(pairs: list[tuple[int, bool]]) -> None:
    values = np.array([value for value, _ in pairs], dtype=np.float64)
    is_one = np.array([one for _, one in pairs])
    found = rank_test(values, is_one)
    if is_one.all() or not is_one.any() or len(set(values)) == 1:
        assert (found.auc, found.p) == (0.5, 1.0)
        return
    wanted = stats.mannwhitneyu(values[is_one], values[~is_one], method="asymptotic")
    assert found.auc == pytest.approx(wanted.statistic / (is_one.sum() * (~is_one).sum()))
    assert found.p == pytest.approx(wanted.pvalue, rel=1e-9)


@given(st.lists(st.integers(1, 50), min_size=4, max_size=4))
def test_the_risk_ratio_and_its_limit_are_those_of_scipy(cells: list[int]) -> None:
    a, b, c, d = cells
    ratio, low = risk_ratio(*(np.array([float(cell)]) for cell in cells))
    wanted = stats.contingency.relative_risk(a, a + b, c, c + d)
    assert ratio[0] == pytest.approx(wanted.relative_risk)
    assert low[0] == pytest.approx(wanted.confidence_interval(0.95).low)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_false_discovery_rates_are_those_of_scipy(p: list[float]) -> None:
    found = benjamini_hochberg(np.array(p), len(p))
    assert found == pytest.approx(stats.false_discovery_control(p), abs=1e-15)
