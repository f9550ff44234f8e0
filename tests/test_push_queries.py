"""The queries and commands that docs/elasticsearch.md shows work as they stand there."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from servers.asking import call, count, push

from loglens.cli.main import run
from loglens.ingest.run import IngestRequest, ingest
from loglens.push.names import PREFIX
from loglens.push.run import PushRequest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]

MANUAL = Path(__file__).parents[1] / "docs" / "elasticsearch.md"
QUERY = re.compile(r"curl \"\$LOGLENS_ES_URL(/[^\"]+)\".*?-d '\n(.*?)'\n", re.DOTALL)
RETENTION = re.compile(r"curl -X DELETE \"\$LOGLENS_ES_URL(/[^\"]+)\"\n\$ loglens (forget --before (\S+))\n")


def test_the_queries_of_the_manual(search: str, sample: Path) -> None:
    """Each finds something in sample_logs, in an index of its own names."""
    shown = QUERY.findall(MANUAL.read_text())
    assert len(shown) >= 6
    assert push(sample, search, PushRequest(only=("logs", "spans", "findings", "slow_queries"))).exit_code == 0
    call(search, "POST", f"/{PREFIX}-*/_refresh")
    for path, text in shown:
        found: Any = call(search, "POST", path, json.loads(text))
        buckets = [each["buckets"] for each in found.get("aggregations", {}).values()]
        assert found["_shards"]["failed"] == 0
        assert all(buckets) if buckets else found["hits"]["hits"], path


def day(folder: Path, name: str) -> str:
    (folder / name).write_text(f'{{"time":"{name}T09:00:00Z","level":"info","message":"m"}}\n' * 3)
    return str(folder / name)


def test_the_retention_of_the_manual(search: str, tmp_path: Path) -> None:
    """A day that is dropped on both sides stays away; with --since it does too; else it is brought back."""
    shown = RETENTION.search(MANUAL.read_text())
    assert shown
    path, words, limit = shown.groups()
    old, database, request = day(tmp_path, "2026-01-14"), tmp_path / "x.duckdb", PushRequest(only=("logs",))
    ingest(IngestRequest([old, day(tmp_path, limit)], database))
    index = path.removeprefix("/").partition(",")[0]
    assert index == f"{PREFIX}-logs-2026.01.14"
    for since, held in ((None, 3), (limit, 0), (None, 3)):
        assert push(database, search, replace(request, since=since)).exit_code == 0
        assert count(search, index) == held
        call(search, "DELETE", path)
    with pytest.raises(SystemExit) as left:
        run([*words.split(), "--db", str(database)])
    assert left.value.code == 0
    (line,) = push(database, search, request).lines
    assert (line.documents, line.sent, line.unchanged, line.missing) == (3, 0, 3, 0)
    assert count(search, index) == 0
