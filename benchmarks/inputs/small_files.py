"""Small files, as pods that come and go leave them: `python -m benchmarks.inputs.small_files FOLDER FILES`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.inputs.log_lines import log_lines
from benchmarks.inputs.text import write_lines

LINES = 20


def write_files(folder: Path, count: int) -> None:
    """Write that many files of LINES log lines."""
    lines = log_lines(count * LINES)
    folder.mkdir()
    for number in range(count):
        write_lines(folder / f"pod-{number:04}.ndjson", lines[number * LINES : (number + 1) * LINES])


if __name__ == "__main__":
    write_files(Path(sys.argv[1]), int(sys.argv[2]))
