"""What the spans of the touched traces call: the shape of each call, and what its span says of it beside."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from loglens.derive.query_shapes.span_calls import SPAN_CALLS
from loglens.derive.trace_structure.spans import fetch
from loglens.store.scripts import script

if TYPE_CHECKING:
    import duckdb

    from loglens.derive.trace_structure.spans import Columns, Spans

_VALUES = r'"db\.(?:query|statement|operation)\.parameters?[^"]*"\s*:\s*("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^,}]*)'
_ROWS = r'"db\.[a-z_.]*(?:returned_rows|affected_rows|rows_affected|row_count)"\s*:\s*"?([0-9]+)'
_CALLS = r'composite(?:[a-z_.]*|"\s*:\s*\{[^}]*")count"\s*:\s*"?([0-9]+)'
_ITEMS = r'batch\.(?:size|message_count)"\s*:\s*"?([0-9]+)'
_PARAMS_ID = f"""
    coalesce(
        address_id,
        if(contains(noted, '.parameter'), hash(regexp_extract_all(noted, '{_VALUES}', 1)), NULL),
        params_id
    )
"""
# Of an INTEGER.
_MOST = 2**31 - 1


def _number(pattern: str) -> str:
    return f"try_cast(nullif(regexp_extract(noted, '{pattern}', 1), '') AS BIGINT)"


# Agents record calls that follow one another as one span, with a count.
_CALLED = f"""
    SELECT
        i                                                           AS i,
        shape_id                                                    AS shape_id,
        coalesce({_PARAMS_ID}, 0)                                   AS params_id,
        ({_PARAMS_ID} IS NOT NULL)::UTINYINT                        AS is_told,
        greatest(least(coalesce({_number(_CALLS)}, 1), {_MOST}), 1)::INTEGER AS calls,
        least(greatest(items, {_number(_ITEMS)}), {_MOST})::INTEGER AS items,
        coalesce({_number(_ROWS)}, -1)                              AS returned_rows
    FROM ({SPAN_CALLS}) AS spans
    JOIN query_texts USING (text_id)
"""  # noqa: S608
# What a span that calls nothing has in these columns.
_NOTHING = {"shape_id": 0, "params_id": 0, "is_told": False, "calls": 0, "items": 0, "returned_rows": -1}
_OF_TOUCHED = _CALLED + "SEMI JOIN touched ON id_hash(spans.trace_id) = touched.trace"


@contextmanager
def beside(connection: duckdb.DuckDBPyConnection, is_whole: bool) -> Iterator[Future[Columns]]:
    """Find what spans call, by `i`, while the block goes on with other work."""
    if is_whole:
        with connection.cursor() as other, ThreadPoolExecutor(1) as pool:
            other.execute(script("views", "00_ids.sql"))
            try:
                yield pool.submit(fetch, other, _CALLED)
            except BaseException:
                other.interrupt()
                raise
    else:
        # Another connection does not see which traces are touched.
        found: Future[Columns] = Future()
        found.set_result(fetch(connection, _OF_TOUCHED))
        yield found


def sort(found: Columns, spans: Spans) -> Columns:
    """Return what spans call in the order of the spans, with the place of each; nothing is left of `found`."""
    import numpy as np

    places = spans.places(found.pop("i"))
    order = np.argsort(places, kind="stable")
    return {"place": places[order]} | {name: found.pop(name)[order] for name in _NOTHING}


def spread(calls: Columns, low: int, high: int) -> Columns:
    """Return what each of the spans from one place to another calls, and no calls for one that is none."""
    import numpy as np

    begin, end = np.searchsorted(calls["place"], [low, high])
    places = calls["place"][begin:end] - low
    columns = {}
    for name, default in _NOTHING.items():
        columns[name] = np.full(high - low, default, calls[name].dtype)
        columns[name][places] = calls[name][begin:end]
    return columns
