"""The sentence of an answer without rows: none of what, of which service, and between which times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loglens.params import accept
from loglens.scope import FIRST_NS, LAST_NS, begin_of_data, end_of_data
from loglens.wording import moments

if TYPE_CHECKING:
    import duckdb

    from loglens.analysis import Analysis, Value


def none_of(
    connection: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    values: Mapping[str, Value],
    binds: Mapping[str, Any],
) -> str:
    """Say that there is none of what an analysis tells: between the times asked for, or else those of the data.

    Where its rows have no name, there is nothing to tell.
    """
    is_narrowed = any(values[param.name] != accept(param, param.default) for param in analysis.params)
    said = f"No {analysis.none_of}" if analysis.none_of else "Nothing to tell"
    said += f" of {binds['service']}" if binds["service"] is not None else ""
    if is_narrowed:
        said += " that match" if analysis.none_of else " that matches"
    first_ns, last_ns = binds["since_ns"], binds["until_ns"]
    if first_ns == FIRST_NS:
        first_ns = begin_of_data(connection)
    if last_ns == LAST_NS:
        last_ns = end_of_data(connection)
    if first_ns is None or last_ns is None or first_ns > last_ns:
        return f"{said}."
    return f"{said} from {moments(first_ns, last_ns)}."
