"""What broke in incidents that others wrote is among the first three findings, with the default settings."""

from __future__ import annotations

from pathlib import Path

import pytest

import loglens

SHARED = (folder / "shared" / "data" / "hyperdx" / "eval" for folder in Path(__file__).parents)
FOLDER = next((folder for folder in SHARED if folder.is_dir()), None)


@pytest.mark.slow
@pytest.mark.skipif(FOLDER is None, reason="the incidents of hyperdx are not part of this repository")
@pytest.mark.parametrize(
    ("incident", "service", "detector"),
    [
        ("error-root-cause", "payment-service", "new_error"),
        ("deploy-regression", "checkout-api", "error_level_shift"),
    ],
)
def test_the_first_cause_is_among_the_first_three_findings(
    incident: str, service: str, detector: str, tmp_path: Path
) -> None:
    assert FOLDER is not None
    loglens.ingest(FOLDER / incident, tmp_path / "incident.duckdb")
    rows = loglens.open(tmp_path / "incident.duckdb").findings().rows
    assert (service, detector) in [(row["service"], row["detector"]) for row in rows[:3]]
