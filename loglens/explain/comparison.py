"""One comparison as it was read: the requests of both sides, how many there are of each, and what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from loglens.attributes import Attribute
from loglens.explain.read import Requests, read_attributes, read_requests, rows_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from loglens.statistics import Reals

NS_PER_MS = 1_000_000


@dataclass(frozen=True)
class Comparison:
    """The table that the statement gave, and its binds; `called` is what a part of the tail is called."""

    table: pa.Table
    values: Mapping[str, Any]
    called: str | None = None

    @property
    def is_errors(self) -> bool:
        """Whether failed requests are compared with the others, and not slow ones with typical ones."""
        return bool(self.values["errors"])

    @property
    def words(self) -> tuple[str, str]:
        """What the two sides are called."""
        return ("failed", "successful") if self.is_errors else ("slow", "typical")

    @property
    def sides(self) -> tuple[str, str]:
        """What the requests of the two sides are called in a sentence."""
        one, other = self.words
        return self.called or f"the {one} ones", f"the {other} ones"

    @cached_property
    def requests(self) -> Requests:
        """The requests of both sides."""
        return read_requests(self.table)

    @cached_property
    def attributes(self) -> list[Attribute]:
        """Their attributes."""
        return read_attributes(self.table, len(self.requests.is_tail))

    @cached_property
    def durations(self) -> Reals:
        """Their durations."""
        found: Reals = self.requests.duration_ns.astype("float64")
        return found

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """How many requests each side has, whether they were all read or every n-th."""
        counts = {row["is_tail"]: int(row["count"]) for row in rows_of(self.table, "side").to_pylist()}
        return counts.get(True, 0), counts.get(False, 0)

    @property
    def read(self) -> tuple[int, int]:
        """How many requests of each side were read."""
        tails = int(self.requests.is_tail.sum())
        return tails, len(self.requests.is_tail) - tails

    @property
    def sampled(self) -> tuple[int, int]:
        """Every which request of each side was read."""
        return int(self.values["tail_every"]), int(self.values["body_every"])

    def row(self, part: str) -> Mapping[str, Any]:
        """Return the one row of a part."""
        (found,) = rows_of(self.table, part).to_pylist()
        return dict(found)

    def without(self, gone: NDArray[np.bool_], called: str) -> Comparison:
        """Return the comparison without some of the requests, and what is left of the tail under another name."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        numbers = pa.array(np.where(gone, -1, np.cumsum(~gone) - 1), pa.int64())
        moved = pc.take(numbers, self.table["request"])
        table = self.table.set_column(self.table.schema.get_field_index("request"), "request", moved)
        kept = pc.fill_null(pc.greater_equal(moved, 0), True)
        return Comparison(table.filter(kept), self.values, called)

    def trace_id(self, request: int) -> str | None:
        """Return the trace id of a request."""
        found: str | None = self.requests.trace_ids[request].as_py()
        return found
