"""The structure of traces against brute force, and what is odd about real ones."""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import duckdb
import pytest
from conftest import START_NS, insert_many_spans, insert_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from span_notation import span_rows
from structure_oracle import Node, structure

from loglens.deriving import derive
from loglens.store.scripts import create_views
from loglens.store.store import open_writer

Row = Mapping[str, Any]
CASES = Path(__file__).parent / "cases" / "derivations" / "trace_structure.toml"
# TOML has no null.
NULL = "∅"
SERVICES = ("api", "db")
# Brute force counts in these: five of them are the overhang that is cut off silently.
UNIT_NS = 200_000
KINDS = ("SERVER", "CLIENT", "PRODUCER", "CONSUMER", "INTERNAL")


@pytest.fixture(scope="module")
def folder(empty_store: Path) -> Iterator[Path]:
    """Return a folder with an empty store; hypothesis copies it for each example."""
    with tempfile.TemporaryDirectory() as name:
        shutil.copy(empty_store, Path(name) / "empty.duckdb")
        yield Path(name)


def derived(folder: Path, rows: Sequence[Row], steps: Sequence[Sequence[Row]] = ()) -> list[dict[str, Any]]:
    """Return span_tree over a store of these spans, with spans named by their line; `steps` come one after another."""
    path = folder / "x.duckdb"
    shutil.copy(folder / "empty.duckdb", path)
    for number, step in enumerate([rows, *steps], start=1):
        with open_writer(path) as connection:
            insert_rows(
                connection, "sources", [{"source_id": number, "uri": "/x", "ingested_ns": number, "begun_ns": 1}]
            )
            insert_many_spans(connection, [{**row, "source_id": number} for row in step])
        derive(path)
    with duckdb.connect(path, read_only=True) as connection:
        create_views(connection)
        found = connection.execute(
            """
            SELECT
                own.*,
                upper.line AS parent,
                root.line AS root,
                entry.line AS invocation,
                head.line AS path
            FROM span_tree AS own
            LEFT JOIN span_tree AS upper ON own.parent = upper.node
            JOIN span_tree AS root ON own.root = root.node
            JOIN span_tree AS entry ON own.invocation = entry.node
            JOIN span_tree AS head ON own.path = head.node
            ORDER BY own.line
            """
        )
        names = [column[0] for column in found.description]
        # The columns named last are the places, in the stead of nodes.
        return [dict(zip(names, values, strict=True)) for values in found.fetchall()]


@st.composite
def traces(draw: st.DrawFn, most: int = 9) -> list[dict[str, Any]]:
    """Draw spans of a few traces: any parent, also none, a missing one, a later one or itself; any kind; few times."""
    rows: list[dict[str, Any]] = []
    for trace in range(draw(st.integers(1, 12))):
        count = draw(st.integers(1, most))
        for number in range(count):
            parents: list[str | None] = [None, "gone", *(f"s{other}" for other in range(count))]
            earlier: list[str | None] = [f"s{other}" for other in range(number)]
            parent = draw(st.sampled_from(earlier * 6 + parents if earlier else [None, None, None, "gone", "s0"]))
            rows.append(
                {
                    "line": len(rows) + 1,
                    "ordinal": 0,
                    "trace_id": f"t{trace}",
                    "span_id": f"s{number}",
                    "parent_span_id": parent,
                    "service": draw(st.sampled_from(SERVICES)),
                    "instance": "one",
                    "name": "x",
                    "kind": draw(st.sampled_from(KINDS)),
                    "start": draw(
                        st.one_of(st.integers(0, 12), st.integers(0, 30), st.none() if number else st.just(3))
                    ),
                    "duration": draw(st.one_of(st.integers(0, 40), st.integers(0, 12), st.sampled_from([None, -3]))),
                    "status": "UNSET",
                }
            )
    return rows


def stored(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return drawn spans as rows of the table."""
    return [
        {name: value for name, value in row.items() if name not in {"start", "duration"}}
        | {"start_ns": times(row["start"]), "duration_ns": times(row["duration"])}
        for row in rows
    ]


def times(units: int | None) -> int | None:
    return None if units is None else units * UNIT_NS


def ranks(rows: Sequence[Row]) -> dict[str, int]:
    with duckdb.connect() as connection:
        return dict(
            connection.execute(
                "SELECT i, hash(i) FROM (SELECT unnest(?) AS i)", [[r["span_id"] for r in rows]]
            ).fetchall()
        )


def expected(rows: Sequence[Row]) -> list[dict[str, Any]]:
    nodes: list[Node] = []
    for trace in dict.fromkeys(row["trace_id"] for row in rows):
        nodes += structure([row for row in rows if row["trace_id"] == trace], ranks(rows))
    return [told(node) for node in nodes]


def line(node: Node | None) -> int | None:
    return None if node is None else node.row["line"]


def told(node: Node) -> dict[str, Any]:
    is_timed = node.start is not None and node.state != "cycle"
    return {
        "line": node.row["line"],
        "parent": line(node.parent),
        "root": line(node.root),
        "invocation": line(node.invocation),
        "path": line(node.path or node),
        "parent_state": node.state,
        "is_entry": node.is_entry,
        "is_async": node.is_async,
        "depth": node.depth,
        "begin_ns": times(node.begin) if is_timed else None,
        "finish_ns": times(node.finish) if is_timed else None,
        "self_ns": times(node.own),
        "path_ns": times(node.on_path),
    }


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=traces())
def test_random_traces_are_as_brute_force_has_them(folder: Path, rows: list[dict[str, Any]]) -> None:
    # Fragments may be hung where they belong, which brute force leaves undone; those of consumers stay apart.
    for row in rows:
        if row["parent_span_id"] == "gone":
            row["kind"] = "CONSUMER"
    wanted = expected(rows)
    found = [{name: row[name] for name in wanted[0]} for row in derived(folder, stored(rows))]
    assert found == wanted


def all_cases() -> list[Any]:
    cases = tomllib.loads(CASES.read_text("utf-8"))["case"]
    return [pytest.param(case, id=case["name"]) for case in cases]


@pytest.mark.parametrize("case", all_cases())
def test_case(folder: Path, case: Row) -> None:
    rows = span_rows(case["spans"])
    for row in rows:
        row.update({name: None for name, value in row.items() if value == NULL})
    found = derived(folder, rows)
    shown = [[shown_value(row, name) for name in case["columns"]] for row in found]
    assert shown[-case["last"] if "last" in case else 0 :] == case["rows"]


def shown_value(row: Row, name: str) -> Any:
    value = row[name.replace("_ms", "_ns")]
    if value is None:
        return NULL
    if name in {"begin_ms", "finish_ms"}:
        value -= START_NS
    return value / 1e6 if name.endswith("_ms") else value


PLACES = ("line", "parent", "root", "invocation", "path", "parent_state", "skew_ns", "begin_ns", "finish_ns", "path_ns")


def placed(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in PLACES) for row in rows]


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=traces(), cut=st.integers(0, 60))
def test_spans_that_come_later_leave_what_one_run_gives(folder: Path, rows: list[dict[str, Any]], cut: int) -> None:
    spans = stored(rows)
    assert placed(derived(folder, spans[:cut], [spans[cut:]])) == placed(derived(folder, spans))


AHEAD = """
GET /a                  100 ms   x{times}
  http GET b/x           80 ms   at 10 ms
    b: GET /x            70 ms   at {at} ms
"""


def test_an_offset_that_is_known_later_corrects_what_came_before(folder: Path) -> None:
    rows = span_rows(AHEAD.format(times=12, at=205) + AHEAD.format(times=12, at=206))
    corrected = {row["skew_ns"] for row in derived(folder, rows[:36]) if row["service"] == "b"}
    assert corrected == {-200_000_000}
    together = derived(folder, rows[:36], [rows[36:]])
    assert placed(together) == placed(derived(folder, rows))
    assert {row["skew_ns"] for row in together if row["service"] == "b"} == {-200_500_000}


def test_clocks_half_a_second_off_are_found_to_within_milliseconds(folder: Path) -> None:
    random = Random(42)
    off_ns = {"api": 0, "b": 500_000_000, "c": -500_000_000, "d": 250_000_000}
    rows: list[dict[str, Any]] = []
    true_ns: list[int] = []
    for trace in range(60):
        begin, end, parent = trace * 10**9, trace * 10**9 + 90_000_000, None
        for service, off in off_ns.items():
            for kind, most_ns in (("SERVER", 2_000_000), ("CLIENT", 10_000_000)):
                if parent:
                    begin, end = begin + random.randrange(most_ns), end - random.randrange(most_ns)
                row = {"line": len(rows) + 1, "ordinal": 0, "trace_id": f"t{trace}", "span_id": f"s{len(rows)}"}
                row |= {"parent_span_id": parent, "service": service, "instance": f"{service}-1", "kind": kind}
                row |= {"name": "x", "start_ns": begin + off, "duration_ns": end - begin, "status": "UNSET"}
                rows.append(row)
                true_ns.append(begin)
                parent = row["span_id"]
    found = derived(folder, rows)
    residuals = [abs(row["start_ns"] + row["skew_ns"] - true) for row, true in zip(found, true_ns, strict=True)]
    assert median(residuals) < 5e6
    assert max(residuals) < 10e6
    assert all(row["self_ns"] >= 0 and not row["is_async"] for row in found)
