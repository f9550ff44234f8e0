"""Log lines of a web service with an incident in them: `python -m benchmarks.inputs.incident_lines OUT LINES`.

For ten minutes half of the requests to one route find no connection in the pool.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from benchmarks.inputs.log_lines import ERRORS, LINE, log_columns
from benchmarks.inputs.text import lines_of, write_lines

SERVICE, ROUTE = "llm-api", "/v1/chat/completions"
BEGIN, END = "2026-10-01T12:00:00Z", "2026-10-01T12:10:00Z"
STATUS = 503
# What holds for those that fail, in place of what was drawn.
FAILED = {
    "status": STATUS,
    "level": "error",
    "message": "request failed",
    "error": f',"error":"{ERRORS[STATUS]}"',
}


def incident_lines(count: int) -> pl.Series:
    """Return that many lines, in order of time."""
    columns = log_columns(count).with_row_index("place")
    fails = (
        (pl.col("service") == SERVICE)
        & (pl.col("path") == ROUTE)
        & pl.col("ts").is_between(pl.lit(BEGIN.removesuffix("Z")), pl.lit(END.removesuffix("Z")), closed="left")
        & (pl.col("place") % 2 == 0)
    )
    columns = columns.with_columns(
        pl.when(fails).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name, value in FAILED.items()
    ).drop("place")
    return lines_of(LINE, columns)


if __name__ == "__main__":
    write_lines(Path(sys.argv[1]), incident_lines(int(sys.argv[2])))
