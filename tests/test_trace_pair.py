"""The drawing of two traces, and that what each place adds is what one takes longer."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Shell, insert_rows
from span_notation import insert_spans

import loglens
from loglens.store.store import open_writer

TRACES = """
GET /a             100 ms
  redis GET a       10 ms
  SELECT x          50 ms
GET /a             200 ms
  redis GET a       10 ms
  SELECT x          40 ms   x3   error
  http GET b/x      20 ms
    b: GET /x       10 ms
"""
A, B = "0" * 31 + "1", "0" * 31 + "2"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "x.duckdb"
    with open_writer(path) as connection:
        insert_rows(connection, "sources", [{"source_id": 1, "uri": "/x", "ingested_ns": 1, "begun_ns": 1}])
        insert_spans(connection, TRACES)
    return path


def test_two_traces_are_one_tree(shell: Shell, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    assert shell("compare", A, B, "--db", store).out.splitlines() == [
        "A  trace 00000000  100 ms, 3 spans, 2026-01-15 09:00:00 UTC",
        "B  trace 00000000  200 ms, 7 spans, 3 failed, 2026-01-15 09:00:00 UTC",
        "",
        "span                                   calls     A ms     B ms  path B-A",
        "api:/a                                     1      100      200     +10.0",
        "├ api:SELECT postgres                   1→3!     50.0      120     +70.0",
        "└ api:GET b                              0→1              20.0     +10.0",
        "  └ b:/x                                 0→1              10.0     +10.0",
        "and 1 place where they are alike",
        "",
        "B takes 100 ms more: api:SELECT postgres 70 %, api:/a 10 %, api:GET b 1…",
    ]
    assert shell("compare", B, A, "--db", store).out.splitlines()[-1].startswith("B takes 100 ms less: api:SELECT")


def test_two_traces_of_which_few_places_are_shown_are_told_of_whole(shell: Shell, store: Path) -> None:
    whole, part = shell("compare", A, B, "--db", store), shell("compare", A, B, "--db", store, "--limit", "1")
    shown = part.out.splitlines()
    assert (shown[:2], shown[-1]) == (whole.out.splitlines()[:2], whole.out.splitlines()[-1])
    assert [line.split()[0] for line in shown[2:-1] if line] == ["span", "api:/a"]


def test_a_trace_is_like_itself(shell: Shell, store: Path) -> None:
    done = shell("compare", A, A, "--db", store)
    assert done.out.splitlines()[-1] == "Both take the same time."
    assert "alike" not in done.out


def test_what_places_add_is_what_the_request_takes_longer(store: Path) -> None:
    rows = loglens.open(store).compare(A, B).rows
    assert sum(row["added_critical_ms"] for row in rows) == rows[0]["b_ms"] - rows[0]["a_ms"] == 100
