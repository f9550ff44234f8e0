"""Trace structure: the place of every span in its trace, its effective interval, self time and critical path.

Sets, never a loop over spans or traces: parents by one join, the tree level by level from its roots, and on every
level all traces at once. The critical path is that of Jaeger and CRISP (Zhang et al., USENIX ATC 2022): from the end
of a span back to its start, always through the child that ended last. What no child on that walk covers is the own
part of the span, so that over a tree the own parts add up to the duration of its root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loglens.derivation import Derivation, Derived, Work
from loglens.derive import query_shapes
from loglens.derive.trace_structure import called, clocks, links, paths, rows, tree
from loglens.store.scripts import script
from loglens.store.store import fetch_row
from loglens.wording import counted

if TYPE_CHECKING:
    import duckdb


def _run(work: Work) -> Derived:
    connection = work.connection
    connection.execute(script("views", "00_times.sql"))
    connection.execute(links.NOTHING_TOUCHED if work.is_whole else links.TOUCHED)
    (first,) = fetch_row(connection, rows.FIRST_NODE)
    _link(connection, work.is_whole)
    if clocks.estimate(connection, work.is_whole):
        _drop(connection, links.TABLES)
        _link(connection, work.is_whole)
    clocks.correct(connection)
    _drop(connection, clocks.TABLES)
    work.progress.advance(0.2)
    tree.grow(connection)
    _drop(connection, ("linked", *tree.SCRATCH))
    work.progress.advance(0.4)
    paths.walk(connection)
    _drop(connection, (*links.TABLES, *paths.SCRATCH))
    work.progress.advance(0.6)
    connection.execute(called.MAKE if work.is_whole else called.OF_TOUCHED)
    work.progress.advance(0.7)
    connection.execute(rows.REMOVE)
    spans = _insert(work, first)
    _drop(connection, ("touched", *tree.TABLES, *paths.TABLES, *called.TABLES))
    traces, violations = fetch_row(connection, rows.CHECK, {"first": first})
    work.progress.advance(1)
    return Derived(f"{counted(spans, 'span')} of {counted(traces, 'trace')}", _warnings(violations))


def _insert(work: Work, first: int) -> int:
    """Write the rows of `span_structure`, and return how many there are."""
    (last,) = fetch_row(work.connection, rows.LAST_SPAN)
    spans = 0
    for low in range(0, 0 if last is None else last + 1, rows.AT_ONCE):
        binds = {"first": first, "low": low, "high": low + rows.AT_ONCE - 1}
        (inserted,) = fetch_row(work.connection, rows.INSERT, binds)
        spans += inserted
        work.progress.advance(0.7 + 0.3 * low / (last + 1))
    return spans


def _link(connection: duckdb.DuckDBPyConnection, is_whole: bool) -> None:
    connection.execute(links.EVERY_SPAN if is_whole else links.TOUCHED_SPANS)
    links.resolve(connection)


def _drop(connection: duckdb.DuckDBPyConnection, tables: tuple[str, ...]) -> None:
    for table in tables:
        connection.execute(f"DROP TABLE IF EXISTS {table}")


def _warnings(violations: int) -> tuple[str, ...]:
    if not violations:
        return ()
    return (f"in {violations:,} trees the parts of the critical path do not add up: a bug in loglens, report it",)


DERIVATION = Derivation(
    name="trace_structure",
    title="Trace structure",
    version=4,
    tables=("span_structure", "clock_offsets"),
    views=("span_tree", "calls"),
    needs=(query_shapes.DERIVATION,),
    run=_run,
)
