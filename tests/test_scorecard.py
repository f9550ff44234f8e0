"""The scorecard counts what it says: right, wrong and missed, by detector and by fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglens.detectors import ALL
from scorecard.page import page
from scorecard.runs import GROUPS, Found, Planted, Run, examined
from scorecard.score import Score, is_about, scored

SAMPLE = Path(__file__).parents[1] / "sample_logs"


def found(detector: str, service: str, route: str | None, subject: str = "it") -> Found:
    return Found(detector, service, route, subject, "")


LOOP = Planted("loop", "api", "GET /list/{list_id}", (("n_plus_one", "fan_out"),))
SLOW = Planted("slow", "api", "GET /search", (("slow_route",), ("slow_query",)))
QUIET = Planted("paging", "api", "GET /archive", ())


@pytest.mark.parametrize(
    ("finding", "is_it"),
    [
        (found("n_plus_one", "api", "/list/{id}"), True),
        (found("n_plus_one", "api", "GET /list/{list_id}"), True),
        (found("slow_route", "api", None, "/list/{id}"), True),
        (found("n_plus_one", "web", "/list/{id}"), False),
        (found("n_plus_one", "api", "/list"), False),
    ],
)
def test_a_finding_is_about_a_route_however_it_is_spelled(finding: Found, is_it: bool) -> None:
    assert is_about(finding, LOOP) is is_it


def score_of_three_runs() -> Score:
    twice = (found("fan_out", "api", "/list/{id}"), found("fan_out", "api", "/list/{id}", "again"))
    return scored(
        [
            Run(1, "faults", (LOOP, SLOW), (*twice, found("slow_route", "api", "/search"))),
            Run(2, "faults", (LOOP, SLOW), (found("slow_route", "api", "/other"), found("fan_out", "api", "/search"))),
            Run(1, "look-alikes", (QUIET,), (found("fan_out", "api", "/archive"),)),
        ],
        ["slow_route", "n_plus_one", "fan_out"],
    )


def test_findings_are_right_wrong_or_missed() -> None:
    score = score_of_three_runs()
    counts = {name: (each.planted, each.found, each.right, each.wrong) for name, each in score.detectors.items()}
    # What either of two detectors may name is asked of the first of them.
    assert counts == {"slow_route": (2, 1, 1, 1), "n_plus_one": (2, 1, 0, 0), "fan_out": (0, 0, 1, 2)}
    assert (score.detectors["slow_route"].recall, score.detectors["slow_route"].precision) == (0.5, 0.5)
    assert (score.detectors["fan_out"].recall, score.detectors["n_plus_one"].precision) == (None, None)
    assert {kind: (each.planted, each.found, each.wrong) for kind, each in score.kinds.items()} == {
        "loop": (2, 1, 0),
        "slow": (2, 1, 1),
        "paging": (0, 0, 1),
    }
    assert score.unwatched == {"slow_query"}
    missed = {(each.detector, each.kind): (times, score.seeds[each]) for each, times in score.missed.items()}
    assert missed == {("n_plus_one or fan_out", "loop"): (1, 2), ("slow_route", "slow"): (1, 2)}
    assert {(each.detector, each.kind, each.where) for each in score.wrong} == {
        ("slow_route", "nothing", "api /other"),
        ("fan_out", "slow", "api /search"),
        ("fan_out", "paging", "api /archive"),
    }


def test_the_page_shows_the_figures_and_what_went_wrong() -> None:
    score = score_of_three_runs()
    for kind in GROUPS["look-alikes"]:
        score.kinds.setdefault(kind, type(score.kinds["loop"])())
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page(score, [1, 2], 12).splitlines()]
    assert ["slow_route", "2", "1", "0.500", "1", "1", "0.500"] in rows
    assert ["n_plus_one", "2", "1", "0.500", "0", "0", ""] in rows
    assert ["paging", "2", "1"] in rows
    assert ["n_plus_one or fan_out", "loop", "GET /list/{list_id}", "", "1", "2"] in rows
    assert ["fan_out", "paging", "api /archive", "it", "1", "1"] in rows


def test_the_findings_of_the_sample_are_what_its_truth_says(tmp_path: Path) -> None:
    run = examined(SAMPLE, tmp_path / "sample.duckdb", 7, "faults")
    score = scored([run], [detector.name for detector in ALL])
    assert {each.kind for each in run.planted} == set(GROUPS["faults"])
    assert (score.missed, score.wrong) == ({}, {})
