"""Text as it stands in a SQL statement."""

from __future__ import annotations

from collections.abc import Iterable


def quoted(text: str) -> str:
    """Return a text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def listed(texts: Iterable[str]) -> str:
    """Return texts as a SQL list."""
    return f"CAST([{', '.join(map(quoted, texts))}] AS VARCHAR[])"


def element(values: str, place: str = "1") -> str:
    """Return a SQL expression for an element of a list, null where there is none.

    Without the condition DuckDB copies the first element of all lists for each row that has none, and that may be long.
    """
    return f"(CASE WHEN len({values}) >= {place} AND {place} > 0 THEN {values}[{place}] END)"


def bound(value: str, name: str, body: str) -> str:
    """Return a SQL expression for `body`, another one, in which `name` stands for `value`; bound only once."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"
