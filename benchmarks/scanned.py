"""Weeks of errors scanned for bursts: `python -m benchmarks.scanned KEYS`, a week of minutes of each."""

from __future__ import annotations

import sys

import numpy as np

from loglens.bursts.burst import Gates, find_bursts
from loglens.bursts.series import Key, Series, Times
from loglens.bursts.thresholds import THRESHOLDS

WEEK = 10_080
MINUTE_NS = 60 * 10**9


def weeks(keys: int) -> Series:
    """Return weeks of a daily rhythm at rates from one error in 20 minutes to five a minute, one in fifty requests."""
    rng = np.random.default_rng(1)
    rate = 10 ** rng.uniform(-1.3, 0.7, keys)
    mean = rate[:, None] * (1 + 0.5 * np.sin(2 * np.pi * np.arange(WEEK) / 1_440))
    return Series(
        times=Times(0, WEEK * MINUTE_NS - 1, MINUTE_NS),
        keys=[Key("route", f"s{number}", "/", None) for number in range(keys)],
        bounds=np.arange(keys + 1) * WEEK,
        bucket=np.tile(np.arange(WEEK), keys),
        errors=rng.poisson(mean).ravel(),
        traffic=rng.poisson(50 * mean).ravel(),
        is_asked=np.ones(keys, dtype=bool),
        has_traffic=np.ones(keys, dtype=bool),
        seldom=0,
    )


if __name__ == "__main__":
    gates = Gates.of({param.name: param.default for param in THRESHOLDS})
    print(len(find_bursts(weeks(int(sys.argv[1])), gates, None).bursts))
