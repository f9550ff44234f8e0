"""Every renderer, byte by byte: the cases are TOML, the runner asks their SQL and renders the answer."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.answer import Answer
from loglens.ask import ask_sql
from loglens.columns import Column, quoted, strict_json, time_text
from loglens.reports import ALL, Page, html, table
from loglens.reports import json as json_array
from loglens.reports.cells import number
from loglens.text import display_width

CONNECTION = duckdb.connect()
CASES = Path(__file__).parent / "cases" / "reports"


def cases() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.toml")):
        for case in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            yield pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")


def answer_of(sql: str) -> Answer:
    return ask_sql(CONNECTION, sql, 0).held()


@pytest.mark.parametrize(("format_name", "case"), list(cases()))
def test_case(format_name: str, case: dict[str, Any]) -> None:
    answer = answer_of(case["sql"])
    answer.greyed = case.get("greyed")
    answer.subject = case.get("subject")
    answer.aside = case.get("aside", ())
    answer.ordered = case.get("ordered", ())
    answer.grouped = case.get("grouped", ())
    page = Page(case.get("width"), case.get("colour", False), case.get("terminal", False))
    render = html.render if format_name == "html" else next(each for each in ALL if each.name == format_name).render
    assert "".join(render(answer, page)) == case["expect"]
    assert page.notes == case.get("notes", [])


def test_every_renderer_has_cases() -> None:
    assert {path.stem for path in CASES.glob("*.toml")} == {renderer.name for renderer in ALL} | {"html"}


@pytest.mark.parametrize("width", range(1, 121))
def test_a_table_is_never_wider_than_its_page(width: int) -> None:
    sql = "SELECT 'a' AS s, 123 AS n, repeat('漢字', 40) AS wide, repeat('x', 300) AS long, 'ab' AS trace_id"
    page = Page(width)
    lines = "".join(table.render(answer_of(sql), page)).splitlines()
    assert max(map(display_width, lines)) <= max(width, 1)
    assert bool(page.notes) == (len(re.split(" +", lines[-1].strip())) < 5)


@given(st.text())
def test_no_text_can_steer_a_terminal(text: str) -> None:
    answer = Answer("t", (Column("message", "VARCHAR"), Column("j", "JSON")), [(text, json.dumps([text]))], "")
    for renderer in ALL:
        drawn = "".join(renderer.render(answer, Page(width=80, is_terminal=True)))
        assert re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", drawn) is None


@given(st.lists(st.tuples(st.none() | st.text(), st.none() | st.integers(), st.none() | st.floats(allow_nan=False))))
def test_json_reads_back_what_was_written(rows: list[tuple[Any, ...]]) -> None:
    columns = (Column("a", "VARCHAR"), Column("b", "HUGEINT"), Column("c", "DOUBLE"))
    read = json.loads("".join(json_array.render(Answer("t", columns, rows, ""), Page())))
    finite = [(a, b, c if c is not None and abs(c) < float("inf") else None) for a, b, c in rows]
    assert [tuple(row.values()) for row in read] == finite


# The two values at the end of the range are the infinities of DuckDB.
@given(st.lists(st.integers(-(2**63) + 10**9, 2**63 - 2), min_size=20))
def test_a_time_keeps_its_nanoseconds(values: list[int]) -> None:
    found = CONNECTION.execute("SELECT CAST(make_timestamp_ns(unnest(?)) AS VARCHAR)", [values]).fetchall()
    column = Column("t", "TIMESTAMP_NS")
    assert [time_text(column, value) for value in values] == [text.replace(" ", "T") + "Z" for (text,) in found]


@pytest.mark.parametrize(
    ("written", "strict"),
    [
        ('{"a": 1}', '{"a": 1}'),
        ('{"a":1}\n', '{"a":1}'),
        ('{\n "a": "x\\ny"\r\n}', '{  "a": "x\\ny"  }'),
        ('{"a":1,"a":2}', '{"a":1,"a":2}'),
        ("1.12345678901234567890", "1.12345678901234567890"),
        ("[1e400]", "[1e400]"),
        ('[NaN,-Infinity,"NaN"]', '[null,null,"NaN"]'),
        ('{"a":[1,2,],}', '{"a":[1,2]}'),
        ('["x,]",]', '["x,]"]'),
        ('"\x9b31m\u202e"', '"\\u009b31m\\u202e"'),
        ("not json", '"not json"'),
        ("[" * 501 + "]" * 501, '"' + "[" * 501 + "]" * 501 + '"'),
        ("[" * 20_000 + "]" * 20_000, '"' + "[" * 20_000 + "]" * 20_000 + '"'),
        ('["' + "[" * 501 + '"]', '["' + "[" * 501 + '"]'),
    ],
)
def test_json_of_the_store_becomes_strict(written: str, strict: str) -> None:
    assert strict_json(written) == strict
    json.loads(strict)


def test_quoted_text_is_exact() -> None:
    hostile = '\x00\x1b[31m"\\\x7f\x9b\u202e\u2028漢😀'
    assert json.loads(quoted(hostile)) == hostile
    assert quoted(hostile) == '"\\u0000\\u001b[31m\\"\\\\\\u007f\\u009b\\u202e\\u2028漢😀"'


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (1234567.8, "1,234,568"),
        (99.96, "100"),
        (99.94, "99.9"),
        (9.996, "10.0"),
        (9.99, "9.99"),
        (1.0, "1.00"),
        (0.9996, "1.00"),
        (0.5, "0.500"),
        (0.01234, "0.012"),
        (0.00001, "1e-05"),
        (-12.345, "-12.3"),
        (float("nan"), ""),
        (float("inf"), ""),
    ],
)
def test_numbers_for_people(value: float, shown: str) -> None:
    assert number(value) == shown
