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


@pytest.mark.slow
@pytest.mark.skipif(FOLDER is None, reason="the incidents of hyperdx are not part of this repository")
@pytest.mark.parametrize(
    ("incident", "question", "asked", "column", "service", "begin"),
    [
        ("noisy-signals", "errors", {}, "error", "worker", "job.failed.permanent"),
        ("deploy-regression", "errors", {}, "error", "checkout-api", "TypeError"),
        (
            "error-root-cause",
            "errors",
            {"route": "/api/checkout"},
            "error",
            "payment-service",
            "ConnectionTimeoutError",
        ),
        ("error-root-cause", "templates", {"new_since": "30m"}, "template", "payment-service", "timeout connecting to"),
    ],
)
def test_the_matching_question_tells_it_among_its_first_three(
    incident: str, question: str, asked: dict[str, str], column: str, service: str, begin: str, tmp_path: Path
) -> None:
    assert FOLDER is not None
    loglens.ingest(FOLDER / incident, tmp_path / "incident.duckdb")
    rows = getattr(loglens.open(tmp_path / "incident.duckdb"), question)(**asked).rows[:3]
    assert any(
        service in str(row.get("service") or row.get("services")) and row[column].startswith(begin) for row in rows
    )


@pytest.mark.slow
@pytest.mark.skipif(FOLDER is None, reason="the incidents of hyperdx are not part of this repository")
def test_noise_that_is_always_there_is_no_burst(tmp_path: Path) -> None:
    assert FOLDER is not None
    loglens.ingest(FOLDER / "noisy-signals", tmp_path / "incident.duckdb")
    lens = loglens.open(tmp_path / "incident.duckdb")
    assert lens.bursts().rows == lens.findings().rows == []
