"""The log lines as logfmt, about 330 bytes a line: `python -m benchmarks.inputs.logfmt_lines OUT LINES`."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from benchmarks.inputs.log_lines import log_columns
from benchmarks.inputs.text import lines_of, write_lines

LINE = (
    'time=@ level=@ service=@ msg="@" request_id=req_@ trace_id=@ span_id=@ method=@ path=@ status=@ duration_ms=@ '
    "user_id=user_@ model=@ prompt_tokens=@ completion_tokens=@ stream=@ region=@"
)


def logfmt_lines(count: int) -> pl.Series:
    """Return that many lines, the same ones every time."""
    return lines_of(LINE, log_columns(count).drop("error"))


if __name__ == "__main__":
    write_lines(Path(sys.argv[1]), logfmt_lines(int(sys.argv[2])))
