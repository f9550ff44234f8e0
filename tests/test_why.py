"""`why` as it is read: the picture at 80 columns, `slow --why`, and the story of a finding."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell
from test_analyses import fill

import loglens
from loglens.errors import NotFound, UsageError
from loglens.store.store import open_writer

TRACES = """
GET /orders   x90   every 20 ms    tenant=t{i}   plan=free
  SELECT item              3 ms    db_system=postgresql   name=SELECT item
  redis GET cart           1 ms    name=GET cart
GET /orders   x10   every 900 ms   tenant=acme   plan=gold
  SELECT item     x30      9 ms    db_system=postgresql   name=SELECT item
GET /orders   x5    every 20 ms    tenant=t{i}   plan=free   error   status_message=no {i}
  SELECT item              3 ms    db_system=postgresql   name=SELECT item
"""

PICTURE = """\
api /orders                                                 slow against typical
  Slow requests take 270 ms on average, typical ones 4 ms. All of the difference
  is api: SELECT item: 30 calls a request instead of 1 call, 9 ms a call instead
  of 3 ms. All of the slow ones, and none of the typical ones, have plan = gold.
  90 % of the slow ones, and none of the typical ones, began 2026-01-15 09:00:02
  to 09:00:09 UTC.
  105 requests. Slow: 10, the slowest 10 %, from 270 ms on. Typical: 90 that
  take 4 ms.

Where the time goes                              slow  typical    extra    share
  api: SELECT item (db)                        270 ms     3 ms  +267 ms    100 %
    30 calls a request instead of 1 call, 9 ms a call instead of 3 ms; +267 ms
    to +267 ms with 95 % confidence
  2 others                                       0 ms     1 ms    -1 ms   -0.4 %

What sets them apart                             slow  typical     risk        p
  plan = gold                                   100 %      0 %    174 x  < 0.001
    the same requests: tenant = acme

Slow        loglens trace 00000000000000000000000000000064
Typical     loglens trace 0000000000000000000000000000002e
"""
FAILED = """\
api /orders                                            failed against successful
  All of the failed ones fail in api: /orders (no 1). All of the failed ones,
  and none of the successful ones, began 2026-01-15 09:00:10 UTC.
  5 of 105 requests failed (4.8 %), 100 did not.

Where they fail                                                  failed   others
  api: /orders: no 1                                              100 %      0 %

Failed      loglens trace 00000000000000000000000000000069
Successful  loglens trace 00000000000000000000000000000064
"""


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Path:
    path = tmp_path / "why.duckdb"
    shutil.copy(empty_store, path)
    case: Mapping[str, Any] = {"traces": TRACES}
    with open_writer(path) as connection:
        fill(connection, case)
    return path


@pytest.fixture
def at_80_columns(monkeypatch: pytest.MonkeyPatch, shell: Shell, store: Path) -> Shell:
    """Return a shell of 80 columns with that store as its database."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LOGLENS_DB", str(store))
    return shell


@pytest.mark.parametrize("words", [("why", "/orders"), ("why", "GET /o…s"), ("slow", "--why")])
def test_the_picture_says_first_what_matters(words: tuple[str, ...], at_80_columns: Shell) -> None:
    assert at_80_columns(*words) == (0, PICTURE, "")


def test_failed_requests_are_told_by_where_they_fail(at_80_columns: Shell) -> None:
    assert at_80_columns("why", "--errors", "/orders") == (0, FAILED, "")


def test_no_line_is_wider_than_the_terminal(at_80_columns: Shell, monkeypatch: pytest.MonkeyPatch, store: Path) -> None:
    for width in (60, 61, 160):
        monkeypatch.setenv("COLUMNS", str(width))
        for words in (("why", "/orders"), ("why", "all", "--errors")):
            assert max(len(line) for line in at_80_columns(*words).out.splitlines()) <= width


def test_slow_leads_to_why_only_of_routes_that_are_there(store: Path) -> None:
    lens = loglens.open(store)
    assert lens.slow(why=True).rows == lens.why("/orders", service="api").rows
    with pytest.raises(UsageError, match="leave out --by operation"):
        lens.slow(why=True, by="operation")
    with pytest.raises(NotFound, match="Slow routes: there are none here to ask `why` about"):
        lens.slow(why=True, route="/nothing")


def test_the_story_of_a_slow_route_says_why(at_80_columns: Shell) -> None:
    (found,) = list(loglens.open().findings("slow_route").rows)
    told = at_80_columns("findings", "show", found["fingerprint"]).out
    answer = told.partition("api /orders     ")[2].partition("\n\ntrace ")[0]
    assert answer.startswith(" ")
    # Those are compared that were found, however many of the slowest that is.
    assert "105 requests. Slow: 10, from 270 ms on." in answer
    assert PICTURE.partition("\n\nWhere")[2].partition("\n\nSlow  ")[0] in answer


def test_a_route_that_is_not_there_is_named(at_80_columns: Shell) -> None:
    assert at_80_columns("why", "/order") == (
        1,
        "",
        "loglens: No requests of route '/order'. Did you mean '/orders'?\n",
    )
