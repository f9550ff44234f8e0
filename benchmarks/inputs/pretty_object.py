"""Spans as one indented JSON object, 1.7 kB a span: `python -m benchmarks.inputs.pretty_object OUT SPANS`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.inputs.otlp_spans import otlp_lines


def write_pretty(path: Path, count: int) -> None:
    """Write that many spans as one export request, indented."""
    resources = [resource for line in otlp_lines(count) for resource in json.loads(line)["resourceSpans"]]
    with path.open("w", encoding="utf-8") as file:
        json.dump({"resourceSpans": resources}, file, indent=2)


if __name__ == "__main__":
    write_pretty(Path(sys.argv[1]), int(sys.argv[2]))
