"""The tree of a trace and its drawing: what is whole, what is broken, and what steers a terminal."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loglens.analyses import BY_NAME
from loglens.analysis import Row
from loglens.text import cut, display_width, visible
from loglens.trace_tree import BACKWARDS, NOTES, tree_rows
from loglens.waterfall import critical_sections, draw

MS = 1_000_000


def span(own: str, parent: str | None, start: float | None, ms: float | None, **columns: Any) -> Row:
    """Return a span as the statement of `trace` gives it; `parent` names one, `gone` one that is not in the data."""
    return {
        "record": "span",
        "service": "api",
        "name": own,
        "status": "UNSET",
        "status_code": None,
        "kind": "INTERNAL",
        "peer": None,
        "start_ts": None if start is None else round(start * MS),
        "duration_ns": None if ms is None else round(ms * MS),
        "trace_id": "aabb",
        "span_id": own,
        "parent_span_id": parent,
        "source_id": 1,
        "line": 1,
        "ordinal": 0,
        "node": own,
        "parent": None if parent == "gone" else parent,
        "parent_state": {None: "root", "gone": "missing"}.get(parent, "local"),
        "skew_ns": 0,
        "self_ns": None if ms is None else round(ms * MS),
        "critical_ns": None,
        **columns,
    }


def log(span_id: str | None, at: float | None, name: str = "said", **columns: Any) -> Row:
    said = {"record": "log", "span_id": span_id, "name": name, "status": "INFO", "kind": None, "peer": None}
    derived = dict.fromkeys(("node", "parent", "parent_state", "skew_ns", "self_ns", "critical_ns"))
    return span("", None, at, None) | derived | said | columns


def outline(rows: list[Row]) -> list[tuple[int, str]]:
    return [(row["depth"], row["name"]) for row in tree_rows(rows)]


def column(rows: list[Row], name: str) -> dict[str, Any]:
    return {row["name"]: row[name] for row in tree_rows(rows)}


def test_brothers_come_in_order_of_time_with_their_children_below() -> None:
    rows = [span("b", "a", 5, 1), span("d", "c", 3, 1), span("c", "a", 2, 2), span("a", None, 0, 10)]
    assert outline(rows) == [(0, "a"), (1, "c"), (2, "d"), (1, "b")]


def test_brothers_that_start_together_come_longer_first_then_as_they_stand() -> None:
    rows = [span("a", None, 0, 9), span("x", "a", 1, 1, line=3), span("y", "a", 1, 1, line=2), span("z", "a", 1, 2)]
    assert outline(rows) == [(0, "a"), (1, "z"), (1, "y"), (1, "x")]


def test_a_span_whose_parent_is_not_there_follows_the_roots() -> None:
    rows = [span("o", "gone", 0, 1), span("below", "o", 0, 1), span("a", None, 5, 1)]
    assert outline(rows) == [(0, "a"), (0, "o"), (1, "below")]
    assert column(rows, "is_orphan") == {"a": False, "o": True, "below": False}


def test_several_roots_stand_beside_each_other() -> None:
    assert outline([span("b", None, 5, 1), span("a", None, 1, 1)]) == [(0, "a"), (0, "b")]


def test_what_has_no_place_stands_between_the_trees_and_what_has_lost_its_parent() -> None:
    states = ["cycle", "duplicate", "too deep", "oversized"]
    rows = [span("lost", "gone", 0, 1), *(span(state, None, 5, 1, parent_state=state) for state in states)]
    rows += [span("a", None, 9, 9), span("b", "a", 9, 1, parent_state="attached"), log("gone", 9)]
    assert outline(rows) == [(0, "a"), (1, "b"), (1, "said"), *((0, state) for state in states), (0, "lost")]
    notes = column(rows, "note")
    assert {name: notes[name] for name in states} == {state: NOTES[state] for state in states}
    assert (notes["b"], notes["a"], notes["lost"]) == (NOTES["attached"], None, None)


def test_records_of_a_shared_id_hang_below_their_service_and_rather_the_callee() -> None:
    rows = [
        span("call", None, 0, 9, kind="CLIENT", service="web", span_id="x"),
        span("serve", "call", 1, 7, kind="SERVER", service="api", span_id="x"),
        log("x", 2, "by the callee", service="api"),
        log("x", 2, "by the caller", service="web"),
        log("x", 2, "by another", service="else"),
    ]
    assert outline(rows) == [
        *[(0, "call"), (1, "serve"), (2, "by the callee"), (2, "by another"), (1, "by the caller")],
    ]


def test_where_clocks_differ_spans_stand_where_they_were_corrected_to() -> None:
    rows = [span("a", None, 10, 10), span("b", "a", 500, 4, skew_ns=-488 * MS)]
    assert column(rows, "offset_ms") == {"a": 0.0, "b": 2.0}
    assert column(rows, "outside_ms") == {"a": None, "b": None}
    assert column(rows, "skew_ms") == {"a": None, "b": -488.0}
    assert draw(tree_rows(rows), 80).splitlines()[-1] == "the clock of api is corrected by -488 ms"


def test_records_hang_below_their_span_or_the_only_root() -> None:
    rows = [
        span("a", None, 0, 9),
        span("b", "a", 1, 2),
        log("b", 2, "in b"),
        log("gone", 3, "where"),
        log(None, 0, "so"),
    ]
    assert outline(rows) == [(0, "a"), (1, "so"), (1, "b"), (2, "in b"), (1, "where")]


def test_records_stand_alone_where_several_roots_could_be_theirs() -> None:
    rows = [span("a", None, 0, 1), span("b", None, 1, 1), log(None, 1, "whose")]
    assert outline(rows) == [(0, "a"), (0, "b"), (0, "whose")]


def test_offsets_count_from_the_earliest_span_and_how_far_a_span_reaches_outside_is_told() -> None:
    rows = [span("a", None, 10, 10), span("b", "a", 8, 5), span("c", "a", 15, 9), span("d", "a", 11, 9), log("a", 7)]
    assert column(rows, "offset_ms") == {"a": 2.0, "b": 0.0, "c": 7.0, "d": 3.0, "said": -1.0}
    assert column(rows, "outside_ms") == {"a": None, "b": 2.0, "c": 4.0, "d": None, "said": None}


def test_missing_and_negative_times_stay_what_they_are() -> None:
    rows = [span("a", None, None, 5), span("b", "a", 3, -2), span("c", "a", 1, None)]
    told = {row["name"]: (row["offset_ms"], row["duration_ms"], row["self_ms"], row["note"]) for row in tree_rows(rows)}
    assert told == {"a": (None, 5.0, 5.0, None), "b": (2.0, -2.0, None, BACKWARDS), "c": (0.0, None, None, None)}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.none() | st.integers(0, 9), max_size=12))
def test_whatever_the_parents_every_span_is_placed_once(parents: list[int | None]) -> None:
    rows = [
        span(str(own), None if parent is None or parent >= own else str(parent), own, 1, line=own)
        for own, parent in enumerate(parents)
    ]
    placed = tree_rows(rows)
    assert sorted(row["line"] for row in placed) == list(range(len(parents)))
    assert all(deeper["depth"] <= row["depth"] + 1 for row, deeper in pairwise(placed))


@pytest.mark.parametrize("shape", ["chain", "fan", "random"])
def test_ten_thousand_spans_are_no_trouble(shape: str) -> None:
    chance = random.Random(7)
    parents = {n: {"chain": n - 1, "fan": 0, "random": chance.randrange(n)}[shape] for n in range(1, 10_000)}
    rows = [span("0", None, 0, 99), *(span(str(n), str(parents[n]), n / 1000, 20 - n / 1000) for n in parents)]
    drawn = draw(tree_rows(rows), 80)
    assert drawn.count("\n") == 10_000 + 4
    assert max(map(display_width, drawn.splitlines())) <= 80


def test_the_drawing() -> None:
    rows = [
        span("GET /a", None, 0, 100, kind="SERVER", status="ERROR", status_code=500, self_ns=20 * MS),
        span("SELECT", "GET /a", 10, 40, service="db"),
        span("late", "GET /a", 60, 90, status_code=200),
        span("lost", "gone", 20, 5),
        log("SELECT", 30, "slow query"),
        log(None, 99, "failed: timeout", status="ERROR"),
    ]
    assert draw(tree_rows(rows), 80).splitlines() == [
        "trace aabb",
        "1970-01-01T00:00:00Z, 150 ms, 4 spans, 2 log records, 2 services, 1 failed",
        "",
        "span                          start ms       ms    self",
        "api: GET /a                       0.00      100    20.0 500! █████████████",
        "├ db: SELECT                      10.0     40.0    40.0       █████",
        "│ └ · 30.0 ms INFO slow query",
        "├ api: late                       60.0     90.0    90.0 200 ~       ████████████",
        "└ · 99.0 ms ERROR failed: timeout",
        "parent not in the data:",
        "api: lost                         20.0     5.00    5.00        █",
        "",
        "~ reaches outside its parent: the clocks differ, or it went on after the answer",
    ]


def test_the_drawing_of_what_is_deep_long_and_broken() -> None:
    rows = [
        span("a", None, 0, 20_000_000),
        *(span(own, parent, 0, 20_000_000) for parent, own in pairwise("abcdefgh")),
        span("again and again and again", "a", 19_999_990, -5, parent_state="attached"),
        span("z", "a", 19_999_999, 1),
    ]
    assert draw(tree_rows(rows), 72).splitlines()[3:] == [
        "span                   start ms         ms       self",
        "api: a                     0.00 20,000,000 20,000,000      █████████████",
        "├ api: b                   0.00 20,000,000 20,000,000      █████████████",
        "│ └ api: c                 0.00 20,000,000 20,000,000      █████████████",
        "│   └ api: d               0.00 20,000,000 20,000,000      █████████████",
        "│     └ api: e             0.00 20,000,000 20,000,000      █████████████",
        "│       └ api: f           0.00 20,000,000 20,000,000      █████████████",
        "          …6 api: g        0.00 20,000,000 20,000,000      █████████████",
        "          …7 api: h        0.00 20,000,000 20,000,000      █████████████",
        "├ api: agai…nd again 19,999,990      -5.00",
        "│ ! parent not in the data; only this caller encloses it",
        "└ api: z             19,999,999       1.00       1.00                  █",
    ]


def test_the_drawing_of_the_critical_path() -> None:
    rows = [
        span("GET /a", None, 0, 100, critical_ns=30 * MS),
        span("SELECT", "GET /a", 0, 50, critical_ns=50 * MS),
        span("beside", "GET /a", 0, 40),
        span("late", "GET /a", 80, 25, critical_ns=20 * MS),
    ]
    assert draw(tree_rows(rows, critical=True), 80).splitlines()[3:] == [
        "span                          start ms       ms    path",
        "api: GET /a                       0.00      100    30.0      ░░░░░░░░░█████░░░░",
        "├ api: SELECT                     0.00     50.0    50.0      █████████",
        "├ api: beside                     0.00     40.0              ░░░░░░░",
        "└ api: late                       80.0     25.0    20.0     ~              ████░",
        "",
        "█ on the critical path, ░ beside it",
        "critical path: api: SELECT 50 %, api: GET /a 30 %, api: late 20 %",
        "~ reaches outside its parent: the clocks differ, or it went on after the answer",
    ]
    assert "critical" not in draw(tree_rows(rows), 80)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), max_size=6))
def test_sections_of_the_critical_path_are_its_parts(children: list[tuple[int, int]]) -> None:
    end, path = 100, []
    for start, ms in sorted(children, key=sum, reverse=True):
        if ms and start + ms <= end:
            path.append(span(str(start), "a", start, ms, critical_ns=ms * MS))
            end = start
    left = 100 - sum(row["duration_ns"] // MS for row in path)
    rows = tree_rows([span("a", None, 0, 100, critical_ns=left * MS), *path], critical=True)
    sections = critical_sections(rows)
    for row in rows:
        assert sum(finish - begin for begin, finish in sections[id(row)]) == pytest.approx(row["critical_ms"])


def test_the_drawing_of_records_alone() -> None:
    assert draw(tree_rows([log(None, 5, "b"), log(None, 1.5, "a")]), 80).splitlines() == [
        "trace aabb",
        "1970-01-01T00:00:00.0015Z, 2 log records, 1 service",
        "",
        "· 0.00 ms INFO a",
        "· 3.50 ms INFO b",
    ]


def test_a_trace_of_no_length_or_no_time_is_drawn() -> None:
    assert draw(tree_rows([span("a", None, 0, 0)]), 80).splitlines()[-1].endswith("▏")
    assert draw(tree_rows([span("a", None, None, None)]), 80).splitlines()[-1] == "api: a"


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_none_can_steer_it(width: int) -> None:
    name = "\x1b[31m\u202e你好世界👩‍💻\n" + "x" * 300
    rows = [span("a", None, 0, 9, name=name, service="s\x9b"), log("a", 1, name), span("b", "a", -5, 90)]
    drawn = draw(tree_rows(rows), width)
    assert all(display_width(line) <= width for line in drawn.splitlines())
    assert not set(drawn) & set("\x1b\x9b\u202e")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("a\tb\nc\r", "a\\tb\\nc\\r"),
        ("\x1b[2J\x07\x00", "\\x1b[2J\\x07\\x00"),
        ("\x7f\x9b31m", "\\x7f\\x9b31m"),
        ("user\u202egnp.exe\u2066", "user\\u202egnp.exe\\u2066"),
        ("\ufeffzero\u200bwidth", "\\ufeffzero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("你好 é👩‍💻", "你好 é👩‍💻"),
        ("", ""),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown


@given(st.text())
def test_visible_text_has_nothing_that_moves_the_cursor(text: str) -> None:
    shown = visible(text)
    shown.encode()
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)


@given(st.text().map(visible), st.integers(0, 40), st.booleans())
def test_text_is_cut_to_its_room(text: str, width: int, at_end: bool) -> None:
    shown = cut(text, width, at_end)
    assert display_width(shown) <= width
    assert shown == text if display_width(text) <= width else shown.count("…") >= min(width, 1)


def test_a_trace_with_fewer_lines_is_headed_by_all_of_it() -> None:
    rows = tree_rows([span("a", None, 0, 10), span("b", "a", 1, 12, status="ERROR", service="db"), log("b", 2)])
    whole = draw(rows, 80).splitlines()
    part = BY_NAME["trace"].draw_part
    assert part is not None
    drawn = part(rows, 1, 80).splitlines()
    assert drawn[:5] == whole[:5]
    assert drawn[1].endswith("13.0 ms, 2 spans, 1 log record, 2 services, 1 failed")
    assert drawn[5:] == whole[7:]
