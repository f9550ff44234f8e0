"""Times as people give them: absolute, or before the end of the data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from conftest import INGESTED_NS, START_NS, MakeStore
from hypothesis import given
from hypothesis import strategies as st

import loglens
from loglens.errors import UsageError
from loglens.scope import FIRST_NS, LAST_NS, Scope, When, end_of_data, resolve
from loglens.store.store import open_reader

END_NS = START_NS + 600 * 10**9
S = 10**9


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-01-15T09:00:00Z", START_NS),
        ("2026-01-15t09:00:00z", START_NS),
        ("2026-01-15 09:00:00", START_NS),
        ("2026-01-15T09:00", START_NS),
        ("2026-01-15T10:30:00+01:30", START_NS),
        ("2026-01-15T01:00:00-0800", START_NS),
        ("2026-01-15 09:00:00 Z", START_NS),
        ("2026-01-15", START_NS - 9 * 3600 * S),
        ("2026-01-15T09:00:00.000000001Z", START_NS + 1),
        ("2026-01-15T09:00:00,5Z", START_NS + S // 2),
        (" 2026-01-15T09:00:00Z ", START_NS),
        (datetime(2026, 1, 15, 9, tzinfo=UTC), START_NS),
        (datetime(2026, 1, 15, 9), START_NS),
        (datetime(2026, 1, 15, 10, tzinfo=timezone(timedelta(hours=1))), START_NS),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("0001-01-01", FIRST_NS),
        ("9999-12-31", LAST_NS),
        ("30m", END_NS - 1800 * S),
        ("2h", END_NS - 7200 * S),
        ("1h30m", END_NS - 5400 * S),
        ("7d", END_NS - 7 * 86_400 * S),
        ("1w", END_NS - 7 * 86_400 * S),
        ("1.5s", END_NS - 3 * S // 2),
        ("500ms", END_NS - S // 2),
        ("10us", END_NS - 10_000),
        ("10µs", END_NS - 10_000),
        ("3ns", END_NS - 3),
        ("0s", END_NS),
        (timedelta(minutes=30), END_NS - 1800 * S),
        ("99999999w", FIRST_NS),
    ],
)
def test_a_time_is_read(when: When, expected: int) -> None:
    assert resolve(when, None, lambda: END_NS) == (expected, LAST_NS)
    assert resolve(None, when, lambda: END_NS) == (FIRST_NS, expected)


@pytest.mark.parametrize(
    "when",
    [
        *("", "yesterday", "2", "-2h", "2 h", "2h ago", "1h1", "2026", "2026-13-01", "2026-02-30", "20260115", "09:00"),
        *(
            "2026-01-15T25:00:00Z",
            "2026-01-15T09:00:00.1234567890Z",
            "2026-01-15T09:00:00+25:00",
            "now",
            "٣h",
            "2h\x00",
        ),
    ],
)
def test_what_is_no_time_is_refused(when: str) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        resolve(when, None, lambda: END_NS)


def test_the_end_of_the_data_is_not_asked_for_absolute_times() -> None:
    def refuse() -> int:
        raise AssertionError

    assert resolve("2026-01-15", "2026-01-16", refuse)[1] - resolve("2026-01-15", None, refuse)[0] == 86_400 * S


def test_without_data_a_relative_time_limits_nothing() -> None:
    assert resolve("2h", "1h", lambda: None) == (FIRST_NS, LAST_NS)


@pytest.mark.parametrize(("since", "until"), [("1h", "2h"), ("2026-01-15", "2026-01-15"), ("2026-01-15", "99d")])
def test_a_range_that_holds_nothing_is_refused(since: str, until: str) -> None:
    with pytest.raises(UsageError, match="is not before until"):
        resolve(since, until, lambda: END_NS)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-14 * 60, 14 * 60))
def test_every_nanosecond_and_offset_reads_back(value: int, offset_minutes: int) -> None:
    seconds, nanoseconds = divmod(value, S)
    zone = timezone(timedelta(minutes=offset_minutes))
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    local = moment.astimezone(zone)
    offset = local.strftime("%z")
    text = f"{local:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}{offset[:3]}:{offset[3:5]}"
    assert resolve(text, None, lambda: None) == (value, LAST_NS)


def test_the_end_of_the_data_ignores_times_later_than_the_ingest(make_store: MakeStore) -> None:
    path = make_store(
        {
            "sources": [{"source_id": 1, "ingested_ns": INGESTED_NS}, {"source_id": 2, "ingested_ns": INGESTED_NS + 5}],
            "logs": [
                {"source_id": 1, "ts_ns": START_NS},
                {"source_id": 1, "ts_ns": INGESTED_NS + 1},
                {"source_id": 1, "ts_ns": None},
            ],
            "spans": [
                {"source_id": 1, "start_ns": START_NS + 7, "duration_ns": 10**18},
                {"source_id": 2, "start_ns": LAST_NS - 1},
            ],
        }
    )
    with open_reader(path) as connection:
        assert end_of_data(connection) == START_NS + 7
        binds = Scope(since="7ns", until="0s", service="api").binds(connection)
    assert binds == {"since_ns": START_NS, "until_ns": START_NS + 7, "service": "api"}


@pytest.mark.parametrize(
    ("rows", "end_ns"),
    [
        ({"metric_samples": [{"ts_ns": START_NS}, {"ts_ns": INGESTED_NS + 1}]}, START_NS),
        ({"metric_samples": [{"ts_ns": START_NS}], "health_checks": [{"ts_ns": START_NS + 1}]}, START_NS + 1),
        ({"logs": [{"ts_ns": None}, {"ts_ns": INGESTED_NS + 1}], "health_checks": [{"ts_ns": START_NS}]}, START_NS),
        ({"logs": [{"ts_ns": START_NS}], "metric_samples": [{"ts_ns": START_NS + 1}]}, START_NS),
    ],
)
def test_metrics_and_health_tell_the_end_of_the_data_where_no_record_or_span_does(
    make_store: MakeStore, rows: dict[str, list[dict[str, Any]]], end_ns: int
) -> None:
    path = make_store({"sources": [{"source_id": 1, "ingested_ns": INGESTED_NS}], **of_source(rows)})
    with open_reader(path) as connection:
        assert end_of_data(connection) == end_ns
        assert Scope(since="1ns").binds(connection)["since_ns"] == end_ns - 1


@pytest.mark.parametrize(
    "rows",
    [
        {"logs": [{"ts_ns": None}]},
        {"spans": [{"start_ns": INGESTED_NS + 1, "duration_ns": 1}]},
        {"metric_samples": [{"ts_ns": None}]},
        {"health_checks": [{"ts_ns": INGESTED_NS + 1}]},
    ],
)
def test_a_relative_time_is_refused_where_records_do_not_tell_the_end(
    make_store: MakeStore, rows: dict[str, list[dict[str, Any]]]
) -> None:
    lens = loglens.open(make_store({"sources": [{"source_id": 1, "ingested_ns": INGESTED_NS}], **of_source(rows)}))
    for asked in (
        partial(lens.slow, since="1h"),
        partial(lens.logs, until="0s"),
        partial(lens.templates, new_since="1h"),
    ):
        with pytest.raises(UsageError, match="to count back from"):
            asked()
    assert lens.slow(since="2227-01-01").rows == []


def test_of_an_empty_database_a_relative_time_asks_for_nothing(make_store: MakeStore) -> None:
    lens = loglens.open(make_store({}))
    assert lens.slow(since="1h").rows == lens.logs(until="1h").rows == []


def of_source(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {table: [{"source_id": 1, **row} for row in some] for table, some in rows.items()}
