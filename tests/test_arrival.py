"""In whatever order files arrive, and with whatever derived in between, records and errors get the same names."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import loglens
from loglens.deriving import derive

STACK = (
    "Traceback (most recent call last):\n"
    '  File "/app/store.py", line {line}, in read\n    get()\n{error}: no page {line}'
)
WORDS = ("ann", "bob", "cat", "dan", "eve", "kim", "joe", "moe")


def line(second: int, service: str, level: str, message: str, **more: Any) -> str:
    named = {"time": f"2026-01-15T09:00:{second % 60:02}Z", "service": service, "level": level, "msg": message}
    return json.dumps(named | more) + "\n"


# Alone each file makes other templates: a word that never changes in one is a variable of all of them.
FILES = {
    "one-user.jsonl": "".join(line(n, "api", "info", f"user ann bought {n} of shelf a") for n in range(6)),
    "users.jsonl": "".join(line(n, "api", "info", f"user {name} bought 1 of shelf b") for n, name in enumerate(WORDS)),
    "errors.jsonl": "".join(
        line(n, service, "error", f"no page {n} in store {WORDS[n % 8]}")
        for n in range(9)
        for service in ("api", "web")
    ),
    "traced.jsonl": "".join(
        line(n, "web", "error", "no page at all", trace_id=f"{n % 3:032x}", error={"type": "StoreError"})
        for n in range(1, 7)
    ),
    "stacks.jsonl": "".join(
        line(n, "api", "error", "request failed", exception=STACK.format(line=n, error="KeyError")) for n in range(4)
    ),
    "plain.log": "".join(f"2026-01-15T09:00:{n:02}Z ERROR no page {n} in store {WORDS[n % 8]}\n" for n in range(12)),
}
ARRIVALS = st.permutations(list(FILES)).flatmap(
    lambda order: st.lists(st.integers(1, 3), min_size=len(order), max_size=len(order)).map(
        lambda sizes: [
            batch for batch in (order[sum(sizes[:n]) : sum(sizes[: n + 1])] for n in range(len(order))) if batch
        ]
    )
)


def named(batches: list[list[str]], is_derived_between: bool) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the templates, the template of each record, and the groups of errors, of files read in batches."""
    with tempfile.TemporaryDirectory() as name:
        folder, path = Path(name), Path(name, "x.duckdb")
        for batch in batches:
            for file in batch:
                (folder / file).write_text(FILES[file])
            loglens.ingest([folder / file for file in batch], path)
            if is_derived_between:
                derive(path)
        lens = loglens.open(path)
        errors = lens.errors(limit=0).rows
        templates = lens.templates(limit=0).rows
        records = lens.sql(
            """
            SELECT parse_filename(uri) AS file, line, ordinal, template_id
            FROM log_record_templates
            JOIN sources USING (source_id)
            ORDER BY ALL
            """
        ).rows
    kept = ("error_id", "service", "error", "requests", "failed", "lines")
    return (
        sorted((row["template_id"], row["template"], row["records"]) for row in templates),
        [tuple(row.values()) for row in records],
        sorted(tuple(str(row[column]) for column in kept) for row in errors),
    )


@cache
def at_once() -> tuple[list[Any], list[Any], list[Any]]:
    """Return what all the files make that are read together."""
    return named([list(FILES)], False)


@pytest.mark.slow
@settings(deadline=None, max_examples=8)
@given(ARRIVALS, st.booleans())
def test_templates_and_errors_have_the_same_names_in_whatever_order_files_arrive(
    batches: list[list[str]], is_derived_between: bool
) -> None:
    found = named(batches, is_derived_between)
    assert found == at_once()
    assert len(found[0]) >= len(FILES) - 1 and found[2]
