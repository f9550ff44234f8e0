"""Pushes and servers killed at any moment: what is there in the end is what there is to push, once."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import sys
import time
import uuid
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any, get_args

import duckdb
import pytest
from servers.asking import call, holds_each_line_once, push
from servers.fixtures import MANY, SOME, GivenServer, on_one_kind
from servers.search import SearchServer

from loglens.api import open_lens
from loglens.push.access import Access
from loglens.push.answers import AnswerPush
from loglens.push.bulk import Bulk
from loglens.push.items import Items
from loglens.push.names import Layout, Names
from loglens.push.results import Run, documents
from loglens.push.run import Push, PushRequest
from loglens.push.server import connect

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]

KILLS = int(os.environ.get("LOGLENS_TEST_PUSH_KILLS", "30"))
ANSWER_KILLS = KILLS // 5
# A process that has imported all this starts at once, and the moments of its end are moments of the push.
IMPORTED = ["loglens.cli.main", "loglens.cli.push", "loglens.push.run", "loglens.push.client", "loglens.cli.output"]


@pytest.fixture(scope="module")
def processes() -> Iterator[ForkServerContext]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    yield context


def run_command(arguments: list[str], output: Path) -> None:
    """Run a command of loglens as its own process does."""
    from loglens.cli.main import run

    written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(written, 1)
    os.dup2(written, 2)
    sys.stdin.close()
    run(arguments)


def begin(
    processes: ForkServerContext, database: Path, url: str, names: Names, output: Path, *what: str
) -> ForkServerProcess:
    words = ["push", *(what or ["events"]), "--to", url, "--db", str(database)]
    words += ["--namespace", names.namespace, "--layout", names.layout]
    process = processes.Process(target=run_command, args=(words, output))
    process.start()
    return process


def acknowledged(database: Path, names: Names, url: str) -> int:
    """Return how many documents the ledger says were taken."""
    with duckdb.connect(database, read_only=True) as connection:
        ((taken,),) = connection.execute(
            "SELECT coalesce(sum(documents), 0) FROM push_events WHERE target = ?", [names.target(url)]
        ).fetchall()
    return int(taken)


@on_one_kind
def test_a_push_killed_at_any_moment(search: str, many: Path, tmp_path: Path, processes: ForkServerContext) -> None:
    """SIGKILL, the same command again, SIGKILL again, in each layout: all is there in the end, and nothing twice."""
    output, chance = tmp_path / "output", random.Random(KILLS)
    layouts, finished = get_args(Layout), list[Names]()
    tenths: Counter[int] = Counter()
    # Grows with each kill and shrinks with each push that comes to its end, so that moments are those of a whole push.
    longest_s = 3.0
    for place, layout in enumerate(layouts):
        left = len(range(place, KILLS, len(layouts)))
        names = Names(f"t{uuid.uuid4().hex[:12]}", layout)
        while True:
            process = begin(processes, many, search, names, output)
            process.join(chance.uniform(0.02, longest_s) if left else None)
            if process.exitcode is None:
                process.kill()
                process.join()
                tenths[acknowledged(many, names, search) * 10 // MANY] += 1
                left, longest_s = left - 1, longest_s * 1.1
                continue
            assert process.exitcode == 0, output.read_text()
            finished.append(names)
            if not left:
                break
            longest_s, names = longest_s / 1.5, Names(f"t{uuid.uuid4().hex[:12]}", layout)
    reached = ", ".join(f"{tenth * 10} %: {kills}" for tenth, kills in sorted(tenths.items()))
    print(f"{tenths.total()} kills in {len(finished)} pushes of {MANY:,}; acknowledged by then {reached}")
    assert tenths.total() == KILLS
    for each in finished:
        assert holds_each_line_once(search, each, MANY), each


# Answers that are asked quickly, so that most moments of their push are of sending them.
ANSWERS = ("slow", "traffic", "errors", "queries", "operations", "service_map", "templates")
# There and back again: the same rows, with other numbers and with those they had.
DOUBLED, HALVED = "UPDATE spans SET duration_ns = duration_ns * 2", "UPDATE spans SET duration_ns = duration_ns // 2"


def rows_of(database: Path, names: Names, request: PushRequest | None = None) -> dict[tuple[str, str], Any]:
    """Return the rows of answers as their documents, by index and id."""
    asked = Push(open_lens(database), Access(""), request or PushRequest("results", ANSWERS, names))
    window = asked._window()
    return {
        (names.results(name), each.id): steady(json.loads(each.item.splitlines()[1]))
        for name, answer in asked._answers()
        for each in documents(name, answer, names.results(name), window, Run("", 0))
    }


def steady(value: Any) -> Any:
    """Return a document without the push that sent it, its numbers to the digits that count."""
    match value:
        case dict():
            return {name: steady(each) for name, each in value.items() if name != "loglens.run"}
        case list():
            return [steady(each) for each in value]
        case float():
            return f"{value:.11g}"
    return value


def assert_answers_are_held(url: str, names: Names, rows: Mapping[tuple[str, str], Any], gone: Container[Any]) -> None:
    """Hold that each row is there as it is now; what else is there was a row before."""
    call(url, "POST", f"/{names.results('*')}/_refresh")
    hits = call(url, "GET", f"/{names.results('*')}/_search?size=10000")["hits"]["hits"]
    held = {(hit["_index"], hit["_id"]): steady(hit["_source"]) for hit in hits}
    assert len(held) == len(hits)
    assert {place: held.get(place) for place in rows} == rows
    assert [place for place in held if place not in rows and place not in gone] == []


@on_one_kind
def test_a_push_of_answers_killed_at_any_moment(
    search: str,
    sample: Path,
    tmp_path: Path,
    names: Names,
    processes: ForkServerContext,
) -> None:
    """SIGKILL, other numbers or those of before, the same command again: each row is there once, as it is now."""
    database, output, chance = tmp_path / "x.duckdb", tmp_path / "output", random.Random(KILLS)
    shutil.copy(sample, database)
    rows, is_doubled = {False: rows_of(database, names)}, False

    def change() -> bool:
        with duckdb.connect(database) as connection:
            connection.execute(HALVED if is_doubled else DOUBLED)
        return not is_doubled

    is_doubled = change()
    rows[True] = rows_of(database, names)
    assert rows[True] != rows[False]
    left, finished, longest_s = ANSWER_KILLS, 0, 3.0
    while left or not finished:
        process = begin(processes, database, search, names, output, "results", "--only", ",".join(ANSWERS))
        process.join(chance.uniform(0.02, longest_s) if left else None)
        if process.exitcode is None:
            process.kill()
            process.join()
            left, longest_s, finished = left - 1, longest_s * 1.1, 0
            is_doubled = change() if chance.random() < 0.5 else is_doubled
            continue
        assert process.exitcode == 0, output.read_text()
        assert_answers_are_held(search, names, rows[is_doubled], rows[not is_doubled])
        finished, longest_s = finished + 1, longest_s / 1.5
        is_doubled = change() if left else is_doubled
    again = push(database, search, PushRequest("results", ANSWERS, names))
    assert (again.exit_code, sum(line.sent for line in again.lines)) == (0, 0)
    assert sum(line.unchanged for line in again.lines) == len(rows[is_doubled])


@on_one_kind
def test_rows_that_were_replaced_and_not_settled_are_sent_again(
    search: str, sample: Path, tmp_path: Path, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that has the numbers of the last push but one is not taken for one that the server has."""
    database, request = tmp_path / "x.duckdb", PushRequest("results", ANSWERS[:1], names)
    shutil.copy(sample, database)
    assert push(database, search, request).exit_code == 0
    rows = rows_of(database, names, request)
    with duckdb.connect(database) as connection:
        connection.execute(DOUBLED)
    with monkeypatch.context() as patch:
        patch.delattr(AnswerPush, "_settle")
        with pytest.raises(AttributeError, match="_settle"):
            push(database, search, request)
    with duckdb.connect(database) as connection:
        connection.execute(HALVED)
    (line,) = push(database, search, request).lines
    assert (line.sent, line.missing) == (len(rows), 0)
    assert_answers_are_held(search, names, rows, ())


def test_a_server_killed_in_the_middle(
    server: SearchServer | GivenServer, some: Path, tmp_path: Path, names: Names, processes: ForkServerContext
) -> None:
    """A push waits for a server that is away, and goes on with what it had not acknowledged."""
    if isinstance(server, GivenServer):
        pytest.skip("a server that others started is not killed")
    output = tmp_path / "output"
    process = begin(processes, some, server.url, names, output)
    # The first documents are on their way when there is an index for them.
    while not call(server.url, "GET", f"/_cat/indices/{names.prefix}-*?format=json"):
        assert process.is_alive(), output.read_text()
        time.sleep(0.02)
    server.kill()
    time.sleep(1)
    server.start()
    process.join()
    assert process.exitcode == 0, output.read_text()
    assert " 0 sent again" not in output.read_text()
    call(server.url, "GET", f"/_cluster/health/{names.prefix}-*?wait_for_status=yellow&timeout=60s")
    assert holds_each_line_once(server.url, names, SOME)


def test_rows_of_an_earlier_push_that_arrive_late_replace_nothing(
    search: str, sample: Path, tmp_path: Path, names: Names
) -> None:
    """A push that is killed leaves requests on their way, and the next one may be quicker."""
    database, request = tmp_path / "x.duckdb", PushRequest("results", ["slow"], names)
    shutil.copy(sample, database)
    killed = Push(open_lens(database), Access(search), request)
    ((name, answer),) = killed._answers()
    late = list(documents(name, answer, names.results(name), killed._window(), killed._run))
    with duckdb.connect(database) as connection:
        connection.execute("UPDATE spans SET duration_ns = duration_ns * 2")
    assert push(database, search, request).exit_code == 0
    now = held(search, names.results(name))
    server = connect(Access(search))
    bulk = Bulk(server)
    try:
        delivery = bulk.send(Items.of([each.item for each in late]))
    finally:
        bulk.close()
    assert (delivery.taken, {each.status for each in delivery.refused}) == (0, {409})
    assert held(search, names.results(name)) == now
    assert push(database, search, request).exit_code == 0


def held(url: str, index: str) -> dict[str, Any]:
    """Return the documents of an index by their ids."""
    call(url, "POST", f"/{index}/_refresh")
    found = call(url, "POST", f"/{index}/_search", {"size": 1_000})["hits"]["hits"]
    return {each["_id"]: each["_source"] for each in found}
