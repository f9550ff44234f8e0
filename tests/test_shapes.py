"""Shapes of calls: what is one shape and what is not, for any text, masked or as it was recorded."""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglens.shape import Shape, shape_id
from loglens.shapes import shape_call
from loglens.shapes.masks import is_mysql_sql, mask_sql
from loglens.shapes.sql import shape_sql
from loglens.shapes.sql_tokens import Family, tokens
from loglens.shapes.traits import is_routine, is_write

FOLDER = Path(__file__).parent / "cases" / "shapes"
DATA = Path(__file__).parents[2] / "shared" / "data" / "go-sqllexer" / "cases.jsonl"
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
    for path in sorted(FOLDER.glob("*.toml"))
    for case in tomllib.loads(path.read_text("utf-8"))["case"]
]
FAMILIES: tuple[Family, ...] = get_args(Family)
# Pieces of statements that are put together in any order.
PIECES = st.sampled_from(
    [
        *("SELECT", "FROM", "IN", "VALUES", "NULL", "DATE", "LIMIT", "a", "t1", "é", "q", "N", "E", "_utf8", "v$x"),
        *(
            "'x'",
            "'it''s'",
            "''",
            "'",
            '"',
            '"a b"',
            "`",
            "[a b]",
            "[1]",
            "[",
            "]",
            "(",
            ")",
            ",",
            ";",
            ".",
            "...",
            "…",
        ),
        *(
            "1",
            "12",
            "1.5",
            "1e-5",
            "0xff",
            "2020-01-01",
            "2020-01-01 10:00:00",
            "550e8400-e29b-41d4-a716-446655440000",
        ),
        *("?", "?1", "$1", ":x", ":1", "%s", "%(a)s", "@p", "@@x", "$$", "$a$", "::", "=", "-", "+", "*", "/", "#"),
        *("--", "/*", "*/", "\n", "\\", "\\'", "q'[", "]'", "😀", "\x00", "\x01", "{", "}"),
    ]
)


def shape_of(kind: str, case: Mapping[str, Any], text: str) -> Shape:
    return shape_call(
        case.get("kind", kind),
        text,
        is_named=case.get("is_named", False),
        is_mysql=case.get("family") == "mysql",
    )


@pytest.mark.parametrize(("kind", "case"), CASES)
def test_case(kind: str, case: Mapping[str, Any]) -> None:
    names = ("operation", "target", "has_hidden", "items", "is_paging", "is_truncated", "tags")
    wanted = Shape(case["shape"], **{name: case[name] for name in names if name in case})
    assert shape_of(kind, case, case["texts"][0]) == wanted
    for text in case["texts"][1:]:
        assert shape_of(kind, case, text).text == wanted.text, text


@pytest.mark.parametrize("family", FAMILIES)
@given(text=st.text() | st.lists(PIECES, max_size=12).map("".join))
def test_every_text_is_its_tokens_and_has_a_shape(family: Family, text: str) -> None:
    assert "".join(token.text for token in tokens(text, family)) == text
    assert shape_sql(text, family).text.strip(" ") == shape_sql(text, family).text
    for kind in ("redis", "document", "http", "grpc", "messaging", "llm", "call"):
        shape_call(kind, text)
    shape_call("sql", text, is_named=True)


@pytest.fixture(scope="module")
def masks() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@pytest.mark.parametrize("family", FAMILIES)
@given(pieces=st.lists(st.lists(PIECES, max_size=12).map(" ".join), min_size=1, max_size=20))
def test_a_mask_keeps_the_shape(family: Family, pieces: list[str], masks: duckdb.DuckDBPyConnection) -> None:
    rows = masks.execute(
        f"SELECT text, {mask_sql('text', family)} FROM (SELECT unnest($texts) AS text)", {"texts": pieces}
    ).fetchall()
    for text, masked in rows:
        before, after = shape_sql(text, family), shape_sql(masked, family)
        assert (after.text, after.has_hidden, after.items) == (before.text, before.has_hidden, before.items), masked


def test_masks_make_one_of_many(masks: duckdb.DuckDBPyConnection) -> None:
    statement = f"""
        SELECT DISTINCT {mask_sql("text", "standard")} FROM (
            SELECT unnest([
                'SELECT "a1" FROM t WHERE id = ' || i || ' AND x = ''' || i || ' it''''s "5"'' /* ' || i || ' */',
                'SELECT [a 1] FROM é' || ' WHERE id = ' || i || ' AND x IN (' || i || ', ' || i || '.5)',
                'UPDATE t1 SET at = ''2024-01-05 10:00:0' || i || ''' WHERE id = ' || i || '::int'
            ]) AS text
            FROM range(9) AS numbers(i)
        )
    """
    assert len(masks.execute(statement).fetchall()) == 3


@pytest.mark.parametrize(
    ("system", "text", "is_mysql"),
    [
        ("mysql", "SELECT 1", True),
        ("postgresql", "SELECT `a`", False),
        ("", "SELECT `a` FROM t", True),
        ("", 'SELECT a FROM t WHERE b = "x"', True),
        ("", 'SELECT a FROM t WHERE a."b" = "t"."c"', False),
        ("", 'SELECT "a" FROM "t"', False),
    ],
)
def test_how_a_statement_quotes(system: str, text: str, is_mysql: bool, masks: duckdb.DuckDBPyConnection) -> None:
    statement = f"SELECT {is_mysql_sql('$system', '$text')}"
    assert masks.execute(statement, {"system": system, "text": text}).fetchall() == [(is_mysql,)]


def test_the_number_of_a_shape_is_the_same_everywhere() -> None:
    assert shape_id("sql", "SELECT ?") == 701745744394217318
    assert shape_id("redis", "SELECT ?") != shape_id("sql", "SELECT ?")


@pytest.mark.parametrize(
    ("kind", "text", "traits"),
    [
        ("sql", "SELECT a FROM t", ""),
        ("sql", "WITH a AS (SELECT 1) UPDATE t SET b = 1", "write"),
        ("sql", "BEGIN", "routine"),
        ("sql", "set search_path to x", "routine"),
        ("sql", "select 1", "routine"),
        ("sql", "SELECT typname FROM pg_catalog.pg_type WHERE oid = $1", "routine"),
        ("sql", "pool.acquire", "routine"),
        ("sql", "INSERT INTO connections (a) VALUES (1)", "write"),
        ("redis", "PING", "routine"),
        ("redis", "HSET a b c", "write"),
        ("redis", "GET a", ""),
        ("document", '{"insert":"a","documents":[]}', "write"),
        ("document", '{"ismaster":1}', "routine"),
        ("http", "POST\napi\n/orders", "write"),
        ("http", "GET\napi\n/orders/{id}", ""),
        ("http", "GET\nauth\n/realms/x/protocol/openid-connect/certs", "routine"),
        ("http", "GET\napi\n/healthz", "routine"),
        ("grpc", "grpc.health.v1.Health/Check", "routine"),
        ("messaging", "send\norders", "write"),
        ("call", "\ntcp.connect", "routine"),
        ("call", "s3\nPutObject", ""),
    ],
)
def test_traits(kind: str, text: str, traits: str) -> None:
    shape = shape_call(kind, text)
    found = [name for name, holds in (("write", is_write), ("routine", is_routine)) if holds(kind, shape)]
    assert " ".join(found) == traits


@pytest.mark.skipif(not DATA.exists(), reason="the folder ../shared/data is absent")
def test_statements_of_another_project_are_grouped_as_there() -> None:
    """All but those that docs/query_shapes.md explains."""
    ours, theirs = defaultdict(set), defaultdict(set)
    for number, line in enumerate(DATA.read_text("utf-8").splitlines()):
        case = json.loads(line)
        family: Family = "mysql" if case["dbms"] == "mysql" else "standard"
        shape = shape_sql(case["input"], family)
        assert not shape.is_truncated, case["case"]
        ours[case["dbms"], shape.text].add(number)
        theirs[case["dbms"], case["outputs"][0]["expected"].rstrip("; ")].add(number)
    mates = [{number: group for group in groups.values() for number in group} for groups in (ours, theirs)]
    differing = [number for number, group in mates[0].items() if group != mates[1][number]]
    assert len(mates[0]) == 373
    assert len(differing) == 7
