"""The benchmarks measure what they say: whole processes, inputs that never change, targets the right way round."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from benchmarks.comparison import Comparison, Contender, Service, Target
from benchmarks.comparisons import ALL
from benchmarks.inputs import BY_NAME, filled
from benchmarks.measure import Cost, Failed, least, measure
from benchmarks.report import reach, render, verdict
from benchmarks.run import compare


def test_cost_includes_children_and_memory(tmp_path: Path) -> None:
    spend = "t = __import__('time').process_time\nwhile t() < 0.2: pass"
    work = f"import subprocess, sys; held = bytearray(150_000_000); subprocess.run([sys.executable, '-c', {spend!r}])"
    cost = measure([sys.executable, "-c", work], tmp_path / "printed", os.environ)
    assert cost.cpu_s >= 0.2
    assert cost.wall_s >= 0.2
    assert cost.peak_mb >= 150


def test_process_that_fails_says_why(tmp_path: Path) -> None:
    fail = "import sys; sys.stderr.write('no such luck'); sys.exit(3)"
    with pytest.raises(Failed, match="exit code 3: no such luck"):
        measure([sys.executable, "-c", fail], tmp_path / "printed", os.environ)


def test_least_takes_the_quickest_round_and_the_largest_peak() -> None:
    assert least([Cost(2.0, 3.0, 10.0), Cost(1.0, 4.0, 20.0)]) == Cost(1.0, 3.0, 20.0)


@pytest.mark.parametrize(
    ("target", "figure", "judged"),
    [
        (Target("speed", "b", bar=0.8, goal=1.0), 2.0, "goal reached"),
        (Target("speed", "b", bar=3.0), 2.0, "NOT reached"),
        (Target("time", "b", bar=1.5, goal=0.4), 0.5, "bar reached, goal not"),
        (Target("peak_mb", bar=100), 100.0, "bar reached"),
        (Target("wall_ms", bar=900), 1000.0, "NOT reached"),
    ],
)
def test_target_is_judged_in_its_own_direction(target: Target, figure: float, judged: str) -> None:
    costs = {"loglens": Cost(1.0, 2.0, 100.0), "b": Cost(2.0, 3.0, 50.0)}
    reached = reach(target, costs)
    assert reached["wall"] == figure
    assert verdict(target, reached["wall"]) == judged


def test_target_without_its_peer_is_not_judged() -> None:
    assert reach(Target("speed", "b", bar=1.0), {"loglens": Cost(1.0, 1.0, 1.0), "b": None}) == {}


def test_speed_of_a_client_is_judged_by_its_own_time() -> None:
    """Where a server shares the processors, the wall tells of both."""
    target = Target("cpu_speed", "b", bar=5.0)
    measured = reach(target, {"loglens": Cost(2.0, 1.0, 1.0), "b": Cost(6.0, 5.5, 1.0)})
    assert measured == {"wall": 3.0, "cpu": 5.5}
    assert verdict(target, measured[target.by]) == "bar reached"


def _say(number: int) -> tuple[str, ...]:
    return ("{python}", "-c", f"print({number})")


def test_answers_that_differ_and_peers_that_are_missing_are_named(tmp_path: Path) -> None:
    comparison = Comparison(
        name="sums",
        title="Sums",
        inputs=(),
        contenders=(
            Contender("loglens", _say(4)),
            Contender("right", _say(4)),
            Contender("wrong", _say(5)),
            Contender("absent", _say(4), needs=("no_such_module_at_all",)),
            Contender("broken", ("{python}", "-c", "raise SystemExit(2)")),
        ),
        targets=(),
        read_answer=int,
    )
    table = compare(comparison, {}, tmp_path, rounds=2)
    assert [len(figures.costs) for figures in table] == [2, 2, 2, 0, 0]
    assert [figures.missing is None for figures in table] == [True, True, True, False, False]
    drawn = render(comparison, table, {}).splitlines()
    assert drawn[5].split() == ["absent", "not", "installed:", "no_such_module_at_all"]
    assert drawn[6].split() == ["broken", "failed:", "exit", "code", "2:"]
    assert drawn[7:] == ["  !! wrong gave another answer"]


def test_services_run_beside_what_is_measured(tmp_path: Path) -> None:
    """A contender gets the address of a server; one whose server says nothing is left out."""
    serve = "import sys; print('here', flush=True); sys.stdin.read()"
    comparison = Comparison(
        name="served",
        title="Served",
        inputs=(),
        contenders=(
            Contender("loglens", ("{python}", "-c", "import sys; print(sys.argv[1])", "{there}")),
            Contender("lost", ("{python}", "-c", "pass", "{nowhere}")),
        ),
        targets=(),
        read_answer=lambda printed: printed,
        services=(
            Service("there", ("{python}", "-c", serve)),
            Service("nowhere", ("{python}", "-c", "raise SystemExit(0)")),
        ),
    )
    served, lost = compare(comparison, {}, tmp_path, rounds=1)
    assert (served.answer, lost.missing) == (b"here\n", "no server: nowhere")


def test_what_runs_before_each_turn(tmp_path: Path) -> None:
    """It is there for every contender in every round."""
    mark = tmp_path / "turns"
    write = f"open({str(mark)!r}, 'a').write('x')"
    read = ("{python}", "-c", f"print(len(open({str(mark)!r}).read()))")
    (tmp_path / "work").mkdir()
    comparison = Comparison(
        name="emptied",
        title="Emptied",
        inputs=(),
        contenders=(Contender("loglens", read), Contender("peer", read)),
        targets=(),
        read_answer=int,
        before=("{python}", "-c", write),
    )
    table = compare(comparison, {}, tmp_path / "work", rounds=2)
    assert [figures.answer for figures in table] == [1, 2]
    assert len(mark.read_text()) == 4


def test_commands_name_inputs_that_there_are() -> None:
    needed = {name for each in BY_NAME.values() for name in each.needs}
    assert {name for comparison in ALL for name in comparison.inputs} | needed == BY_NAME.keys()
    for comparison in ALL:
        services = (service.name for service in comparison.services)
        known = dict.fromkeys((*comparison.inputs, *services, "out"), "there")
        for contender in comparison.contenders:
            assert [word for word in filled(contender.command, known) if word.startswith("{")] == []


def test_inputs_are_the_same_every_time() -> None:
    from benchmarks.inputs.log_lines import log_lines
    from benchmarks.inputs.otlp_spans import otlp_lines

    logs, spans = log_lines(500).to_list(), otlp_lines(450).to_list()
    assert [len(logs), len(spans)] == [500, 5]
    assert logs == log_lines(500).to_list()
    assert spans == otlp_lines(450).to_list()
    ids = [
        span["spanId"]
        for line in spans
        for resource in json.loads(line)["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    assert len(set(ids)) == 450
    assert len({json.loads(line)["request_id"] for line in logs}) == 500
