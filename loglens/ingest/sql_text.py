"""Text as it stands in a SQL statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# Statements kept, written and planned, of a few megabytes each: a folder has a few formats, each with a few sets of
# keys, and its next file mostly asks the same.
KEPT_STATEMENTS = 32
# Numbers below this are bits of one that DuckDB can shift.
_BITS = 62


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


def is_among(number: str, numbers: Sequence[int]) -> str:
    """Return the condition that a SQL number, not below zero, is one of some.

    Of an IN, and of list_contains, with more than a few of them DuckDB makes a join: it copies all columns of all rows,
    and gathers vectors of few rows to large ones.
    """
    if len(numbers) == 1:
        return f"{number} = {numbers[0]}"
    if max(numbers, default=_BITS) >= _BITS:
        return f"list_position(CAST({list(numbers)} AS BIGINT[]), {number}) IS NOT NULL"
    return f"((CAST(1 AS BIGINT) << least({number}, {_BITS})) & {sum(1 << each for each in set(numbers))}) <> 0"


def is_word(text: str, words: Iterable[str]) -> str:
    """Return the condition that a SQL text is one of some words; see is_among."""
    return f"list_position({listed(words)}, {text}) IS NOT NULL"


def bound(value: str, name: str, body: str) -> str:
    """Return a SQL expression for `body`, another one, in which `name` stands for `value`; bound only once."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"
