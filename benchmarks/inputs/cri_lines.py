"""The log lines as a container runtime writes them (CRI): `python -m benchmarks.inputs.cri_lines OUT LINES`."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from benchmarks.inputs.log_lines import LINE, log_columns
from benchmarks.inputs.text import fill, write_lines


def cri_lines(count: int) -> pl.Series:
    """Return that many lines, the same ones every time; those of another level than info from stderr."""
    columns = log_columns(count)
    stream = pl.when(pl.col("level") != "info").then(pl.lit("stderr")).otherwise(pl.lit("stdout"))
    return columns.select(fill(f"@ @ F {LINE}", "ts", stream, *columns.columns)).to_series()


if __name__ == "__main__":
    write_lines(Path(sys.argv[1]), cri_lines(int(sys.argv[2])))
