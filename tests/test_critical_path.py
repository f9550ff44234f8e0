"""Critical paths on the command line: the formats, and that parts add up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Shell, insert_rows
from span_notation import insert_spans

import loglens
from loglens.store.store import open_writer

TRACES = """
GET /a                    100 ms   x3
  http GET b/x             60 ms   at 10 ms
    b: GET /x              40 ms   at 10 ms
      SELECT x; y          20 ms
    b: GET /x              30 ms   at 5 ms
  send jobs                 5 ms   at 80 ms
    worker: receive jobs   30 ms   at 1 ms
      SELECT job           10 ms
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "x.duckdb"
    with open_writer(path) as connection:
        insert_rows(connection, "sources", [{"source_id": 1, "uri": "/x", "ingested_ns": 1, "begun_ns": 1}])
        insert_spans(connection, TRACES)
    return path


def test_collapsed_stacks_are_those_of_requests_and_add_up_to_them(shell: Shell, store: Path) -> None:
    done = shell("critical-path", "--format", "folded", "--db", store)
    assert done.out.splitlines() == [
        "api:/a 105000",
        "api:/a;api:GET b 60000",
        "api:/a;api:GET b;b:/x 60000",
        "api:/a;api:GET b;b:/x;b:SELECT postgres 60000",
        "api:/a;api:send jobs 15000",
        "worker:receive jobs 60000",
        "worker:receive jobs;worker:SELECT postgres 30000",
    ]


def test_stacks_of_a_route_begin_with_it(shell: Shell, store: Path) -> None:
    done = shell("critical-path", "--route", "/x", "--db", store, "--output", "x.folded")
    assert (done.code, done.out) == (0, "")
    assert Path("x.folded").read_text("utf-8") == "b:/x 150000\nb:/x;b:SELECT postgres 60000\n"


def test_other_questions_have_no_stacks(shell: Shell) -> None:
    done = shell("slow", "--format", "folded")
    assert done.code == 2
    assert "'folded' is not a choice" in done.err


@pytest.mark.parametrize("change", ["b:SELECT postgres=-50%", "b:/x=-100%", "api:/a=+10%"])
def test_parts_add_up_to_their_request_before_and_after(store: Path, change: str) -> None:
    rows = loglens.open(store).critical_path(components=1, what_if=change, limit=0).rows
    for route in {row["route"] for row in rows}:
        whole, *parts = (row for row in rows if row["route"] == route)
        assert whole["component"] == "(request)"
        for name in ("critical_ms", "share_ratio", "body_ms", "after_ms", "saved_ms"):
            assert sum(part[name] for part in parts) == pytest.approx(whole[name]), (route, name)


def test_a_change_is_written_as_json_like_every_answer(shell: Shell, store: Path) -> None:
    done = shell("critical-path", "--what-if", "worker:SELECT postgres=-50%", "--format", "json", "--db", store)
    rows = json.loads(done.out)
    assert {row["route"]: row["saved_ms"] for row in rows if row["component"] == "(request)"} == {
        "receive jobs": 5.0,
        "/a": 0.0,
    }
