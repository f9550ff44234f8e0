"""Impact: the users of the sample, counted again by hand."""

from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from test_analyses import fill

import loglens
from loglens.errors import NotFound, UsageError
from loglens.store.store import open_writer

SAMPLE = Path(__file__).parents[1] / "sample_logs"
FROM, TO = "2026-01-15T09:09:00Z", "2026-01-15T09:14:00Z"


def test_an_answer_without_users_says_so_in_a_sentence(empty_store: Path, tmp_path: Path) -> None:
    for number, who in enumerate(("", "user_id=u1")):
        path = tmp_path / f"{number}.duckdb"
        shutil.copy(empty_store, path)
        with open_writer(path) as connection:
            fill(connection, {"traces": f"GET /page   x3   every 5000 ms   error   {who}"})
        told = repr(loglens.open(path).impact())
        assert ("No request tells who made it" in told) == (not who)


def test_the_users_of_a_burst_are_those_of_a_count_by_hand(tmp_path: Path) -> None:
    loglens.ingest(SAMPLE, tmp_path / "run.duckdb")
    lens = loglens.open(tmp_path / "run.duckdb")
    requests = lens.sql(
        """
        SELECT trace_id, user_id, service, route, http_method, is_error, start_ns AS at_ns, duration_ns
        FROM requests
        WHERE trace_id IS NOT NULL AND NOT is_health
        ORDER BY start_ns, duration_ns DESC
        """
    ).rows
    first: dict[str, dict[str, Any]] = {}
    for row in requests:
        first.setdefault(row["trace_id"], row)
    begin, end = (lens.sql(f"SELECT epoch_ns(TIMESTAMP '{each[:-1]}') AS ns").rows[0]["ns"] for each in (FROM, TO))
    later = sorted((row for row in first.values() if row["user_id"]), key=lambda row: row["at_ns"], reverse=True)
    last_good: dict[tuple[object, ...], int] = {}
    felt: dict[object, list[bool]] = defaultdict(list)
    for row in later:
        if row["at_ns"] >= end:
            continue
        key = tuple(row[name] for name in ("user_id", "service", "route", "http_method"))
        is_good_soon = last_good.get(key, 2**63) - row["at_ns"] - row["duration_ns"] <= 5_000_000_000
        if row["at_ns"] >= begin:
            felt[row["user_id"]].append(bool(row["is_error"]) and not is_good_soon)
        if not row["is_error"]:
            last_good[key] = row["at_ns"]
    (whole,) = (row for row in lens.impact(FROM, TO).rows if row["part"] == "all")
    assert (whole["active"], whole["requests"]) == (len(felt), sum(map(len, felt.values())))
    assert whole["affected"] == sum(any(each) for each in felt.values()) > 10
    burst = lens.bursts().rows[0]
    (of_burst,) = (row for row in lens.impact(burst=burst["burst_id"][:6]).rows if row["part"] == "all")
    assert 0 < of_burst["affected"] <= of_burst["active"] <= whole["active"]
    assert of_burst["failed"] <= burst["errors"]
    with pytest.raises(NotFound, match="None of the bursts begins with 'none'"):
        lens.impact(burst="none")
    with pytest.raises(NotFound, match="None of the bursts of the time and service asked for begins with"):
        lens.impact(burst=burst["burst_id"], service="nobody")
    with pytest.raises(NotFound, match="None of the bursts of the time and service asked for begins with"):
        lens.impact(burst=burst["burst_id"], until="2026-01-15T09:02:00Z")
    with pytest.raises(UsageError, match="a burst has its own"):
        lens.impact(FROM, burst=burst["burst_id"])
