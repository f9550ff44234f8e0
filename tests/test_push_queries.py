"""The queries that docs/elasticsearch.md shows work as they stand there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from servers.asking import call, push

from loglens.push.names import PREFIX
from loglens.push.run import PushRequest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("servers")]

MANUAL = Path(__file__).parents[1] / "docs" / "elasticsearch.md"
QUERY = re.compile(r"curl \"\$LOGLENS_ES_URL(/[^\"]+)\".*?-d '\n(.*?)'\n", re.DOTALL)


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
