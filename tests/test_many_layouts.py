"""Files in which many layouts alternate: every record is read by its own, whatever memory there is."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from loglens.ingest.run import IngestRequest, ingest

RECORDS = 2
TIME = "2026-01-15T09:00:00Z"


def logfmt(keys: list[str], number: int) -> str:
    return f'time={TIME} level=info msg="m {number}" ' + " ".join(f"{key}=v{number}" for key in keys)


def nested(keys: list[str], number: int) -> str:
    members = {"level": "info", "message": f"m {number}", "http": {"method": "GET", "status_code": 200}}
    return json.dumps({"time": TIME, **members, **dict.fromkeys(keys, f"v{number}")})


WRITERS: list[tuple[Callable[[list[str], int], str], int]] = [(logfmt, 80), (nested, 40)]


@pytest.mark.parametrize(("write", "layouts"), WRITERS, ids=["logfmt", "JSON"])
def test_every_record_is_read_by_its_layout(
    write: Callable[[list[str], int], str], layouts: int, tmp_path: Path
) -> None:
    rng = random.Random(7)
    shapes = [rng.sample([f"k{place}" for place in range(60)], 12) for _ in range(layouts)]
    lines = [write(shapes[number % layouts], number) for number in range(RECORDS * layouts)]
    (tmp_path / "app.log").write_text("\n".join(lines))
    (outcome,) = ingest(IngestRequest([str(tmp_path / "app.log")], tmp_path / "x.duckdb")).outcomes
    assert (outcome.action, outcome.records, outcome.rejects) == ("new", len(lines), 0), outcome.note
    with duckdb.connect(tmp_path / "x.duckdb", read_only=True) as connection:
        found = connection.execute("SELECT message, attributes FROM logs ORDER BY line").fetchall()
    for number, (message, attributes) in enumerate(found):
        kept = json.loads(attributes)
        kept.pop("http", None)
        assert (message, kept) == (f"m {number}", dict.fromkeys(shapes[number % layouts], f"v{number}"))
