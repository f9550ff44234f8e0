"""The simulation: its clock, its chance, and what faults do to the platform and what they leave alone."""

from __future__ import annotations

import pkgutil
from collections import Counter
from collections.abc import Callable

import pytest

from loglens.demo import faults, look_alikes
from loglens.demo.chance import Chance
from loglens.demo.engine import MINUTE, SECOND, Engine, Exhausted, Mailbox, Resource, Steps
from loglens.demo.faults.fault import Fault
from loglens.demo.platform import START_NS, World, pod_suffix
from loglens.demo.simulate import simulate

EVERY = (*faults.EVERY, *look_alikes.ALL)


def test_every_fault_file_is_registered() -> None:
    for package, planted in ((faults, faults.EVERY), (look_alikes, look_alikes.ALL)):
        files = {module.name for module in pkgutil.iter_modules(package.__path__)} - {"fault"}
        assert sorted(fault.kind for fault in planted) == sorted(files)
    assert all(fault.findings for fault in faults.EVERY)
    assert not any(fault.findings for fault in look_alikes.ALL)


def test_chance_is_the_same_everywhere() -> None:
    chance = Chance("7", "test")
    assert [chance.below(1000) for _ in range(5)] == [496, 492, 396, 318, 612]
    assert chance.hex_id(16) == "e33a00944e949fef"
    assert chance.lognormal(100.0, 0.5) == 64.02943061564635
    assert chance.exponential(10.0) == 1.3327776231752186


def test_chance_has_the_distributions_it_names() -> None:
    chance = Chance("1", "distributions")
    waits = sorted(chance.exponential(2.0) for _ in range(20_000))
    assert sum(waits) / 20_000 == pytest.approx(2.0, rel=0.03)
    assert waits[10_000] == pytest.approx(2.0 * 0.6931, rel=0.04)
    sizes = sorted(chance.lognormal(50.0, 0.5) for _ in range(20_000))
    assert sizes[10_000] == pytest.approx(50.0, rel=0.02)
    assert sizes[16_827] == pytest.approx(50.0 * 1.6487, rel=0.03)


def test_a_resource_serves_in_order_and_gives_up_waiting_after_the_timeout() -> None:
    engine = Engine(0)
    resource = Resource(engine, 1)
    seen: list[tuple[str, int]] = []

    def user(name: str, hold_ns: int, timeout_ns: int | None) -> Steps[None]:
        try:
            waited = yield from resource.acquire(timeout_ns)
        except Exhausted:
            seen.append((f"{name} gave up", engine.now))
            return
        seen.append((f"{name} waited {waited}", engine.now))
        yield hold_ns
        resource.release()

    engine.start(user("first", 10, None))
    engine.start(user("second", 5, None), 1)
    engine.start(user("impatient", 1, 3), 2)
    engine.start(user("last", 1, 100), 3)
    engine.run()
    assert seen == [("first waited 0", 0), ("impatient gave up", 5), ("second waited 9", 10), ("last waited 12", 15)]
    assert (resource.in_use, resource.waiting) == (0, 0)


def test_a_mailbox_hands_each_message_to_one_reader_in_order() -> None:
    engine = Engine(0)
    mailbox = Mailbox(engine)
    seen: list[tuple[str, object, int]] = []

    def reader(name: str) -> Steps[None]:
        while True:
            message = yield from mailbox.get()
            seen.append((name, message, engine.now))
            yield 10

    def writer() -> Steps[None]:
        for message in range(4):
            mailbox.put(message)
            yield 1

    engine.start(reader("a"))
    engine.start(reader("b"))
    engine.start(writer(), 5)
    engine.run()
    assert seen == [("a", 0, 5), ("b", 1, 6), ("a", 2, 15), ("b", 3, 16)]
    assert mailbox.depth == 0


def test_processes_side_by_side_end_with_the_slowest_and_raise_the_first_failure() -> None:
    engine = Engine(0)
    ended: list[int] = []

    def child(delay_ns: int, fails: bool) -> Steps[None]:
        yield delay_ns
        if fails:
            raise ValueError(str(delay_ns))

    def parent(*children: Steps[None]) -> Steps[None]:
        try:
            yield from engine.all_of(children)
        except ValueError as error:
            ended.append(-int(str(error)))
        ended.append(engine.now)

    engine.start(parent(child(3, False), child(8, False)))
    engine.start(parent(child(30, True), child(20, True), child(40, False)))
    engine.start(parent())
    engine.run()
    assert ended == [0, 8, -20, 40]


def test_no_two_pods_share_a_name() -> None:
    assert len({pod_suffix(number) for number in range(50_000)}) == 50_000


# Some reach no request of their own, and some only a few.
FEWEST_REQUESTS = {"cache_warm_up": 2, "recovered_blip": 8, "lost_lookup": 3} | dict.fromkeys(
    (
        "dependency_outage",
        "service_silent",
        "crash_loop",
        "log_flood",
        "batch_job",
        "heartbeat_missing",
        "job_progress",
    ),
    0,
)


def served(world: World, of: Callable[[str], bool] = lambda _route: True) -> Counter[tuple[str, int]]:
    return Counter((each.route, each.status) for each in world.output.served if of(each.route))


def test_a_platform_without_faults_has_neither_slow_requests_nor_failures() -> None:
    world = simulate("7/0", 30, ())
    assert not [each for each in world.output.served if each.status >= 500]
    searches = [each for each in world.output.served if each.route == "GET /v1/messages/search"]
    assert len(searches) > 250
    assert max(each.duration_ns for each in searches) < SECOND // 4
    statements = Counter(
        (span.trace_id, str(span.attributes["db.query.text"]))
        for span in world.output.spans
        if span.attributes.get("db.system.name") == "postgresql"
    )
    assert max(statements.values()) == 1


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: fault.kind)
def test_a_fault_marks_only_requests_of_its_route_and_window(fault: Fault) -> None:
    world, window = simulate("7/0", 30, planted=(fault,)), fault.window(30)
    hit = [each for each in world.output.served if fault.kind in each.marks]
    assert len(hit) >= FEWEST_REQUESTS.get(fault.kind, 14)
    assert {(each.service, each.route) for each in hit} <= {(fault.service, fault.route)}
    # A request that arrives just before the end may reach the database after it, and the other way round.
    assert all(window.start_ns - SECOND <= each.start_ns < window.end_ns for each in hit)


# An outage takes requests away, and lets clients ask again.
STANDING = [fault for fault in EVERY if fault not in faults.OUTAGES]


@pytest.mark.parametrize("fault", STANDING, ids=lambda fault: fault.kind)
def test_a_fault_does_not_change_who_asks_what_and_when(fault: Fault) -> None:
    quiet, faulty = simulate("9/0", 10, planted=()), simulate("9/0", 10, planted=(fault,))
    for route in ("GET /v1/messages/search", "GET /v1/media/{media_id}"):
        before, after = (
            sorted(each.start_ns for each in world.output.served if each.route == route) for world in (quiet, faulty)
        )
        assert before == after


def test_a_slow_statement_makes_others_wait_for_connections() -> None:
    slow = next(fault for fault in faults.ALL if fault.kind == "slow_route")
    for planted, waits in (((), 0), ((slow,), 9)):
        waited = [
            each
            for seed in ("1", "2", "3")
            for each in simulate(seed, 30, planted=planted).output.served
            if each.waited_ns >= SECOND // 100
        ]
        assert len(waited) == waits
        assert {each.service for each in waited} <= {slow.service}


def test_a_short_run_still_has_a_minute_of_every_fault() -> None:
    for fault in EVERY:
        window = fault.window(1)
        assert (window.start_ns, window.end_ns) == (START_NS, START_NS + MINUTE)
    lasting = {fault.kind: fault.window(30).end_ns - fault.window(30).start_ns for fault in EVERY}
    assert {kind: taken_ns // MINUTE for kind, taken_ns in lasting.items() if taken_ns != 30 * MINUTE} == {
        "slow_route": 12,
        "latency_shift": 12,
        "error_burst": 5,
        "redundant_query": 15,
        "error_level_shift": 15,
        "deploy_regression": 14,
        "log_flood": 4,
        "crash_loop": 10,
        "heartbeat_missing": 6,
        "dependency_outage": 5,
        "service_silent": 6,
        "traffic_surge": 8,
        "noisy_bot": 9,
        "recovered_blip": 3,
        "job_progress": 9,
    }


def test_everything_taken_is_given_back() -> None:
    world = simulate("5/0", 10, EVERY)
    for instance in world.instances:
        assert (instance.pool.in_use, instance.pool.waiting, instance.workers.in_use) == (0, 0, 0)
    assert (world.database_cores.in_use, world.keycloak.in_use, world.upstream_llm.in_use) == (0, 0, 0)
    assert world.queue.depth == 0


def test_a_service_without_tracing_logs_its_statements_under_the_id_of_the_request() -> None:
    (fault,) = (each for each in faults.VARIANTS if each.kind == "n_plus_one_log_only")
    world = simulate("3/0", 10, (fault,))
    assert fault.service not in {span.instance.service for span in world.output.spans}
    records = [record for record in world.output.records if record.instance.service == fault.service]
    assert not [record for record in records if {"trace_id", "span_id"} & record.fields.keys()]
    logged = Counter(record.fields["request_id"] for record in records if "tags" in str(record.fields.get("sql")))
    assert sorted(logged.values()) == sorted(
        each.marks[fault.kind] for each in world.output.served if fault.kind in each.marks
    )
    known = {span.span_id for span in world.output.spans}
    assert all(span.parent in known for span in world.output.spans if span.parent)


def test_a_transaction_holds_one_connection_from_begin_to_commit() -> None:
    (fault,) = (each for each in faults.ALL if each.kind == "long_transaction")
    world = simulate("3/0", 10, (fault,))
    marked = {each.trace_id for each in world.output.served if fault.kind in each.marks}
    texts: dict[str, list[str]] = {trace_id: [] for trace_id in marked}
    for span in sorted(world.output.spans, key=lambda each: each.start_ns):
        if span.trace_id in marked and span.instance.service == fault.service and "db.query.text" in span.attributes:
            texts[span.trace_id].append(span.name)
    assert len(marked) > 9
    ends = {tuple(names) for names in texts.values()}
    assert ends <= {
        ("BEGIN", "SELECT quotas", "INSERT responses", "COMMIT"),
        ("BEGIN", "SELECT quotas", "ROLLBACK"),
    }
