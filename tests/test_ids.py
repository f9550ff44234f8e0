"""Ids made of counters are told apart, and spans of any kind never stop a derivation."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import MakeStore

import loglens
from loglens.deriving import derive
from loglens.store.scripts import script

PATTERNS = ["%016x%016x", "%08x%024x", "%08x%08x", "%04x%012x", "%016d", "%04x%04x%04x%04x"]
SPAN = {"source_id": 1, "ordinal": 0, "name": "GET /cart", "kind": "SERVER", "status": "UNSET", "service": "shop",
        "start_ns": 1_768_467_600_000_000_000, "duration_ns": 10**9}  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_ids_that_count_have_hashes_of_their_own(pattern: str) -> None:
    parts = pattern.count("%")
    base = round(50_000 ** (1 / parts))
    ids = [pattern % counted for counted in product(range(base), repeat=parts)]
    with duckdb.connect() as connection:
        connection.execute(script("views", "00_ids.sql"))
        counts = "SELECT count(*), count(DISTINCT id_hash(id)) FROM (SELECT unnest(?::VARCHAR[]) AS id) AS ids"
        assert connection.execute(counts, [ids]).fetchone() == (len(ids), len(ids))


def test_traces_with_one_hash_of_the_engine_are_two(make_store: MakeStore) -> None:
    first, second = "0000043a000000000000000000000001", "00000435000000000000000000000005"
    with duckdb.connect() as connection:
        assert connection.execute("SELECT hash(?) = hash(?)", [first, second]).fetchone() == (True,)
    inside = {"kind": "INTERNAL", "parent_span_id": "f" * 16, "duration_ns": 10**6}
    spans = [
        SPAN | {"line": 1, "trace_id": first, "span_id": "1" * 16},
        SPAN | {"line": 2, "trace_id": second, "span_id": "2" * 16} | inside,
    ]
    lens = loglens.open(make_store({"sources": [{"source_id": 1, "uri": "/a"}], "spans": spans}))
    tree = lens.sql("SELECT trace_id, parent_state FROM span_tree ORDER BY line").rows
    assert [tuple(row.values()) for row in tree] == [(first, "root"), (second, "missing")]
    assert [row["trace_id"] for row in lens.trace(second).rows] == [second]


@pytest.mark.parametrize(
    ("columns", "calls", "items"),
    [
        ({"db_system": "mysql", "db_query": "select 1", "attributes": '{"composite.count":0}'}, 1, 1),
        ({"db_system": "mysql", "db_query": "select 1", "attributes": '{"composite.count":3000000000}'}, 2**31 - 1, 1),
        ({"kind": "PRODUCER", "attributes": '{"messaging.batch.message_count":5000000000}'}, 1, 2**31 - 1),
        ({"kind": "PRODUCER", "name": None}, 1, 1),
    ],
    ids=["stands for none", "stands for too many", "sends too many", "has no name"],
)
def test_odd_calls_are_calls(columns: dict[str, Any], calls: int, items: int, make_store: MakeStore) -> None:
    span = SPAN | {"line": 1, "trace_id": "1" * 32, "span_id": "1" * 16, "kind": "CLIENT", **columns}
    path: Path = make_store({"sources": [{"source_id": 1, "uri": "/a"}], "spans": [span]})
    derive(path)
    (row,) = loglens.open(path).sql("SELECT shape_id, calls, items FROM span_tree").rows
    assert row["shape_id"] is not None
    assert (row["calls"], row["items"]) == (calls, items)
