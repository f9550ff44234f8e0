"""Values and headers as people read them: few digits, units in the header, nothing that can steer a terminal."""

from __future__ import annotations

from typing import Any

from loglens.columns import Column, time_text
from loglens.text import visible

_UNITS = ("_ms", "_s", "_ns", "_bytes")
# Integers that are names rather than amounts read better without separators.
_NAMES = ("_id", "_ns", "_code", "line", "ordinal", "year", "port", "pid", "version", "number")


def header(column: Column) -> str:
    """Return the header of a column: words, then the unit."""
    words = visible(column.name)
    if column.is_number and words.endswith("_ratio"):
        return words.removesuffix("_ratio").replace("_", " ") + " %"
    return words.replace("_", " ")


def cells(column: Column, values: list[Any]) -> list[str]:
    """Return the values of one column as text."""
    match column.kind:
        case "integer":
            spelling = "d" if column.name.endswith(_NAMES) else ",d"
            return ["" if value is None else format(value, spelling) for value in values]
        case "real" | "decimal":
            factor = 100 if column.name.endswith("_ratio") else 1
            return ["" if value is None else number(float(value) * factor) for value in values]
        case "boolean":
            return ["" if value is None else ("yes" if value else "no") for value in values]
        case "time_ns" | "time_us":
            return _times(column, values)
    return ["" if value is None else visible(str(value)) for value in values]


def number(value: float) -> str:
    """Return a number with three significant digits, or all digits before the point."""
    size = abs(value)
    if value - value != 0:
        return ""
    if size >= 99.95 or size == 0:
        return f"{value:,.0f}"
    if size >= 9.995:
        return f"{value:.1f}"
    if size >= 0.9995:
        return f"{value:.2f}"
    return f"{value:.3f}" if size >= 0.0995 else f"{value:.2g}"


def _times(column: Column, values: list[Any]) -> list[str]:
    unit = 10**9 if column.kind == "time_ns" else 10**6
    digits = 4 if any(value is not None and value % unit for value in values) else 0
    shown = []
    for value in values:
        if value is None:
            shown.append("")
            continue
        text, _, fraction = time_text(column, value).removesuffix("Z").replace("T", " ").partition(".")
        shown.append(text + f".{fraction:0<3.3}"[:digits] if text[-1].isdigit() else text)
    return shown
