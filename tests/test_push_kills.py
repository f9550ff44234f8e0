"""Pushes and servers killed at any moment: what is there in the end is what there is to push, once."""

from __future__ import annotations

import multiprocessing
import os
import random
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import get_args

import duckdb
import pytest
from servers.asking import call, holds_each_line_once
from servers.fixtures import MANY, SOME, GivenServer, on_one_kind
from servers.search import SearchServer

from loglens.push.names import Layout, Names

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]

KILLS = int(os.environ.get("LOGLENS_TEST_PUSH_KILLS", "30"))
# A process that has imported all this starts at once, and the moments of its end are moments of the push.
IMPORTED = ["loglens.cli.main", "loglens.cli.push", "loglens.push.run", "loglens.cli.output", "elasticsearch", "duckdb"]


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


def begin(processes: ForkServerContext, database: Path, url: str, names: Names, output: Path) -> ForkServerProcess:
    words = ["push", "events", "--to", url, "--db", str(database)]
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
