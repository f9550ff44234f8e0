"""Text as it stands in a SQL statement."""

from __future__ import annotations

from collections.abc import Iterable


def quoted(text: str) -> str:
    """Return a text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def listed(texts: Iterable[str]) -> str:
    """Return texts as a SQL list."""
    return f"CAST([{', '.join(map(quoted, texts))}] AS VARCHAR[])"


def bound(value: str, name: str, body: str) -> str:
    """Return a SQL expression for `body`, another one, in which `name` stands for `value`; bound only once."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"
