"""A baseline: the findings of an earlier day, from the JSON that `loglens findings` wrote then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from loglens.errors import NotFound, UsageError

_HOW = "Make one with `loglens findings --format json --output FILE`."


def read_baseline(path: Path) -> frozenset[str]:
    """Return the fingerprints in a file of `loglens findings`, as JSON or JSON lines.

    Raises NotFound where there is no such file, UsageError where it is something else.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise NotFound(f"No baseline {path}. {_HOW}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a baseline: {error}. {_HOW}") from error
    try:
        rows = _rows(text)
        return frozenset(str(row["fingerprint"]) for row in rows)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not a list of findings. {_HOW}") from error


def _rows(text: str) -> list[dict[str, Any]]:
    try:
        rows = json.loads(text)
    except ValueError:
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    found: list[dict[str, Any]] = [rows] if isinstance(rows, dict) else rows
    return found
