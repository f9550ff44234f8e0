"""Batches set aside come back as they were, as often as they are read."""

from __future__ import annotations

import pyarrow as pa
import pytest

from loglens.ingest import spool
from loglens.ingest.spool import Spool

SCHEMA = pa.schema([("line", pa.int64()), ("word", pa.dictionary(pa.int32(), pa.string()))])


def batch(first: int, words: list[str]) -> pa.RecordBatch:
    lines = pa.array(range(first, first + len(words)), pa.int64())
    return pa.record_batch([lines, pa.array(words).dictionary_encode()], schema=SCHEMA)


@pytest.mark.parametrize("kept_bytes", [1, 1 << 20])
def test_batches_come_back_from_memory_and_from_disk(kept_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "KEPT_IN_MEMORY_BYTES", kept_bytes)
    added = [batch(0, ["a", "b", "a"]), batch(3, ["c"])]
    with Spool(SCHEMA) as aside:
        for each in added:
            aside.add(each)
        assert aside.rows == 4
        for _ in range(2):
            assert aside.read().read_all().to_pylist() == pa.Table.from_batches(added).to_pylist()
    assert aside.rows == 4


def test_nothing_comes_back_where_nothing_was_added() -> None:
    with Spool(SCHEMA) as aside:
        assert aside.rows == 0
        assert aside.read().read_all().num_rows == 0
