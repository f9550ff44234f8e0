"""Spans as columns of numbers: what trees and paths are made of, each for all spans at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from loglens.arrow_columns import as_stored

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Columns = dict[str, NDArray[Any]]
    Flags = NDArray[np.bool_]
    Times = NDArray[np.int64]
    # A position among the columns, -1 for none.
    Places = NDArray[np.int32]
    Numbers = NDArray[np.uint32]
    Hashes = NDArray[np.uint64]

# A span that starts at no time, and one that ends at none.
NO_BEGIN = -(2**63)
NO_FINISH = 2**63 - 1

_SPANS = """
    SELECT
        piece.i                                 AS i,
        origins.origin                          AS origin,
        (piece.parent_span IS NULL)::UTINYINT    AS is_root,
        coalesce(piece.begin_ns, $no_begin)     AS begin_ns,
        coalesce(piece.finish_ns, $no_finish)   AS finish_ns
    FROM piece
    JOIN origins USING (origin_id)
"""
_ORIGINS = """
    SELECT
        service_id                              AS service_id,
        host_id                                 AS host_id,
        is_server::UTINYINT                     AS is_server,
        is_client::UTINYINT                     AS is_client,
        is_producer::UTINYINT                   AS is_producer,
        is_consumer::UTINYINT                   AS is_consumer
    FROM origins
    ORDER BY origin
"""


@dataclass(frozen=True)
class Origins:
    """What spans have in common, by their origin."""

    service_id: Hashes
    host_id: Hashes
    is_server: Flags
    is_client: Flags
    is_producer: Flags
    is_consumer: Flags


@dataclass
class Spans:
    """Spans in the order of `i`, their row in the store; a parent is the position of a span."""

    i: Numbers
    origin: Numbers
    begin_ns: Times
    finish_ns: Times
    is_root: Flags
    parent: Places
    shift_ns: Times | None
    is_async: Flags
    origins: Origins

    @cached_property
    def _is_dense(self) -> bool:
        return len(self.i) == 0 or (self.i[0] == 0 and self.i[-1] == len(self.i) - 1)

    def places(self, i: NDArray[Any]) -> Places:
        """Return where spans stand."""
        import numpy as np

        return (i if self._is_dense else np.searchsorted(self.i, i)).astype(np.int32)

    @cached_property
    def is_entry(self) -> Flags:
        """Whether each heads an invocation: it has no parent, or answers, or its parent belongs to another service."""
        return (self.parent < 0) | (self.origins.is_server | self.origins.is_consumer)[self.origin] | self.is_remote

    @cached_property
    def is_remote(self) -> Flags:
        """Whether the parent of each belongs to another service."""
        return self._differ(self.origins.service_id)

    @cached_property
    def is_crossing(self) -> Flags:
        """Whether the parent of each has another clock."""
        return self._differ(self.origins.host_id)

    def are_async(self, children: Places) -> Flags:
        """Say of spans with a parent whether that did not wait for them.

        A parent does not wait for a message it sent, for a child that goes on for long after it (a tenth of its own
        time, and more than the millisecond clocks and rounding may take), or for one that runs at another time
        altogether. It does wait for an answer, also where it gave up before the callee did.
        """
        import numpy as np

        parents = self.parent[children]
        found = np.zeros(len(children), np.bool_)
        if self.origins.is_producer.any():
            is_sent = self.origins.is_producer[self.origin[parents]]
            found = is_sent & self.origins.is_consumer[self.origin[children]]
        begin_ns, finish_ns = self.begin_ns[children], self.finish_ns[children]
        upper_begin_ns, upper_finish_ns = self.begin_ns[parents], self.finish_ns[parents]
        if self.shift_ns is not None:
            shift_ns = np.where(begin_ns == NO_BEGIN, 0, self.shift_ns[children])
            begin_ns, finish_ns = begin_ns + shift_ns, finish_ns + shift_ns
        # Most spans end inside their parent.
        places = np.flatnonzero((finish_ns > upper_finish_ns) | (finish_ns < upper_begin_ns))
        places = places[(begin_ns[places] != NO_BEGIN) & (upper_begin_ns[places] != NO_BEGIN)]
        begin_ns, finish_ns = begin_ns[places], finish_ns[places]
        upper_begin_ns, upper_finish_ns = upper_begin_ns[places], upper_finish_ns[places]
        origin, upper_origin = self.origin[children[places]], self.origin[parents[places]]
        is_answer = self.origins.is_client[upper_origin] & self.origins.is_server[origin]
        is_long = finish_ns - upper_finish_ns > np.maximum(1_000_000, (upper_finish_ns - upper_begin_ns) // 10)
        is_left = (finish_ns > upper_finish_ns) & ~is_answer & (self.origins.is_producer[upper_origin] | is_long)
        found[places] |= is_left | (begin_ns > upper_finish_ns) | (finish_ns < upper_begin_ns)
        return found

    def _differ(self, of_origin: Hashes) -> Flags:
        import numpy as np

        values, number = np.unique(of_origin, return_inverse=True)
        if len(values) < 2:
            return np.zeros(len(self.origin), np.bool_)
        own = number.astype(np.uint32)[self.origin]
        differs: Flags = (self.parent >= 0) & (own != own[self.parent])
        return differs


def fetch(connection: duckdb.DuckDBPyConnection, statement: str, values: Any = None) -> Columns:
    """Return the columns of an answer of numbers without nulls; flags are numbers of a byte."""
    found = connection.sql(statement, params=values).to_arrow_table()
    return {name: column_of(found, name) for name in found.column_names}


def column_of(found: pa.Table, name: str) -> NDArray[Any]:
    """Return a column of numbers, or of flags where its name is `is_` something."""
    import numpy as np

    numbers = as_stored(found[name])
    return numbers.view(np.bool_) if name.startswith("is_") else numbers


def table(**columns: NDArray[Any]) -> pa.Table:
    """Return columns for the database to read."""
    import pyarrow as pa

    return pa.table(columns)


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, **tables: pa.Table) -> Iterator[None]:
    """Let statements read tables by their names within the block."""
    for name, each in tables.items():
        connection.register(name, each)
    try:
        yield
    finally:
        for name in tables:
            connection.unregister(name)


def read(connection: duckdb.DuckDBPyConnection) -> Spans:
    """Return the spans of `piece`, whose parents are not known yet."""
    import numpy as np

    found = fetch(connection, _SPANS, {"no_begin": NO_BEGIN, "no_finish": NO_FINISH})
    if np.any(found["i"][1:] < found["i"][:-1]):
        order = np.argsort(found["i"])
        found = {name: column[order] for name, column in found.items()}
    return Spans(
        i=found["i"],
        origin=found["origin"],
        begin_ns=found["begin_ns"],
        finish_ns=found["finish_ns"],
        is_root=found["is_root"],
        parent=np.full(len(found["i"]), -1, np.int32),
        shift_ns=None,
        is_async=np.zeros(len(found["i"]), np.bool_),
        origins=Origins(**fetch(connection, _ORIGINS)),
    )
