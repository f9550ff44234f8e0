"""Times and durations: whatever way a moment or a length of time is written, its nanoseconds come back exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loglens.ingest.durations import UNITS, duration_ns_sql
from loglens.ingest.route_shape import route_shape_sql
from loglens.ingest.timestamps import time_ns_sql

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 10**9


@pytest.fixture(scope="module")
def connection() -> Any:
    with duckdb.connect() as opened:
        yield opened


def ask(connection: duckdb.DuckDBPyConnection, expression: str, **values: Any) -> Any:
    names = ", ".join(f"${name}::VARCHAR AS {name}" for name in values)
    ((answer,),) = connection.execute(f"SELECT {expression} FROM (SELECT {names})", values).fetchall()
    return answer


@settings(deadline=None, max_examples=150)
@given(
    seconds=st.integers(-9_200_000_000, 9_200_000_000),
    fraction=st.integers(0, SECOND - 1),
    digits=st.integers(0, 9),
    separator=st.sampled_from("T "),
    point=st.sampled_from(".,"),
    offset=st.none() | st.integers(-14 * 60, 14 * 60),
)
def test_a_written_time_is_its_nanoseconds(
    connection: Any, seconds: int, fraction: int, digits: int, separator: str, point: str, offset: int | None
) -> None:
    written = f"{fraction:09}"[:digits]
    moment = EPOCH + timedelta(seconds=seconds)
    local = moment.astimezone(timezone(timedelta(minutes=offset or 0)))
    text = local.strftime(f"%Y-%m-%d{separator}%H:%M:%S").rjust(19, "0") + (point + written if digits else "")
    if offset is not None:
        text += f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    assert ask(connection, time_ns_sql("x"), x=text) == seconds * SECOND + int(written.ljust(9, "0"))


@settings(deadline=None, max_examples=150)
@given(ns=st.integers(SECOND * 10**8, SECOND * 9 * 10**9))
def test_epoch_times_are_exact_in_every_unit(connection: Any, ns: int) -> None:
    whole, rest = divmod(ns, SECOND)
    for text, exact in (
        (f"{whole}.{rest:09}", ns),
        (str(whole), whole * SECOND),
        (str(ns // 10**6), ns // 10**6 * 10**6),
        (str(ns // 1000), ns // 1000 * 1000),
        (str(ns), ns),
    ):
        if len(text) >= 9:
            assert ask(connection, time_ns_sql("x"), x=text) == exact, text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01T00:00:00Z",
        "9999-01-01T00:00:00Z",
        "1500-01-01T00:00:00Z",
        "1e400",
        "--1",
        "12:00:00",
    ],
)
def test_what_is_no_time_in_range_is_null(connection: Any, text: str) -> None:
    assert ask(connection, time_ns_sql("x"), x=text) is None


@settings(deadline=None, max_examples=150)
@given(unit=st.sampled_from([unit for unit in UNITS if unit.ns < 10**10]), number=st.decimals(0, 10**5, places=3))
def test_durations_are_exact_with_units_in_text_and_beside(connection: Any, unit: Any, number: Decimal) -> None:
    exact = int((number * unit.ns).to_integral_value("ROUND_HALF_UP"))
    assert ask(connection, duration_ns_sql("x", "u"), x=f"{number}", u=unit.name) == exact
    spellings = {*unit.spellings, *(spelling.upper() for spelling in unit.spellings if spelling.upper() != "M")}
    for spelling in spellings:
        assert ask(connection, duration_ns_sql("x", "u"), x=f"{number}{spelling}", u="s") == exact
        assert ask(connection, duration_ns_sql("x", "u"), x=f"{number:E}{spelling}", u="s") == exact


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/users/1", "/users/{id}"),
        ("/users/1/orders/9f8e7d6c5b4a", "/users/{id}/orders/{id}"),
        ("/v1/responses/resp_68a1b2c3d4e5f6", "/v1/responses/{id}"),
        ("/files/550e8400-e29b-41d4-a716-446655440000?b=1&a=2", "/files/{id}?a&b"),
        ("https://api.example.com/v1/models#top", "/v1/models"),
        ("/v1/chat/completions", "/v1/chat/completions"),
        ("/oauth2/token", "/oauth2/token"),
        ("/", "/"),
        ("", "/"),
    ],
)
def test_a_path_becomes_its_route(connection: Any, path: str, route: str) -> None:
    assert ask(connection, route_shape_sql("x"), x=path) == route


@settings(deadline=None, max_examples=100)
@given(path=st.text(max_size=30))
def test_a_route_is_its_own_route(connection: Any, path: str) -> None:
    route = ask(connection, route_shape_sql("x"), x="/" + path.replace("\0", ""))
    assert ask(connection, route_shape_sql("x"), x=route) == route
