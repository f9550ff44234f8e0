"""Documents that a server does not take: each arrives in the end, or is kept with the reason why not."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from servers.asking import call, count, push
from servers.fixtures import on_one_kind
from servers.hostile import hostile_lines

from loglens.api import open_lens
from loglens.ingest.run import IngestRequest, ingest
from loglens.push.access import Access
from loglens.push.names import Names
from loglens.push.run import Push, PushRequest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]

LINES, DOCUMENTS, KEYS = 11_500, 10_000, 40_000


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of hostile log records."""
    folder = tmp_path_factory.mktemp("hostile")
    text = "\n".join(hostile_lines(LINES)) + "\n"
    (folder / "hostile.log").write_text(text, errors="surrogatepass")
    ingest(IngestRequest([str(folder / "hostile.log")], folder / "hostile.duckdb"))
    return folder / "hostile.duckdb"


def test_hostile_documents(search: str, hostile: Path, names: Names) -> None:
    """Each is either there or among the rejects with a reason; the sums add up, and a retry changes nothing."""
    with duckdb.connect(hostile, read_only=True) as connection:
        ((records, keys),) = connection.execute(
            "SELECT count(*), (SELECT count(DISTINCT key) FROM (SELECT unnest(json_keys(attributes)) AS key FROM logs))"
            " FROM logs"
        ).fetchall()
    assert records >= DOCUMENTS
    assert keys >= KEYS
    (line,) = push(hostile, search, PushRequest("events", names=names)).lines
    assert (line.documents, line.missing, line.duplicates, line.updated) == (records, 0, 0, 0)
    assert line.created + line.refused == records
    assert count(search, f"{names.prefix}-logs-*") == line.created
    assert line.created > 0.7 * records
    with duckdb.connect(hostile, read_only=True) as connection:
        refused = connection.execute(
            "SELECT status, reason FROM push_rejects WHERE target = ?", [names.target(search)]
        ).fetchall()
    assert len(refused) == line.refused
    assert all(400 <= status < 500 and reason for status, reason in refused)
    retried = Push(open_lens(hostile), Access(search), PushRequest(names=names)).retry()
    assert retried.lines[0].refused == line.refused
    again = push(hostile, search, PushRequest("events", names=names)).lines[0]
    assert (again.sent, again.refused, again.missing) == (0, line.refused, 0)


@on_one_kind
def test_rows_that_are_taken_at_last_are_not_sent_again(
    search: str, small_store: Path, names: Names, tmp_path: Path
) -> None:
    """Rows of answers that a closed index refused are sent by a retry, and the next push knows of it."""
    database = Path(shutil.copy(small_store, tmp_path / "x.duckdb"))
    request = PushRequest(names=names, only=("slow", "traffic"))
    index = f"/{names.results('slow')}"
    call(search, "PUT", index, {"settings": {"index.blocks.write": True}})
    first = push(database, search, request)
    assert [(line.refused, line.missing) for line in first.lines] == [(first.lines[0].documents, 0), (0, 0)]
    call(search, "PUT", f"{index}/_settings", {"index.blocks.write": None})
    (retried,) = Push(open_lens(database), Access(search), request).retry().lines
    assert (retried.created, retried.refused) == (first.lines[0].documents, 0)
    assert [line.sent for line in push(database, search, request).lines] == [0, 0]
