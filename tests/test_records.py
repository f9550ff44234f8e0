"""Cutting text logs into records: however a file grows, its rows are those of the whole file."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import pytest

from loglens.ingest.content import Content
from loglens.ingest.formats import FORMATS
from loglens.ingest.run import IngestRequest, ingest

LINES = (
    "2026-01-15 09:00:00 INFO started",
    "java.lang.IllegalStateException: closed",
    "\tat app.Pool.take(Pool.java:17)",
    "Caused by: java.io.IOException: reset",
    "",
    "Traceback (most recent call last):",
    '  File "app.py", line 1, in run',
    "ValueError: bad",
    "main.run(0x1)",
    "\t/app/main.go:10 +0x1d",
    "goroutine 1 [running]:",
    "ERROR on its own",
    '{"level":"info","message":"json"}',
    "  indented",
    "caf\xe9 in Latin-1",
    "exit status 2",
)


def rows(path: Path, database: Path, cuts: list[int], content: bytes) -> list[tuple[object, ...]]:
    for cut in [*cuts, len(content)]:
        path.write_bytes(content[:cut])
        (outcome,) = ingest(IngestRequest([str(path)], database)).outcomes
        assert outcome.action in ("new", "grown", "unchanged", "skipped"), outcome.note
    with duckdb.connect(database, read_only=True) as connection:
        found = connection.execute("SELECT line, message, level, attributes FROM logs ORDER BY ALL").fetchall()
        (counts,) = connection.execute(
            "SELECT lines, blank_lines, record_lines, records, rejects FROM sources"
        ).fetchall()
    return [counts, *found]


@pytest.mark.parametrize("seed", range(12))
def test_a_text_log_that_grows_reads_as_it_does_whole(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    content = "\n".join([LINES[0], *rng.choices(LINES, k=12)]).encode("latin-1")
    whole = rows(tmp_path / "app.log", tmp_path / "whole.duckdb", [], content)
    cuts = sorted(rng.sample(range(len(LINES[0]), len(content)), 3))
    # Small blocks, so that records cross their borders.
    read = Content.read
    monkeypatch.setattr(Content, "read", lambda self, limit=31: read(self, min(limit, 31)))
    assert rows(tmp_path / "app.log", tmp_path / "grown.duckdb", cuts, content) == whole


@pytest.mark.parametrize("form", [form for form in FORMATS if form.layouts or form.wrapper], ids=lambda form: form.name)
def test_an_example_that_grows_by_itself_is_read_twice(form: object, tmp_path: Path) -> None:
    example = getattr(form, "example").encode()  # noqa: B009
    content = example * 3
    whole = rows(tmp_path / "app.log", tmp_path / "whole.duckdb", [], content)
    assert rows(tmp_path / "app.log", tmp_path / "grown.duckdb", [len(example), 2 * len(example)], content) == whole
