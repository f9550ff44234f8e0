"""Every detector on small stores: what it finds and where it stays quiet are data, beside this file."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from test_analyses import fill

import loglens
from loglens.detectors import ALL
from loglens.store.store import open_writer

CASES = Path(__file__).parent / "cases" / "detectors"


def cases_of(name: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = tomllib.loads((CASES / f"{name}.toml").read_text("utf-8"))["case"]
    return cases


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
        fill(connection, case)
    lens = loglens.open(path)
    found = lens.findings(detector, thresholds=case.get("set")).rows
    wanted = case.get("finds", [])
    assert [{name: row[name] for name in finding} for row, finding in zip(found, wanted, strict=False)] == wanted
    assert len(found) == len(wanted), [row["summary"] for row in found]
    for row in found:
        (again,) = lens.sql(row["sql"]).rows
        assert {name: again[name] for name in row["evidence"]} == row["evidence"]


@pytest.mark.parametrize("name", [detector.name for detector in ALL])
def test_half_of_the_cases_are_quiet(name: str) -> None:
    cases = cases_of(name)
    quiet = [case for case in cases if not case.get("finds")]
    assert len(cases) >= 15
    assert len(quiet) >= len(cases) // 2
