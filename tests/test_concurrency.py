"""The sweep of `concurrency` against a count of every interval, and its picture."""

from __future__ import annotations

import random

from conftest import INGESTED_NS, START_NS, MakeStore, Shell

import loglens

WIDTH_MS = 100


def spans(seed: int) -> list[dict[str, object]]:
    """Return random requests of two instances, on a grid so coarse that many start when others end."""
    chance = random.Random(seed)
    return [
        {
            "source_id": 1,
            "line": line,
            "trace_id": f"{line:032x}",
            "span_id": f"{line:016x}",
            "service": "api",
            "instance": chance.choice(["a", "b"]),
            "name": "GET /x",
            "route": "/x",
            "kind": "SERVER",
            "status": "UNSET",
            "start_ns": START_NS + chance.randrange(0, 1_000, 20) * 1_000_000,
            "duration_ns": chance.randrange(0, 400, 20) * 1_000_000,
        }
        for line in range(120)
    ]


def counted(rows: list[dict[str, object]], instance: str, at_ms: int) -> int:
    """Return how many are in flight at one moment."""
    found = 0
    for row in rows:
        start, length = int(str(row["start_ns"])), int(str(row["duration_ns"]))
        found += row["instance"] == instance and start <= START_NS + at_ms * 1_000_000 < start + length
    return found


def test_the_sweep_counts_what_every_moment_has(make_store: MakeStore) -> None:
    rows = spans(5)
    path = make_store({"sources": [{"source_id": 1, "uri": "/x", "ingested_ns": INGESTED_NS}], "spans": rows})
    answer = loglens.open(path).concurrency(bucket=f"{WIDTH_MS}ms", by="instance").rows
    assert len(answer) == 2 * 10
    for row in answer:
        first_ms = int(row["bucket_ts"].partition(".")[2].removesuffix("Z").ljust(3, "0") or 0)
        levels = [counted(rows, row["name"], first_ms + step) for step in range(0, WIDTH_MS, 20)]
        assert row["max_in_flight"] == max(levels)
        assert abs(row["in_flight"] - sum(levels) / len(levels)) < 1e-9
    assert sum(row["started"] for row in answer) == len(rows)


def test_the_picture_fits_and_shows_the_shape(make_store: MakeStore, shell: Shell) -> None:
    rows = [{**row, "start_ns": START_NS + number * 50_000_000} for number, row in enumerate(spans(5))]
    path = make_store({"sources": [{"source_id": 1, "uri": "/x", "ingested_ns": INGESTED_NS}], "spans": rows})
    done = shell("concurrency", "--db", path)
    head, _, title, *lines = done.out.splitlines()
    assert head == "2026-01-15 09:00:00 to 09:00:05 UTC, 200 ms a column, drawn by the most at once"
    assert title.split() == ["requests", "in", "flight", "mean", "max"]
    assert [line.split()[:2] for line in lines] == [["api", "b"], ["api", "a"]]
    assert all(len(line) <= 100 for line in done.out.splitlines())
