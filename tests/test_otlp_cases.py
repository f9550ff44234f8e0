"""The cases of OTLP JSON, field by field."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from otlp import Row, read_otlp

from loglens.ingest.reader import ReadOptions

FOLDER = Path(__file__).parent / "cases" / "formats"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(FOLDER.glob("otlp_*s.toml"))
    for case in tomllib.loads(path.read_text())["case"]
]


def assert_rows(found: list[Row], expected: list[Row]) -> None:
    """Compare the columns a case names; the text NULL stands for null."""
    wanted = [{key: None if value == "NULL" else value for key, value in row.items()} for row in expected]
    named = [{key: row[key] for key in want} for row, want in zip(found, wanted, strict=False)]
    assert (len(found), named) == (len(wanted), wanted)


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    content = case["content"].removeprefix("\n").encode()
    read = read_otlp(content, tmp_path / "content", ReadOptions(duration_unit=case.get("duration_unit")))
    for table in ("spans", "logs", "metric_samples"):
        assert_rows(read.rows(table), case.get(table, []))
    assert_rows(read.rejects, case.get("reject", []))
    for name, value in case.get("counts", {}).items():
        assert getattr(read.counts, name) == value, name
