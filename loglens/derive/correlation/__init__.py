"""Correlation: the span, or at least the trace, that each log record belongs to, and how that is known.

The surest way first: the ids of the record; its trace and its time; a request id that other records have with a trace;
the traceparent in the comment of a statement (sqlcommenter), and its session; and the thread, where the instance had
one request alone in flight. What is not certain is left without a span.
"""

from __future__ import annotations

from loglens.derivation import Derivation, Derived, Work
from loglens.derive import query_shapes, trace_structure
from loglens.derive.correlation import links, records, spans
from loglens.store.store import fetch_row
from loglens.wording import counted

# How far outside its span a record may be written: clocks of one host, and what is buffered.
_SLACK_NS = 5_000_000


def _run(work: Work) -> Derived:
    connection = work.connection
    slack = {"slack_ns": _SLACK_NS}
    # One record can link others, wherever they are: all are linked anew.
    connection.execute("DELETE FROM log_links")
    (all_records,) = fetch_row(connection, "SELECT count(*) FROM logs")
    if fetch_row(connection, "SELECT count(*) FROM spans") == (0,):
        return Derived(f"no spans to link {counted(all_records, 'log record')} to")
    if not all_records:
        return Derived("0 of 0 log records linked to traces")
    connection.execute(spans.SPAN_TIMES)
    connection.execute(records.RECORDS)
    connection.execute(links.NOTHING_LINKED)
    work.progress.advance(0.2)
    connection.execute(links.BY_IDS)
    work.progress.advance(0.4)
    connection.execute(links.OWN_TRACE)
    connection.execute(links.IN_TIME, {**slack, "method": "trace_time"})
    work.progress.advance(0.6)
    connection.execute(links.TRACE_OF_REQUEST)
    connection.execute(links.IN_TIME, {**slack, "method": "request_id"})
    work.progress.advance(0.7)
    connection.execute(spans.IN_FLIGHT)
    connection.execute(records.NAMED, records.NAMED_BINDS)
    connection.execute(links.BY_COMMENT)
    connection.execute(links.BY_SESSION, slack)
    connection.execute(links.BY_THREAD)
    work.progress.advance(0.9)
    connection.execute(links.KEEP)
    (found,) = fetch_row(connection, "SELECT count(*) FROM linked")
    for table in ("linked", "placed", *records.TABLES, *spans.TABLES):
        connection.execute(f"DROP TABLE {table}")
    work.progress.advance(1)
    return Derived(f"{found:,} of {counted(all_records, 'log record')} linked to traces")


DERIVATION = Derivation(
    name="correlation",
    title="Correlation",
    version=2,
    tables=("log_links",),
    needs=(query_shapes.DERIVATION, trace_structure.DERIVATION),
    run=_run,
)
