"""Findings from end to end: found, told, acknowledged, held against a baseline, and explained where there is none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import INGESTED_NS, START_NS, MakeStore, Shell, insert_rows
from test_analyses import fill

import loglens
from loglens.detector import Severity
from loglens.detectors import ALL
from loglens.errors import NotFound, UsageError
from loglens.finding import Finding, fingerprint, ranked
from loglens.settings import load_settings
from loglens.store.store import open_writer

SAMPLE = Path(__file__).parent.parent / "sample_logs"
SLOW = fingerprint("slow_route", ["api", "/slow"])


def requests(route: str, count: int, ms: int, prefix: str) -> list[dict[str, object]]:
    return [
        {
            "source_id": 1,
            "line": line,
            "trace_id": f"{prefix}{line:030x}",
            "span_id": f"{prefix}{line:014x}",
            "service": "api",
            "name": f"GET {route}",
            "route": route,
            "kind": "SERVER",
            "status": "UNSET",
            "start_ns": START_NS + line * 10**9,
            "duration_ns": ms * 10**6,
        }
        for line in range(count)
    ]


@pytest.fixture
def slow_store(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a store with one slow route, /slow, and one that is quick; it is the default database."""
    spans = [*requests("/slow", 290, 20, "0a"), *requests("/slow", 10, 900, "0b"), *requests("/quick", 300, 5, "0c")]
    path = make_store({"sources": [{"source_id": 1, "uri": "/x", "ingested_ns": INGESTED_NS}], "spans": spans})
    monkeypatch.setenv("LOGLENS_DB", str(path))
    return path


def test_what_is_found_is_told_in_whole_sentences(
    shell: Shell, slow_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    done = shell("findings")
    assert done == (
        0,
        f"critical  api /slow                      slow_route {SLOW[:8]}\n"
        "  3.3 in 100 requests take 200 ms or longer, typically\n"
        "  900 ms; the median of all is 20 ms. Cost: 8.8 s of waiting\n"
        "  in all. Seen 2026-01-15 09:00:00 to 09:00:09 UTC.\n"
        f"  More: loglens findings show {SLOW[:8]}\n",
        "",
    )


def test_nothing_found_is_said_and_is_no_failure(shell: Shell) -> None:
    done = shell("findings")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("loglens: Nothing found by slow_route")
    assert shell("findings", "--format", "json").out == "[]\n"
    assert shell("check").code == 0


def test_a_story_has_all_that_is_known(shell: Shell, slow_store: Path) -> None:
    done = shell("findings", "show", SLOW[:4])
    for part in (
        f"critical  slow_route {SLOW}\n",
        "where     api /slow\n",
        "cost      8.8 s of waiting in all\n",
        "requests: 300, needs at least 30 (min_requests)\n",
        f'again     loglens sql "$(loglens findings show {SLOW[:8]} --sql)"\n',
        f"trace 0b{0:030x}\n",
    ):
        assert part in done.out
    (row,) = json.loads(shell("findings", "show", SLOW, "--format", "json").out)
    assert row["fingerprint"] == SLOW
    assert {each["trace_id"] for each in row["trace"]} == {f"0b{0:030x}"}
    verdict, sides = row["why"][:2]
    assert (verdict["part"], sides["part"], sides["tail_requests"]) == ("verdict", "requests", 10)
    sql = shell("findings", "show", SLOW, "--sql").out
    (again,) = json.loads(shell("sql", sql, "--format", "json").out)
    assert {name: again[name] for name in row["evidence"]} == row["evidence"]


def test_a_fingerprint_that_is_none_is_refused(shell: Shell, slow_store: Path) -> None:
    assert shell("findings", "show", "xyz") == (1, "", f"loglens: No finding 'xyz'. There is: {SLOW[:8]}.\n")
    assert shell("unack", SLOW[:4]).err == f"loglens: No acknowledged finding {SLOW[:4]!r}. There is: none.\n"


def test_what_is_acknowledged_is_left_out_until_its_day(shell: Shell, slow_store: Path) -> None:
    assert shell("check").code == 3
    done = shell("ack", SLOW[:4], "--reason", "index comes", "--until", "2199-01-01")
    named = f"{SLOW} slow_route api /slow\n"
    assert done == (0, "", f"loglens: Acknowledged until 2199-01-01 00:00:00 UTC: {named}")
    assert shell("check").code == 0
    done = shell("findings")
    assert done.out == ""
    assert done.err.endswith("loglens: Left out: 1 acknowledged.\n")
    assert "Acknowledged: index comes" in shell("findings", "--acked").out
    assert "acknowledged until 2199-01-01 00:00:00 UTC: index comes" in shell("findings", "show", SLOW).out
    with open_writer(slow_store) as connection:
        connection.execute("UPDATE acks SET until_ns = 1")
    assert shell("check").code == 3
    assert "acknowledged and ended 1970-01-01 00:00:00 UTC: index comes" in shell("findings", "show", SLOW).out
    assert shell("unack", SLOW).err == f"loglens: No longer acknowledged: {named}"
    assert loglens.open(slow_store).findings().rows[0]["ack_reason"] is None


def test_an_acknowledgement_may_be_made_anew_and_for_good(slow_store: Path) -> None:
    lens = loglens.open(slow_store)
    lens.ack(SLOW, "first", "90d")
    lens.ack(SLOW, "second", "forever")
    (row,) = lens.findings(acked=True).rows
    assert (row["is_acked"], row["ack_reason"], row["ack_until_ts"]) == (True, "second", None)
    assert lens.findings().rows == []


@pytest.mark.parametrize(
    ("reason", "until", "message"),
    [
        (" ", "90d", "needs a reason"),
        ("x", "2020-01-01", "has passed"),
        ("x", "someday", "is not a time"),
        ("x", "2999-01-01", "Say forever"),
    ],
)
def test_an_acknowledgement_has_a_reason_and_an_end(slow_store: Path, reason: str, until: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        loglens.open(slow_store).ack(SLOW, reason, until)


def test_what_is_in_the_baseline_is_left_out(shell: Shell, slow_store: Path, tmp_path: Path) -> None:
    shell("findings", "--output", "known.json")
    shell("findings", "--output", "known.jsonl")
    Path("none.json").write_text("[]\n")
    for name in ("known.json", "known.jsonl"):
        done = shell("check", "--baseline", name)
        assert (done.code, done.out) == (0, "")
        assert done.err.endswith("Left out: 1 in the baseline.\n")
    assert shell("check", "--baseline", "none.json").code == 3
    for text in ("{}", "[1]", "x", "3"):
        Path("bad.json").write_text(text)
        done = shell("check", "--baseline", "bad.json")
        assert (done.code, done.out) == (2, "")
        assert "bad.json is not a list of findings" in done.err
    with pytest.raises(NotFound):
        loglens.open(slow_store).findings(baseline="missing.json")


def test_check_fails_on_what_is_grave_enough(shell: Shell, slow_store: Path) -> None:
    mild = ("--set", "slow_route.critical_ratio=0.9")
    assert shell("check", "--fail-on", "critical").code == 3
    assert shell("check", "--fail-on", "critical", *mild).code == 0
    done = shell("check", *mild)
    assert done.code == 3
    assert done.out.startswith("warning   api /slow")
    assert done.err.startswith("loglens: 1 finding, warning or graver.")


def test_a_table_is_short_and_a_file_whole(
    shell: Shell, make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans = []
    for number in range(21):
        spans += requests(f"/{number}", 20, 10, f"{number:02x}") + requests(f"/{number}", 15, 900, f"{number + 30:02x}")
    for line, span in enumerate(spans):
        span["line"] = line
    monkeypatch.setenv("LOGLENS_DB", str(make_store({"spans": spans})))
    few = ("--severity", "critical")
    done = shell("findings", *few)
    assert done.out.count("slow_route") == 20
    assert done.err == "loglens: 1 more row; --limit 0 gives all.\n"
    assert shell("findings", *few, "--limit", "0").out.count("slow_route") == 21
    assert len(json.loads(shell("findings", *few, "--format", "json").out)) == 21
    assert shell("check").err.startswith("loglens: 1 more row; --limit 0 gives all.\nloglens: 21 findings, ")


def test_explain_miss_says_which_gate_and_by_how_much(shell: Shell, slow_store: Path) -> None:
    done = shell("explain-miss", "slow_route", "--trace", "0c" + "0" * 29)
    assert done.code == 2, "several traces begin so"
    done = shell("explain-miss", "slow_route", "--trace", f"0c{7:030x}")
    assert done == (
        0,
        "api /quick: no finding\n"
        "  passed  requests: 300, needs at least 30 (slow_route.min_requests)\n"
        "  missed  share of slow requests: 0 %, needs at least 1 %: 1 % missing (slow_route.min_slow_ratio)\n",
        "",
    )
    rows = loglens.open(slow_store).explain_miss("slow_route", f"0b{7:030x}").rows
    assert [(row["is_met"], row["is_found"], row["missing"]) for row in rows] == [(True, True, None)] * 3
    fewer = {"slow_route.min_slow_ratio": 0.05}
    rows = loglens.open(slow_store).explain_miss("slow_route", f"0b{7:030x}", thresholds=fewer).rows
    assert rows[1] == {
        "detector": "slow_route",
        "looked_at": {"service": "api", "route": "/slow"},
        "is_found": False,
        "gate": 2,
        "is_met": False,
        "what": "share of slow requests",
        "value": 10 / 300,
        "rule": "at least",
        "threshold": 0.05,
        "missing": 0.05 - 10 / 300,
        "param": "slow_route.min_slow_ratio",
        "of_all": True,
        "fingerprint": SLOW,
    }


def test_explain_miss_of_a_trace_without_requests(shell: Shell, slow_store: Path) -> None:
    with open_writer(slow_store) as connection:
        insert_rows(connection, "logs", [{"source_id": 1, "line": 9, "trace_id": "dd", "message": "x"}])
    done = shell("explain-miss", "slow_route", "--trace", "dd")
    assert done == (
        0,
        "",
        "loglens: Nothing in trace dd is of the kind that slow_route judges: Some requests of a route take many times"
        " what half of them take, or longer than was promised.\n",
    )
    assert shell("explain-miss", "slow_route", "--trace", "ee").code == 1


def test_thresholds_come_from_the_settings(shell: Shell, slow_store: Path) -> None:
    Path("pyproject.toml").write_text("[tool.loglens.slow_route]\nmin_ms = 5000\nmin_requests = 100\n")
    assert shell("findings").out == ""
    Path("loglens.toml").write_text("[slow_route]\nmin_ms = 100.0\n")
    assert load_settings().thresholds == {"slow_route.min_ms": 100.0, "slow_route.min_requests": 100}
    done = shell("findings", "show", SLOW)
    assert "needs at least 100 (min_requests)" in done.out
    assert (
        "needs at least 200 (min_requests)"
        in shell("findings", "show", SLOW, "--set", "slow_route.min_requests=200").out
    )
    Path("loglens.toml").write_text("[slow_rout]\nmin_ms = 1\n")
    message = "loglens: loglens.toml, or [tool.loglens] in pyproject.toml: No threshold 'slow_rout.min_ms'. "
    assert shell("slow") == (2, "", message + "Did you mean 'slow_route.min_ms'?\n")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("slow_route.min_reqests=3", "slow_route has no threshold 'min_reqests'. Did you mean 'min_requests'?"),
        ("slo_route.min_requests=3", "No threshold 'slo_route.min_requests'. Did you mean 'slow_route.min_requests'?"),
        ("slow_route.min_requests=many", "slow_route: min_requests 'many' is not a whole number"),
        ("min_requests", "is not like slow_route.min_requests=100."),
    ],
)
def test_an_unknown_threshold_is_refused(shell: Shell, slow_store: Path, setting: str, message: str) -> None:
    done = shell("findings", "--set", setting)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_the_sample_logs_hold_what_was_planted(tmp_path: Path) -> None:
    truth = json.loads((SAMPLE / "TRUTH.json").read_text("utf-8"))
    loglens.ingest(SAMPLE, db=tmp_path / "sample.duckdb")
    rows = loglens.open(tmp_path / "sample.duckdb").findings().rows
    known = {detector.name for detector in ALL}
    planted = [
        (known & set(finding["any_of"]), fault["service"], fault["route"].partition(" ")[2])
        for fault in truth["faults"]
        for finding in fault["findings"]
        if known & set(finding["any_of"])
    ]
    for names, service, route in planted:
        assert [
            row["detector"]
            for row in rows
            if (row["service"], row["route"]) == (service, route) and row["detector"] in names
        ], (names, service, route)
    for row in rows:
        assert [
            names
            for names, service, route in planted
            if row["detector"] in names and (row["service"], row["route"]) == (service, route)
        ], row["summary"]


def found(
    name: str, last_ns: int | None, *, severity: Severity = "critical", cost_ms: float = 0, services: int = 1
) -> Finding:
    return Finding(
        detector="new_error",
        severity=severity,
        service="api",
        subject=name,
        summary="",
        fingerprint=name,
        evidence={},
        gates=(),
        sql="",
        advice="",
        cost_ms=cost_ms,
        first_ns=0,
        last_ns=last_ns,
        services=services,
    )


def test_the_gravest_comes_first_then_what_is_not_over_then_what_costs_most() -> None:
    given = [
        found("warning", 100, severity="warning", cost_ms=9e9),
        found("over, and dear", 89, cost_ms=900),
        found("narrow", 100),
        found("wide", 100, services=3),
        found("to the end", 90, cost_ms=5),
        found("without a time", None, cost_ms=7),
    ]
    order = ["without a time", "to the end", "wide", "narrow", "over, and dear", "warning"]
    assert [each.subject for each in ranked(given)] == order


TWICE = """
GET /page    x60    80 ms   every 5000 ms
GET /page    x240   20 ms   every 5000 ms
GET /page    x80    80 ms   every 5000 ms
"""


def test_of_a_problem_that_is_there_twice_the_story_is_of_the_gravest(
    shell: Shell, empty_store: Path, tmp_path: Path
) -> None:
    path = tmp_path / "twice.duckdb"
    shutil.copy(empty_store, path)
    with open_writer(path) as connection:
        fill(connection, {"traces": TWICE})
    first, second = loglens.open(path).findings("latency_shift").rows
    assert first["fingerprint"] == second["fingerprint"]
    story = shell("findings", "show", first["fingerprint"], "--db", str(path)).out
    assert "what      To the end of the data half of 80 requests" in story
