"""Trace structure: the place of every span in its trace, its effective interval, self time and critical path.

Sets, never a loop over spans or traces: parents by one join, the tree level by level from its roots, and on every
level all traces at once. The critical path is that of Jaeger and CRISP (Zhang et al., USENIX ATC 2022): from the end
of a span back to its start, always through the child that ended last. What no child on that walk covers is the own
part of the span, so that over a tree the own parts add up to the duration of its root.
"""

from __future__ import annotations

from loglens.derivation import Derivation, Derived, Work
from loglens.derive import query_shapes
from loglens.derive.trace_structure import called, links, paths, rows, tree
from loglens.store.store import fetch_row
from loglens.wording import counted


def _run(work: Work) -> Derived:
    connection = work.connection
    if work.is_whole:
        connection.execute(links.ALL_TRACES)
    else:
        connection.execute(links.TOUCHED_TRACES)
        connection.execute(rows.REMOVE)
    (first,) = fetch_row(connection, rows.FIRST_NODE)
    connection.execute(links.EVERY_SPAN if work.is_whole else links.TOUCHED_SPANS)
    links.resolve(connection)
    work.progress.advance(0.2)
    tree.grow(connection)
    work.progress.advance(0.4)
    paths.walk(connection)
    work.progress.advance(0.6)
    connection.execute(called.MAKE if work.is_whole else called.OF_TOUCHED)
    work.progress.advance(0.7)
    (spans,) = fetch_row(connection, rows.INSERT, {"first": first})
    traces, violations = fetch_row(connection, rows.CHECK, {"first": first})
    for table in (*links.TABLES, *tree.TABLES, *paths.TABLES, *called.TABLES):
        connection.execute(f"DROP TABLE {table}")
    work.progress.advance(1)
    return Derived(f"{counted(spans, 'span')} of {counted(traces, 'trace')}", _warnings(violations))


def _warnings(violations: int) -> tuple[str, ...]:
    if not violations:
        return ()
    return (f"in {violations:,} trees the parts of the critical path do not add up: a bug in loglens, report it",)


DERIVATION = Derivation(
    name="trace_structure",
    title="Trace structure",
    version=2,
    tables=("span_structure",),
    views=("span_tree",),
    needs=(query_shapes.DERIVATION,),
    run=_run,
)
