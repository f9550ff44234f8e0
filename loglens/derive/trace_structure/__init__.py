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
from loglens.store.store import fetch_row, in_order
from loglens.wording import counted

if TYPE_CHECKING:
    import duckdb


def _run(work: Work) -> Derived:
    with in_order(work.connection):
        return _derive(work)


def _derive(work: Work) -> Derived:
    connection = work.connection
    connection.execute(script("views", "03_span_tree.sql"))
    connection.execute(links.NOTHING_TOUCHED if work.is_whole else links.TOUCHED)
    spans = links.resolve(connection, work.is_whole)
    if clocks.estimate(connection, spans, work.is_whole):
        _drop(connection, (*links.SCRATCH, "origins"))
        spans = links.resolve(connection, work.is_whole)
    clocks.correct(connection, spans)
    _drop(connection, clocks.TABLES)
    work.progress.advance(0.3)
    with called.beside(connection, work.is_whole) as found:
        grown = tree.grow(connection, spans)
        walked = paths.walk(connection, grown)
        _drop(connection, links.SCRATCH)
        calls = called.sort(found.result(), spans)
    work.progress.advance(0.6)
    if not work.is_whole:
        for statement in rows.REMOVE:
            connection.execute(statement)
    first = rows.insert(connection, grown, walked, calls, work.progress)
    _drop(connection, ("touched", "origins"))
    traces, violations = fetch_row(connection, rows.CHECK, {"first": first})
    work.progress.advance(1)
    return Derived(f"{counted(len(spans.i), 'span')} of {counted(traces, 'trace')}", _warnings(violations))


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
    version=6,
    tables=("span_nodes", "span_classes", "span_traces", "clock_offsets"),
    views=("span_structure", "span_tree", "calls"),
    needs=(query_shapes.DERIVATION,),
    run=_run,
)
