"""Where one question leads to another: to what is asked of its first row, and from the row that a parameter names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loglens.analyses import BY_NAME
from loglens.analysis import Follow, Origin, Value
from loglens.errors import NotFound
from loglens.params import accept_all
from loglens.scope import Scope, told_limits

if TYPE_CHECKING:
    import duckdb

    from loglens.answer import Answer


def first_of(answer: Answer, follow: Follow, values: Mapping[str, Value]) -> dict[str, Any]:
    """Return what the first row leads to asking."""
    first = next(iter(answer.rows()), None)
    if first is None:
        raise NotFound(f"{answer.title}: there are none here to ask `{follow.analysis}` about.")
    return dict(follow.ask(first, values))


def taken_from(
    connection: duckdb.DuckDBPyConnection, origin: Origin, values: Mapping[str, Value], scope: Scope
) -> Mapping[str, Value]:
    """Return what the row says that is named by its key, or the beginning of one."""
    from loglens.ask import ask_outline

    analysis, wanted = BY_NAME[origin.analysis], str(values[origin.param])
    rows = ask_outline(connection, analysis, accept_all(analysis, {}), scope)
    found = [row for row in rows if str(row[origin.key]).startswith(wanted)]
    if len(found) != 1:
        there = origin.analysis + told_limits(scope.binds(connection))
        begins = (
            f"{len(found)} of the {len(rows):,} {there} begin with" if found else f"None of the {there} begins with"
        )
        raise NotFound(f"{begins} {wanted!r}. `loglens {analysis.command} --format json` lists their {origin.key}.")
    return origin.take(found[0], values)
