"""The notation of spans in case files says what it seems to."""

from __future__ import annotations

import pytest
from conftest import START_NS
from span_notation import outline, span_rows


def test_spans_follow_one_another_below_their_parent() -> None:
    rows = span_rows(
        """
        GET /orders                            100 ms
          SELECT * FROM item WHERE id = {i}      x2     4 ms
          redis GET cart:1
          http GET prices/items/{i}              x2     9 ms    every 2 ms    at 60 ms
            prices: GET /items/{id}                     7 ms
          load                                                  cpu.id=3
            chat gpt                                    5 ms    error
        """
    )
    assert list(outline(rows)) == [
        (0, "GET /orders", 0, 100),
        (1, "SELECT", 0, 4),
        (1, "SELECT", 4, 4),
        (1, "GET", 8, 1),
        (1, "GET", 60, 9),
        (2, "GET /items/{id}", 60, 7),
        (1, "GET", 62, 9),
        (2, "GET /items/{id}", 62, 7),
        (1, "load", 71, 5),
        (2, "chat gpt", 71, 5),
    ]
    assert [row["service"] for row in rows] == ["api"] * 5 + ["prices", "api", "prices", "api", "api"]
    assert [row["kind"] for row in rows[:4]] == ["SERVER", "CLIENT", "CLIENT", "CLIENT"]
    assert rows[2]["db_query"] == "SELECT * FROM item WHERE id = 2"
    assert (rows[6]["path"], rows[6]["route"], rows[6]["peer_service"]) == (
        "http://prices/items/2",
        "/items/{id}",
        "prices",
    )
    assert rows[8]["attributes"] == '{"cpu.id": 3}'
    assert rows[9]["status"] == "ERROR"


def test_a_loop_is_no_span_and_repeats_its_children() -> None:
    rows = span_rows(
        """
        GET /orders
          loop                                x2
            SELECT a WHERE id = {i}                 2 ms
            SELECT b WHERE id = {i}                 3 ms
        """
    )
    assert [row["db_query"] for row in rows[1:]] == [f"SELECT {name} WHERE id = {i}" for i in (1, 2) for name in "ab"]
    assert next(outline(rows)) == (0, "GET /orders", 0, 10)
    assert {row["parent_span_id"] for row in rows[1:]} == {rows[0]["span_id"]}


def test_every_root_is_a_trace() -> None:
    rows = span_rows(
        """
        GET /a    x2    5 ms    every 1 s    user_id=u{t}
          SELECT 1
        receive jobs
        """
    )
    assert [int(row["trace_id"], 16) for row in rows] == [1, 1, 2, 2, 3]
    assert [row["start_ns"] - START_NS for row in rows if row["parent_span_id"] is None] == [0, 10**9, 2 * 10**9]
    assert [row["user_id"] for row in rows if row["parent_span_id"] is None and "user_id" in row] == ["u1", "u2"]
    assert [row["kind"] for row in rows] == ["SERVER", "CLIENT", "SERVER", "CLIENT", "CONSUMER"]


def test_a_field_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="'4 m' is no field of a span line"):
        span_rows("GET /a  4 m")
