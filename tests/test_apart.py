"""What sets failed requests apart is told once, however many attributes say nearly the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from loglens.bursts.apart import apart


def told(failed: int, attributes: Mapping[str, Sequence[str | None]]) -> list[str]:
    """Return what is told of requests with these values of attributes, of which the first so many failed."""
    rows: list[dict[str, Any]] = [
        {"part": "attribute", "request": request, "name": name, "value": value}
        for name, values in attributes.items()
        for request, value in enumerate(values)
        if value is not None
    ]
    requests = max(map(len, attributes.values()))
    return apart(pa.Table.from_pylist(rows), [{"is_tail": request < failed} for request in range(requests)])


def test_what_holds_for_nearly_the_same_requests_is_told_once() -> None:
    statements = ["SELECT"] * 97 + ["INSERT"] * 3 + [None] * 10
    assert told(100, {"db.operation.name": statements}) == ["db.operation.name = SELECT (97 %, else 0 %)"]


def test_what_holds_for_others_is_told_beside_it() -> None:
    pools = ["a"] * 60 + ["b"] * 140
    models = ["small"] * 40 + ["large"] * 60 + ["small"] * 100
    assert told(100, {"pool": pools, "model": models}) == [
        "model = large (60 %, else 0 %)",
        "pool = a (60 %, else 0 %)",
    ]
