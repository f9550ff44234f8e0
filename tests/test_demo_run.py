"""What the generator writes is whole, nested, realistic, the same every time, and as its truth says."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from loglens.demo import generate
from loglens.errors import LoglensError, UsageError

SAMPLE = Path(__file__).parent.parent / "sample_logs"
SERVER, CONSUMER = 2, 5


@dataclass(frozen=True)
class Span:
    trace_id: str
    span_id: str
    parent: str
    service: str
    pod: str
    name: str
    kind: int
    start_ns: int
    end_ns: int
    attributes: dict[str, Any]
    failed: bool


def read_spans(directory: Path) -> Iterator[Span]:
    for line in (directory / "traces.otlp.jsonl").read_text().splitlines():
        for resource_spans in json.loads(line)["resourceSpans"]:
            resource = attributes_of(resource_spans["resource"])
            for scope_spans in resource_spans["scopeSpans"]:
                for span in scope_spans["spans"]:
                    yield Span(
                        span["traceId"],
                        span["spanId"],
                        span.get("parentSpanId", ""),
                        resource["service.name"],
                        resource["k8s.pod.name"],
                        span["name"],
                        span["kind"],
                        int(span["startTimeUnixNano"]),
                        int(span["endTimeUnixNano"]),
                        attributes_of(span),
                        span.get("status", {}).get("code") == 2,
                    )


def attributes_of(holder: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in holder.get("attributes", [])}


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text().splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        yield record


def truth_of(directory: Path) -> dict[str, Any]:
    truth: dict[str, Any] = json.loads((directory / "TRUTH.json").read_text())
    return truth


def nanoseconds(text: str) -> int:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return int(datetime.fromisoformat(whole + "+00:00").timestamp()) * 10**9 + int((fraction + "0" * 9)[:9])


@pytest.fixture(scope="module")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("scaled")
    generate(directory, seed=3, minutes=6, scale=19)
    return directory


@pytest.fixture(params=["sample", "scaled"])
def run(request: pytest.FixtureRequest) -> Path:
    if request.param == "sample":
        return SAMPLE
    directory: Path = request.getfixturevalue("scaled")
    return directory


def test_the_sample_is_what_the_generator_writes(tmp_path: Path) -> None:
    generate(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in SAMPLE.iterdir() if path.name != "README.md"}
    assert written.keys() == kept.keys()
    assert [name for name in written if written[name] != kept[name]] == []


def test_the_sample_is_small_and_its_main_routes_have_enough_requests_for_a_p99() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.iterdir()) < 5_000_000
    requests = Counter(span.name for span in read_spans(SAMPLE) if span.kind == SERVER)
    assert {name for name, count in requests.items() if count >= 299} == {
        "GET /v1/messages/search",
        "GET /v1/conversations/{conversation_id}",
        "GET /v1/responses/{response_id}",
        "POST /v1/chat/completions",
    }


def test_ids_are_unique_and_every_span_lies_inside_its_parent(run: Path) -> None:
    spans = list(read_spans(run))
    by_id = {span.span_id: span for span in spans}
    assert len(by_id) == len(spans) == truth_of(run)["files"]["traces.otlp.jsonl"]["spans"]
    outside = []
    for span in spans:
        assert span.start_ns <= span.end_ns
        if span.parent:
            parent = by_id[span.parent]
            assert parent.trace_id == span.trace_id
            if span.start_ns < parent.start_ns or span.end_ns > parent.end_ns:
                outside.append(span.kind)
    assert set(outside) == {CONSUMER}
    roots = Counter(span.trace_id for span in spans if not span.parent)
    assert set(roots.values()) == {1}
    assert len(roots) == len({span.trace_id for span in spans})


def test_every_log_record_belongs_to_a_span_of_its_service(run: Path) -> None:
    spans = {(span.trace_id, span.span_id): span.service for span in read_spans(run)}
    access = Counter[tuple[str, str]]()
    for path in run.glob("*.log"):
        for record in read_records(path):
            assert spans[(record["trace_id"], record["span_id"])] == record["service"] == path.stem
            if "status" in record:
                access[(record["trace_id"], record["span_id"])] += 1
    answered = [span for span in read_spans(run) if span.kind == SERVER]
    assert access == Counter((span.trace_id, span.span_id) for span in answered)


@pytest.mark.parametrize(
    ("file", "units_per_second"),
    [("llm-api.log", 1), ("response-api.log", 1), ("media-api.log", 10**3), ("mcp-tools.log", 10**9)],
)
def test_access_records_carry_the_duration_of_their_span_in_the_unit_of_their_library(
    run: Path, file: str, units_per_second: int
) -> None:
    taken = {span.span_id: span.end_ns - span.start_ns for span in read_spans(run)}
    records = [record for record in read_records(run / file) if "status" in record]
    assert records
    for record in records:
        assert record["duration"] * 10**9 / units_per_second == pytest.approx(taken[record["span_id"]], abs=501)


def test_truth_counts_the_lines_of_every_file(run: Path) -> None:
    for name, counts in truth_of(run)["files"].items():
        lines = (run / name).read_text().splitlines()
        assert len(lines) == counts["lines"]
        assert sum(not line for line in lines) == counts.get("blank", 0)
        braces = [line for line in lines if line.startswith("{")]
        assert len(lines) - len(braces) == counts.get("blank", 0) + counts.get("plain", 0)
        whole = list(read_records(run / name))
        assert len(braces) - len(whole) == counts.get("broken", 0)
        if name.endswith(".log"):
            assert len(whole) == counts["records"]


def test_the_planted_slow_route_is_by_far_the_slowest(run: Path) -> None:
    (fault,) = [fault for fault in truth_of(run)["faults"] if fault["kind"] == "slow_route"]
    taken = defaultdict(list)
    slow = 0
    for span in read_spans(run):
        if span.kind == SERVER:
            taken[(span.service, span.name)].append(span.end_ns - span.start_ns)
        slow += span.attributes.get("db.query.text") == fault["evidence"]["statement"] and (
            span.end_ns - span.start_ns > 400_000_000
        )
    p99 = {key: sorted(values)[-(-99 * len(values) // 100) - 1] for key, values in taken.items()}
    ranked = sorted(p99, key=lambda key: -p99[key])
    assert ranked[0] == (fault["service"], fault["route"])
    assert p99[ranked[0]] > 2 * p99[ranked[1]]
    assert len(taken[ranked[0]]) == fault["evidence"]["requests"]
    assert slow == fault["evidence"]["slow_requests"]


def test_the_planted_burst_fails_as_often_as_the_truth_says(run: Path) -> None:
    (fault,) = [fault for fault in truth_of(run)["faults"] if fault["kind"] == "error_burst"]
    start, end = nanoseconds(fault["start"]), nanoseconds(fault["end"])
    served = [span for span in read_spans(run) if span.kind == SERVER and span.name == fault["route"]]
    inside = [span for span in served if start <= span.start_ns < end]
    evidence = fault["evidence"]
    assert len(inside) == evidence["requests_in_window"]
    assert sum(span.failed for span in inside) == evidence["failed_in_window"]
    assert sum(span.failed for span in served) == evidence["failed_in_window"] + evidence["failed_outside_window"]
    assert evidence["failed_in_window"] > 0.75 * len(inside)
    failed = [span for span in served if span.failed]
    assert {span.attributes["http.response.status_code"] for span in failed} == {"500"}
    assert {span.attributes["error.type"] for span in failed} == {evidence["exception_type"]}
    assert min(span.start_ns for span in failed) == nanoseconds(fault["first_request_at"])
    assert max(span.start_ns for span in failed) == nanoseconds(fault["last_request_at"])


def test_the_planted_n_plus_one_repeats_its_statement_in_every_request(run: Path) -> None:
    (fault,) = [fault for fault in truth_of(run)["faults"] if fault["kind"] == "n_plus_one"]
    statement, evidence = fault["evidence"]["statement"], fault["evidence"]
    spans = list(read_spans(run))
    repeats = sorted(
        Counter(span.parent for span in spans if span.attributes.get("db.query.text") == statement).values()
    )
    assert len(repeats) == evidence["requests"] == sum(span.name == fault["route"] for span in spans)
    assert (repeats[0], repeats[-1]) == (evidence["fewest_per_request"], evidence["most_per_request"])
    assert sum(repeats) == evidence["calls"]
    assert repeats[0] >= 6
    found = {span.trace_id for span in spans}
    assert set(fault["trace_ids"]) <= found


def test_copies_run_in_pods_of_their_own_and_lie_in_the_same_minutes(scaled: Path) -> None:
    spans = list(read_spans(scaled))
    pods = Counter(span.service for span in {span.pod: span for span in spans}.values())
    assert pods == {"llm-api": 38, "response-api": 38, "media-api": 38, "mcp-tools": 38, "media-worker": 19}
    lines = (scaled / "metrics.otlp.jsonl").read_text().splitlines()
    measured = [attributes_of(json.loads(line)["resourceMetrics"][0]["resource"]) for line in lines]
    assert {resource["k8s.pod.name"] for resource in measured} == {span.pod for span in spans}
    truth = truth_of(scaled)
    assert min(span.start_ns for span in spans) >= nanoseconds(truth["from"])
    assert max(span.start_ns for span in spans) < nanoseconds(truth["to"]) + 20 * 10**9


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, scaled: Path) -> None:
    generate(tmp_path / "again", seed=3, minutes=6, scale=19)
    generate(tmp_path / "other", seed=4, minutes=6)
    for path in scaled.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
        assert path.read_bytes() != (tmp_path / "other" / path.name).read_bytes()


def test_the_summary_is_what_the_truth_says(tmp_path: Path) -> None:
    demo = generate(tmp_path / "new" / "folder", minutes=1)
    truth = truth_of(demo.directory)
    assert demo.files == truth["files"]
    assert demo.faults == truth["faults"]
    assert [fault["end"] for fault in truth["faults"]] == ["2026-01-15T09:01:00Z"] * 7


@pytest.mark.parametrize(("minutes", "scale", "refused"), [(0, 1, "minutes"), (30, 0, "scale"), (-5, 1, "minutes")])
def test_numbers_below_one_are_refused(tmp_path: Path, minutes: int, scale: int, refused: str) -> None:
    with pytest.raises(UsageError, match=f"{refused} must be at least 1, not {min(minutes, scale)}"):
        generate(tmp_path / "demo", minutes=minutes, scale=scale)
    assert not (tmp_path / "demo").exists()


def test_what_is_planted_can_be_chosen(tmp_path: Path) -> None:
    chosen = ["paging", "n_plus_one_interleaved", "paging"]
    demo = generate(tmp_path / "chosen", minutes=4, plant=chosen)
    assert [(fault["kind"], fault["findings"]) for fault in demo.faults] == [
        ("paging", []),
        ("n_plus_one_interleaved", [{"any_of": ["n_plus_one"]}]),
    ]
    assert generate(tmp_path / "nothing", minutes=1, plant=()).faults == []
    with pytest.raises(UsageError, match=r"No fault 'pagin'\. Did you mean 'paging'\?"):
        generate(tmp_path / "none", plant=["pagin"])
    assert not (tmp_path / "none").exists()


def test_a_folder_that_is_a_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("mine")
    with pytest.raises(LoglensError, match=r"cannot write the demo to .*demo: File exists"):
        generate(tmp_path / "demo", minutes=1)
    assert (tmp_path / "demo").read_text() == "mine"
