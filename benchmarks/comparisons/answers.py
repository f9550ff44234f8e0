"""How the answers of contenders are read, so that they can be compared."""

from __future__ import annotations

import json
from typing import Any


def last_number(printed: bytes) -> int:
    """Return the number on the last line."""
    return int(printed.split()[-1])


def nothing(printed: bytes) -> None:
    """Leave the output alone, where contenders do different things."""


def rows_by(printed: bytes, key: tuple[str, ...], values: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    """Return the values of the rows of a JSON array by their key."""
    rows = json.loads(printed)
    return {" ".join(str(row[name]) for name in key): tuple(row[name] for name in values) for row in rows}
