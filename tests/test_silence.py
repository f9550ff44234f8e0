"""Planted outages of services that write at random are found, each of them, and what is idle by night is quiet."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from conftest import START_NS
from numpy.typing import NDArray
from test_analyses import ONE_SOURCE, fill

import loglens
from loglens.store.store import open_writer

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# Minutes that a service is down; a service each, at each of the rates of records a minute.
DOWN = tuple(range(3, 16))
RATES = (5.0, 8.0, 30.0)
INSERT = """
    INSERT INTO logs (source_id, line, ordinal, ts_ns, service, severity_number, message)
    SELECT 1, row_number() OVER (ORDER BY second, service), 0, $start_ns + (second * 1e9)::BIGINT, service, 9, 'ok'
    FROM written
"""
Seconds = NDArray[np.float64]


def moments(rng: np.random.Generator, rate: float, seconds: int) -> Seconds:
    """Return when a service writes, at random, so many times a minute."""
    return np.sort(rng.uniform(0, seconds, rng.poisson(rate * seconds / MINUTE)))


def stored(path: Path, empty_store: Path, written: dict[str, Seconds]) -> Path:
    """Return a store of records that services wrote at these seconds."""
    shutil.copy(empty_store, path)
    table = pa.table(
        {
            "service": [name for name, seconds in written.items() for _ in seconds],
            "second": np.concatenate(list(written.values())),
        }
    )
    with open_writer(path) as connection:
        fill(connection, {"sources": ONE_SOURCE})
        connection.register("written", table)
        connection.execute(INSERT, {"start_ns": START_NS})
    return path


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6])
def test_every_outage_of_three_minutes_and_more_is_found_and_nothing_else(
    seed: int, empty_store: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    written, planted = {}, {}
    for rate in RATES:
        for minutes in DOWN:
            name, begin = f"{minutes:02}m-{rate:g}", rng.uniform(HOUR, 5 * HOUR)
            found = moments(rng, rate, 6 * HOUR)
            written[name] = found[(found < begin) | (found > begin + minutes * MINUTE)]
            planted[name] = (begin, begin + minutes * MINUTE)
    rows = loglens.open(stored(tmp_path / "case.duckdb", empty_store, written)).silence(limit=0).rows
    assert sorted(row["service"] for row in rows) == sorted(planted)
    for row in rows:
        begin, end = planted[row["service"]]
        assert row["kind"] == "stopped"
        assert row["silent_ms"] >= (end - begin) * 1000


def test_what_is_idle_by_night_is_quiet(empty_store: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    written = {"always": moments(rng, 6.0, 6 * DAY)}
    for name, opens, closes in (("day", 7, 21), ("office", 9, 17), ("evening", 16, 23)):
        found = moments(rng, 8.0, 6 * DAY)
        hour = (found + 9 * HOUR) % DAY / HOUR
        written[name] = found[(hour >= opens) & (hour < closes)]
    assert loglens.open(stored(tmp_path / "case.duckdb", empty_store, written)).silence(limit=0).rows == []
