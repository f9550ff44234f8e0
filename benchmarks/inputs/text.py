"""Text columns at speed: templates filled from columns, random words and ids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

START_NS = 1_790_812_800_000_000_000  # 2026-10-01T00:00:00Z
DAY_NS = 86_400_000_000_000


def fill(template: str, *values: pl.Expr | str) -> pl.Expr:
    """Return the template with each @ replaced by the value of a column, in order."""
    fixed = template.split("@")
    assert len(fixed) == len(values) + 1
    parts: list[pl.Expr] = [pl.lit(fixed[0])]
    for value, after in zip(values, fixed[1:], strict=True):
        column = pl.col(value) if isinstance(value, str) else value
        parts += [column.cast(pl.String), pl.lit(after)]
    return pl.concat_str(parts)


def lines_of(template: str, columns: pl.DataFrame) -> pl.Series:
    """Return a line for each row, the template filled with its values, in order."""
    return columns.select(fill(template, *columns.columns)).to_series()


def random_ids(rng: np.random.Generator, count: int, digits: int) -> pl.Series:
    """Return that many random lower-case hex ids."""
    text = rng.bytes(count * digits // 2).hex().encode()
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(digits), count, [None, pa.py_buffer(text)])
    return pl.Series(fixed.cast(pa.binary()).cast(pa.string()))


def pick(values: Sequence[Any], which: np.ndarray[Any, Any]) -> pl.Series:
    """Return the values at the given positions."""
    return pl.Series(list(values)).gather(pl.Series(which))


def write_lines(path: Path, lines: pl.Series) -> None:
    """Write a line for each value."""
    with path.open("wb") as file:
        for begin in range(0, len(lines), 50_000):
            file.write(("\n".join(lines[begin : begin + 50_000].to_list()) + "\n").encode())
