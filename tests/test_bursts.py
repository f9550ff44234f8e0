"""The scan of bursts on simulated weeks: how often chance makes a burst, and how surely a planted one is found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import START_NS
from numpy.typing import NDArray
from test_analyses import ONE_SOURCE, fill

import loglens
from loglens.bursts.baseline import estimate
from loglens.bursts.burst import Burst, Gates, find_bursts
from loglens.bursts.chance import false_probability
from loglens.bursts.scan import prefix_sums
from loglens.bursts.series import Key, Series, Times
from loglens.bursts.thresholds import THRESHOLDS
from loglens.bursts.windows import strongest
from loglens.store.store import open_writer

# An error of every fourth second; for five minutes its requests log another line, which tells no error of its own.
LINES = """
    INSERT INTO logs (source_id, line, ordinal, ts_ns, service, severity_number, trace_id, error_type, message)
    SELECT 1, number * 2, 0, $start_ns + number * 4000000000, 'api', 17, 't' || number, 'StoreError',
        'no page ' || number
    FROM range(900) AS numbers(number)
    UNION ALL
    SELECT 1, number * 2 + 1, 0, $start_ns + number * 4000000000 + 1, 'api', 17, 't' || number, NULL,
        'shard ' || number || ' cannot be read'
    FROM range(450, 525) AS numbers(number)
"""
# A line a second of half an hour; for four minutes every other second fails with one of two errors, and says so twice.
ALIKE = """
    INSERT INTO logs (source_id, line, ordinal, ts_ns, service, severity_number, trace_id, error_type, message)
    SELECT 1, number * 3, 0, $start_ns + number * 1000000000, 'api', 9, NULL, NULL, 'tick'
    FROM range(1800) AS numbers(number)
    UNION ALL
    SELECT 1, number * 3 + 1, 0, $start_ns + number * 1000000000, 'api', 17, 't' || number,
        if(number % 4 = 0, 'OSError', 'KeyError'), 'cannot go on'
    FROM range(900, 1140, 2) AS numbers(number)
    UNION ALL
    SELECT 1, number * 3 + 2, 0, $start_ns + number * 1000000000 + 1, 'api', 17, 't' || number, NULL, 'request finished'
    FROM range(900, 1140, 2) AS numbers(number)
"""
Reals = NDArray[np.float64]
MINUTE_NS = 60 * 10**9
WEEK = 10_080
# Weeks of one key that are simulated, of all kinds together, those of so many keys at once.
KEY_WEEKS = int(os.environ.get("LOGLENS_TEST_KEY_WEEKS", "125"))
KEYS = 25
# At this threshold about one week of a key in fifty has a false alarm, where baseline and dispersion are known.
ONE_IN_FIFTY = 4.85
# The same for errors that clump, whose variance is three times their mean.
ONE_IN_FIFTY_CLUMPED = 4.75
# How errors and traffic go up and down in a day, around one.
HOURS = 2 * np.pi * np.arange(WEEK) / 1_440
DAY = 1 + 0.7 * np.sin(HOURS - 1.2) + 0.15 * np.sin(2 * HOURS)
DEFAULT = {param.name: param.default for param in THRESHOLDS}
GATES = Gates.of(DEFAULT)


def series_of(errors: NDArray[np.int64], traffic: NDArray[np.int64]) -> Series:
    """Return series of minutes, a row a key."""
    keys, buckets = errors.shape
    return Series(
        times=Times(0, buckets * MINUTE_NS - 1, MINUTE_NS),
        keys=[Key("route", f"s{number}", "/", None) for number in range(keys)],
        bounds=np.arange(keys + 1) * buckets,
        bucket=np.tile(np.arange(buckets), keys),
        errors=errors.ravel(),
        traffic=traffic.ravel(),
        is_asked=np.ones(keys, dtype=bool),
        has_traffic=np.ones(keys, dtype=bool),
        seldom=0,
    )


def dispersed(rng: np.random.Generator, mean: Reals, phi: float) -> NDArray[np.int64]:
    """Return counts whose variance is `phi` times their mean."""
    if phi == 1:
        return rng.poisson(mean)
    return rng.poisson(rng.gamma(np.maximum(mean, 1e-12) / (phi - 1), phi - 1))


def daily(depth: float) -> Reals:
    """Return a week with more by day than by night, 1 in the mean."""
    return 1 + depth * np.sin(2 * np.pi * np.arange(WEEK) / 1_440)


Kind = Callable[[np.random.Generator, Reals], tuple[NDArray[np.int64], NDArray[np.int64]]]


def quiet_kind(shape: Reals, phi: float) -> Kind:
    """Return a kind of week: errors in proportion to traffic of a shape; one in fifty requests fails."""

    def week(rng: np.random.Generator, rate: Reals) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        mean = rate[:, None] * shape
        return dispersed(rng, mean, phi), rng.poisson(50 * mean)

    return week


def quiet_ever(rng: np.random.Generator, rate: Reals) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return weeks of traffic of which next to nothing fails."""
    return rng.poisson(rate[:, None] * 0.01 * np.ones(WEEK)), rng.poisson(50 * rate[:, None] * daily(0.5))


QUIET: dict[str, Kind] = {
    "poisson": quiet_kind(np.ones(WEEK), 1.0),
    "overdispersed": quiet_kind(np.ones(WEEK), 3.0),
    "seasonal": quiet_kind(daily(0.95), 1.0),
    "ramping": quiet_kind(np.linspace(0.2, 1.8, WEEK), 1.5),
    "never failing": quiet_ever,
}


def false_bursts_of(kind: Kind, keys: int, seed: int) -> list[Burst]:
    rng = np.random.default_rng(seed)
    return list(find_bursts(series_of(*kind(rng, 10 ** rng.uniform(-1.3, 0.7, keys))), GATES, None).bursts)


@pytest.mark.parametrize("kind", QUIET)
def test_chance_makes_at_most_one_burst_of_a_thousand_quiet_weeks(kind: str) -> None:
    rounds = KEY_WEEKS // len(QUIET) // KEYS
    assert sum(len(false_bursts_of(QUIET[kind], KEYS, seed)) for seed in range(rounds)) <= rounds * KEYS // 1000


def exceeded(keys: int, sigma: float, seed: int) -> int:
    """Return in how many of so many weeks of Poisson counts, of a day's rhythm, a threshold is exceeded anywhere."""
    rng = np.random.default_rng(seed)
    mean = 10 ** rng.uniform(-1.3, 0.7, keys)[:, None] * daily(0.5)
    errors = rng.poisson(mean).astype(np.float64)
    baseline = estimate(errors, np.ones(errors.shape), 0, 60)
    return len(strongest(baseline.sums(errors), sigma, 1.0))


@pytest.mark.slow
def test_the_table_of_false_alarms_holds_with_estimated_baselines() -> None:
    keys, sigma = 1_000, 4.5
    found = sum(exceeded(100, sigma, seed) for seed in range(keys // 100))
    expected = keys * false_probability(sigma)
    assert found <= expected + 3 * np.sqrt(expected) + 1


def planted(keys: int, base: float, times: float, minutes: int, seed: int) -> tuple[Series, NDArray[np.int64]]:
    """Return weeks with one burst each, and the minutes in which they begin."""
    rng = np.random.default_rng(seed)
    starts = rng.integers(1_000, 9_000, keys)
    mean = np.full((keys, WEEK), base)
    for row, start in enumerate(starts):
        mean[row, start : start + minutes] *= times
    return series_of(rng.poisson(mean), rng.poisson(np.full((keys, WEEK), 50 * base))), starts


def test_planted_bursts_are_found_and_nothing_else() -> None:
    series, starts = planted(60, 2.0, 5.0, 10, 3)
    bursts = find_bursts(series, GATES, None).bursts
    wanted = {f"s{row}": int(start) for row, start in enumerate(starts)}
    errors = {
        each.key.service: abs(each.start - wanted[str(each.key.service)])
        for each in bursts
        if each.start < wanted[str(each.key.service)] + 10 and each.end > wanted[str(each.key.service)]
    }
    assert len(errors) >= 0.95 * len(wanted)
    assert len(errors) >= 0.95 * len(bursts)
    assert np.median(list(errors.values())) <= 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("base", "phi", "minutes", "times", "power"),
    [
        (0.2, 1.0, 3, 10.0, 0.37),
        (2.0, 1.0, 10, 3.0, 0.78),
        (2.0, 1.0, 240, 1.5, 0.96),
        (2.0, 3.0, 5, 5.0, 0.36),
        (20.0, 3.0, 60, 2.0, 1.0),
        (0.2, 1.0, 240, 1.5, 0.18),
    ],
)
def test_the_scan_has_its_power_where_one_week_in_fifty_has_a_false_alarm(
    base: float, phi: float, minutes: int, times: float, power: float
) -> None:
    keys = 200
    rng = np.random.default_rng(5)
    usual, phis = np.tile(base * DAY, (keys, 1)), np.full(keys, phi)
    starts = rng.integers(1_000, 9_000, keys)
    mean = usual.copy()
    for row, start in enumerate(starts):
        mean[row, start : start + minutes] *= times
    sigma = ONE_IN_FIFTY if phi == 1 else ONE_IN_FIFTY_CLUMPED
    found = strongest(prefix_sums(dispersed(rng, mean, phi).astype(np.float64), usual, phis), sigma, 1.0)
    hits = sum(
        any(window.start < start + minutes and window.end > start for window in found.get(row, ()))
        for row, start in enumerate(starts)
    )
    assert hits >= keys * power - 2 * np.sqrt(keys * power * (1 - power)) - 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("base", "times", "minutes", "least"),
    [
        (2.0, 3.0, 10, 0.35),
        (20.0, 2.0, 60, 0.95),
        (2.0, 5.0, 5, 0.6),
        (0.2, 10.0, 10, 0.8),
    ],
)
def test_bursts_are_as_likely_found_as_the_table_of_power_says(
    base: float, times: float, minutes: int, least: float
) -> None:
    series, starts = planted(60, base, times, minutes, 5)
    gates = Gates(GATES.sigma, GATES.excess, min(GATES.times, times * 0.75), 0.0)
    found = {each.key.service for each in find_bursts(series, gates, None).bursts}
    assert len(found) >= least * len(starts)


def bursts_of(records: str, empty_store: Path, folder: Path) -> list[Any]:
    """Return the bursts of what a statement writes."""
    path = folder / "case.duckdb"
    shutil.copy(empty_store, path)
    with open_writer(path) as connection:
        fill(connection, {"sources": ONE_SOURCE})
        connection.execute(records, {"start_ns": START_NS})
    return loglens.open(path).bursts().rows


def test_a_template_bursts_beside_the_error_that_its_requests_have_all_the_time(
    empty_store: Path, tmp_path: Path
) -> None:
    rows = bursts_of(LINES, empty_store, tmp_path)
    assert [(row["kind"], row["service"], row["name"], row["errors"]) for row in rows] == [
        ("template", "api", "shard <*> cannot be read", 75)
    ]
    assert [row["error"] for row in rows] == ["StoreError"]


def test_of_several_errors_that_log_one_line_alike_the_service_is_told(empty_store: Path, tmp_path: Path) -> None:
    rows = bursts_of(ALIKE, empty_store, tmp_path)
    assert [(row["kind"], row["service"], row["name"], row["errors"]) for row in rows] == [
        ("service", "api", None, 120)
    ]
