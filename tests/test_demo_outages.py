"""What breaks over time in the simulation: outages, restarts, floods, levels; and what only looks like it."""

from __future__ import annotations

from collections import Counter

import pytest

from loglens.demo import faults, look_alikes
from loglens.demo.engine import MINUTE, SECOND
from loglens.demo.faults.fault import Fault, Json
from loglens.demo.platform import World
from loglens.demo.simulate import simulate
from loglens.demo.telemetry import Level, Record

PLANTED_WARNING = "connection to the object store was reset, connecting again"
EVERY = (*faults.EVERY, *look_alikes.ALL)


def planted_alone(kind: str, seed: str = "7/0") -> tuple[Fault, World, dict[str, Json]]:
    (fault,) = (each for each in EVERY if each.kind == kind)
    world = simulate(seed, 30, (fault,))
    of_route = [each for each in world.output.served if (each.service, each.route) == (fault.service, fault.route)]
    return fault, world, fault.evidence(of_route, fault.window(30))


def noted(world: World, message: str) -> list[Record]:
    return [record for record in world.output.records if record.message == message]


def test_a_silent_service_leaves_nothing_until_it_starts_again() -> None:
    fault, world, evidence = planted_alone("service_silent")
    window = fault.window(30)
    assert (evidence["requests_in_window"], int(str(evidence["requests_before"])) > 20) == (0, True)
    said = [record.at_ns for record in world.output.records if record.instance.service == fault.service]
    assert not [at_ns for at_ns in said if window.start_ns + SECOND < at_ns < window.end_ns]
    started = noted(world, "server starting")
    assert [record.at_ns for record in started] == [window.end_ns] * 2
    assert {record.instance.started_ns for record in started} == {window.end_ns}


def test_a_crash_loop_starts_one_instance_again_and_again() -> None:
    _, world, evidence = planted_alone("crash_loop")
    started = noted(world, "server starting")
    assert len(started) == evidence["restarts"] == 7
    assert len({record.instance.pod for record in started}) == 1
    uptimes = [each.at_ns - each.instance.started_ns for each in world.output.health]
    assert sum(uptime_ns < MINUTE for uptime_ns in uptimes) >= 2


def test_an_outage_of_the_database_fails_what_needs_it_and_only_then() -> None:
    _, world, evidence = planted_alone("dependency_outage")
    assert evidence["failed_in_window"] == evidence["requests_in_window"]
    assert evidence["failed_outside_window"] == 0
    failed = {each.service for each in world.output.served if each.status >= 500}
    assert failed >= {"llm-api", "response-api", "media-api"}


def test_a_regression_comes_with_the_version() -> None:
    fault, world, evidence = planted_alone("deploy_regression")
    assert evidence["failed_before"] == 0
    assert int(str(evidence["failed_after"])) > 30
    versions = {
        (span.instance.version, span.start_ns >= fault.window(30).start_ns)
        for span in world.output.spans
        if span.instance.service == fault.service
    }
    assert versions >= {("v0.0.14", False), ("v0.0.15", True)}
    assert ("v0.0.15", False) not in versions


def test_an_error_level_shifts_and_a_surge_does_not_shift_it() -> None:
    _, _, evidence = planted_alone("error_level_shift")
    before, after = (
        int(str(evidence[f"failed_{when}"])) / int(str(evidence[f"requests_{when}"])) for when in ("before", "after")
    )
    assert after > 3 * before > 0
    surge, world, _ = planted_alone("traffic_surge")
    window = surge.window(30)
    inside = [each for each in world.output.served if each.route == surge.route and each.start_ns in window]
    outside = [each for each in world.output.served if each.route == surge.route and each.start_ns not in window]
    assert len(inside) / 8 > 4 * len(outside) / 22
    shares = [sum(each.status >= 500 for each in some) / len(some) for some in (inside, outside)]
    assert shares == pytest.approx([0.04, 0.04], abs=0.02)


def test_floods_and_batches_say_what_they_are_told_to() -> None:
    _, world, _ = planted_alone("log_flood")
    assert Counter(record.level for record in noted(world, PLANTED_WARNING)) == {Level.WARN: 2 * 4 * 240}
    _, world, _ = planted_alone("batch_job")
    assert Counter(record.level for record in noted(world, "item archived")) == {Level.INFO: 3 * 250}


def test_a_lease_is_renewed_but_for_the_time_and_a_job_tells_its_progress_to_its_end() -> None:
    fault, world, evidence = planted_alone("heartbeat_missing")
    window = fault.window(30)
    beats = [record.at_ns for record in noted(world, "lease renewed")]
    assert len(beats) == 90 - int(str(evidence["beats_missed"])) == 72
    assert not [at_ns for at_ns in beats if at_ns in window]
    job, world, _ = planted_alone("job_progress")
    told = [record.at_ns for record in noted(world, "reindexing")]
    assert (len(told), max(told) < job.window(30).end_ns) == (54, True)


def test_a_swallowed_error_fails_below_requests_that_succeed() -> None:
    fault, world, evidence = planted_alone("swallowed_error")
    of_route = [each for each in world.output.served if each.route == fault.route]
    assert {each.status for each in of_route} == {200}
    lost = [span for span in world.output.spans if span.attributes.get("error.type") == "503"]
    assert len(lost) == int(str(evidence["affected_requests"])) > 15
