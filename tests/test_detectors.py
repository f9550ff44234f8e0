"""Every detector on small stores: what it finds and where it stays quiet are data, beside this file."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import insert_table
from log_notation import log_rows
from span_notation import span_rows
from test_analyses import NULL, ONE_SOURCE, fill

import loglens
from loglens.api import Lens
from loglens.detect import accept_thresholds
from loglens.detector import MAX_Q
from loglens.detectors import ALL
from loglens.finding import gate_object
from loglens.store.store import open_writer

CASES = Path(__file__).parent / "cases" / "detectors"


@cache
def cases_of(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = tomllib.loads((CASES / f"{name}.toml").read_text("utf-8"))["case"]
    return cases


def told(row: Mapping[str, Any], wanted: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields of a finding that a case tells; what it is part of is told by its subject."""
    by_fingerprint = {each["fingerprint"]: each["subject"] for each in found}
    values = {name: row[name] for name in wanted}
    if "part_of" in values:
        values["part_of"] = by_fingerprint.get(values["part_of"])
    if "evidence" in values:
        values["evidence"] = {name: _plain(row["evidence"][name]) for name in wanted["evidence"]}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    return NULL if value is None else value


def is_shared(detector: str, case: Mapping[str, Any]) -> bool:
    """Say whether a case can lie in one store with others: nothing is set, and no other route changes its verdict."""
    by_name = {each.name: each for each in ALL}
    asks = {*case} - {"name", "finds", "held"}
    # What is computed looks at all of the time there is.
    is_alone = by_name[detector].watches.is_computed or MAX_Q in by_name[detector].params
    return len(asks) == 1 and asks <= {"traces", "records"} and not is_alone


PARAMS = [
    pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
    for path in sorted(CASES.glob("*.toml"))
    for case in cases_of(path.stem)
]
SHARED = [param for param in PARAMS if is_shared(*param.values)]  # type: ignore[arg-type]


def shared_rows(table: str, cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of cases that lie in one store, told apart by a number in front of their services and ids."""
    rows: list[dict[str, Any]] = []
    for number, case in enumerate(cases):
        told_by = (
            span_rows(case["traces"]) if table == "spans" else log_rows(case["records"], case.get("held", "trace"))
        )
        for row in told_by:
            ids = {name: f"{number}-{row[name]}" for name in ("service", "trace_id", "request_id") if row.get(name)}
            rows.append({**row, **ids, "line": len(rows) + 1})
    return rows


@pytest.fixture(scope="module")
def ask_shared(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], tuple[Lens, Any]]:
    """Return a function that gives what a detector finds in all its cases of `traces`, or of `records`."""

    @cache
    def find(detector: str, key: str) -> tuple[Lens, Any]:
        table = {"traces": "spans", "records": "logs"}[key]
        path = tmp_path_factory.mktemp("shared") / "case.duckdb"
        shutil.copy(empty_store, path)
        with open_writer(path) as connection:
            fill(connection, {"sources": ONE_SOURCE})
            insert_table(connection, table, shared_rows(table, shared_cases(detector, key)))
        lens = loglens.open(path)
        return lens, lens.findings(detector).rows

    return find


def shared_cases(detector: str, key: str) -> list[dict[str, Any]]:
    return [case for case in cases_of(detector) if is_shared(detector, case) and key in case]


@pytest.mark.parametrize(("detector", "case"), SHARED)
def test_case_among_others(
    detector: str, case: Mapping[str, Any], ask_shared: Callable[[str, str], tuple[Lens, Any]]
) -> None:
    key = "traces" if "traces" in case else "records"
    number = shared_cases(detector, key).index(dict(case))
    lens, everything = ask_shared(detector, key)
    mine = [row for row in everything if row["service"].startswith(f"{number}-")]
    found = json.loads(re.sub(rf"\b{number}-", "", json.dumps(mine)))
    wanted = case.get("finds", [])
    assert [told(row, finding, found) for row, finding in zip(found, wanted, strict=False)] == wanted
    assert len(found) == len(wanted), [row["summary"] for row in found]
    if number < 3:
        for row in mine:
            assert_reproduced(lens, row, {})
            assert_explained(lens, row, {})


@pytest.mark.parametrize(("detector", "case"), [param for param in PARAMS if param not in SHARED])
def test_case(detector: str, case: Mapping[str, Any], empty_store: Path, tmp_path: Path) -> None:
    path = tmp_path / "case.duckdb"
    shutil.copy(empty_store, path)
    with open_writer(path) as connection:
        fill(connection, {"sources": ONE_SOURCE, **case})
        insert_table(connection, "logs", log_rows(case.get("records", ""), case.get("held", "trace")))
    lens = loglens.open(path)
    found = lens.findings(detector, thresholds=case.get("set")).rows
    wanted = case.get("finds", [])
    assert [told(row, finding, found) for row, finding in zip(found, wanted, strict=False)] == wanted
    assert len(found) == len(wanted), [row["summary"] for row in found]
    # Statements of detectors whose cases share a store are held there.
    for row in found if detector not in {param.values[0] for param in SHARED} else ():
        assert_reproduced(lens, row, case.get("set", {}))
    for row in found[:1]:
        assert_explained(lens, row, case.get("set", {}))


def assert_reproduced(lens: Lens, row: Mapping[str, Any], thresholds: Mapping[str, Any]) -> None:
    """Hold that the statement of a finding gives its evidence, and that its words and gates follow from that alone."""
    (detector,) = (each for each in ALL if each.name == row["detector"])
    with lens.asking_sql(row["sql"], 0) as answer:
        (again,) = answer.rows()
    if detector.watches.row_sql:
        assert again == {name: row["evidence"][name] for name in again}
        return
    assert {name: again[name] for name in row["evidence"]} == row["evidence"]
    verdict = detector.judge(again, accept_thresholds(ALL, thresholds)[detector.name])
    for name in ("severity", "subject", "summary", "cost_ms", "gain_ms"):
        assert getattr(verdict, name) == row[name], name
    assert list(verdict.caveats) == row["caveats"]
    told = [json.loads(json.dumps(gate_object(gate))) for gate in verdict.gates]
    # What is corrected for all that was judged is known only beside the other rows.
    assert told == [gate for gate in row["gates"] if gate["param"] != MAX_Q.name]


def assert_explained(lens: Lens, row: Mapping[str, Any], thresholds: Mapping[str, Any]) -> None:
    """Hold that `explain-miss` of a request that a finding names knows the finding."""
    for trace_id in row["exemplar_trace_ids"]:
        gates = lens.explain_miss(row["detector"], trace_id, thresholds=thresholds).rows
        assert {gate["is_found"] for gate in gates if gate["fingerprint"] == row["fingerprint"]} == {True}


@pytest.mark.parametrize("name", [detector.name for detector in ALL])
def test_half_of_the_cases_are_quiet(name: str) -> None:
    cases = cases_of(name)
    quiet = [case for case in cases if not case.get("finds")]
    assert len(cases) >= 15
    assert len(quiet) >= len(cases) // 2
    assert len(quiet) < len(cases)


@pytest.mark.parametrize("kind", ["reads", "writes", "looped pipelines", "across services", "logs alone"])
def test_each_kind_of_n_plus_one_has_thirty_cases_and_half_of_them_are_quiet(kind: str) -> None:
    cases = [case for case in cases_of("n_plus_one") if case["name"].startswith(f"{kind}: ")]
    quiet = [case for case in cases if not case.get("finds")]
    assert len(cases) >= 30
    assert len(quiet) >= len(cases) // 2
    assert len(quiet) < len(cases)


# What looks like N+1 and is none, or is one and hard to see, and the cases that hold it.
SITUATIONS = {
    "batched inserts": ("writes: all rows at once", "writes: batches by their size"),
    "paging": ("reads: pages by offset", "reads: pages by key"),
    "retries after an error": ("reads: the same statement after each error is asked again",),
    "cache warm-up": (
        "reads: a cache is warmed up once",
        "reads: a cold cache: the first two requests load, the others do not",
    ),
    "agent loops": ("reads: an agent calls a tool a turn", "looped pipelines: an agent with two tools"),
    "composite spans": ("reads: calls that an agent recorded as one span", "writes: recorded as one span"),
    "ORM wrapper and driver": (
        "reads: a call of an ORM around the one of its driver is one call",
        "writes: through an ORM",
    ),
    "async gather": ("reads: gathered: all at once", "across services: all at once"),
    "statements cut off": ("reads: a statement that was cut off behind its table",),
    "hidden parameters": ("reads: values that are hidden may differ", "writes: values hidden"),
    "interleaved": ("looped pipelines: two statements in turn are one finding",),
    "different parents": ("reads: under a parent each, inside one request", "writes: under a parent each"),
    "two traces mixed": ("reads: two traces at once with three each",),
    "sampled": ("reads: sampled, one request in ten kept",),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_situations_that_mislead_detectors_of_n_plus_one_have_cases(situation: str) -> None:
    names = {case["name"] for case in cases_of("n_plus_one")}
    assert names.issuperset(SITUATIONS[situation])
