"""Every detector on small stores: what it finds and where it stays quiet are data, beside this file."""

from __future__ import annotations

import json
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from test_analyses import NULL, ONE_SOURCE, fill

import loglens
from loglens.api import Lens
from loglens.detect import accept_thresholds
from loglens.detector import MAX_Q
from loglens.detectors import ALL
from loglens.finding import gate_object
from loglens.store.store import open_writer

CASES = Path(__file__).parent / "cases" / "detectors"


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


@pytest.mark.parametrize(
    ("detector", "case"),
    [
        pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
        for path in sorted(CASES.glob("*.toml"))
        for case in cases_of(path.stem)
    ],
)
def test_case(detector: str, case: Mapping[str, Any], empty_store: Path, tmp_path: Path) -> None:
    path = tmp_path / "case.duckdb"
    shutil.copy(empty_store, path)
    with open_writer(path) as connection:
        fill(connection, {"sources": ONE_SOURCE, **case})
    lens = loglens.open(path)
    found = lens.findings(detector, thresholds=case.get("set")).rows
    wanted = case.get("finds", [])
    assert [told(row, finding, found) for row, finding in zip(found, wanted, strict=False)] == wanted
    assert len(found) == len(wanted), [row["summary"] for row in found]
    for row in found:
        assert_reproduced(lens, row, case.get("set", {}))
        assert_explained(lens, row, case.get("set", {}))


def assert_reproduced(lens: Lens, row: Mapping[str, Any], thresholds: Mapping[str, Any]) -> None:
    """Hold that the statement of a finding gives its evidence, and that its words and gates follow from that alone."""
    (detector,) = (each for each in ALL if each.name == row["detector"])
    with lens.asking_sql(row["sql"], 0) as answer:
        (again,) = answer.rows()
    (shown,) = lens.sql(row["sql"]).rows
    assert {name: shown[name] for name in row["evidence"]} == row["evidence"]
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
