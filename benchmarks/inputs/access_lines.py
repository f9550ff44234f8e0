"""Access log lines of nginx, combined, about 200 bytes a line: `python -m benchmarks.inputs.access_lines OUT LINES`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.inputs.log_lines import ROUTES, STATUSES
from benchmarks.inputs.text import DAY_NS, START_NS, lines_of, pick, write_lines

AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "python-requests/2.32.3",
    "curl/8.5.0",
)
REFERERS = ("-", "https://app.example.com/", "https://app.example.com/settings")
LINE = '@.@.@.@ - @ [@] "@ @ HTTP/1.1" @ @ "@" "@"'


def access_lines(count: int) -> pl.Series:
    """Return that many lines, in order of time, the same ones every time; a fifth of the paths ends in a number."""
    rng = np.random.default_rng(5)
    route = rng.choice(len(ROUTES), count, p=[share for _, _, share, _ in ROUTES])
    paths = pl.Series(pick([path for _, path, _, _ in ROUTES], route))
    numbers = pl.Series(rng.integers(1, 1_000_000, count)).cast(pl.String)
    has_number = pl.Series(rng.random(count) < 0.2)
    ts_ns = START_NS + np.sort(rng.integers(0, DAY_NS, count))
    columns = pl.DataFrame(
        {
            **{f"ip{part}": rng.integers(1, 255, count) for part in range(4)},
            "user": pick(("-", "alice", "bob"), rng.choice(3, count, p=[0.9, 0.05, 0.05])),
            "ts": pl.Series(ts_ns).cast(pl.Datetime("ns")).dt.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "method": pick([method for method, _, _, _ in ROUTES], route),
            "path": pl.select(pl.when(has_number).then(paths + "/" + numbers).otherwise(paths)).to_series(),
            "status": rng.choice([code for code, _ in STATUSES], count, p=[share for _, share in STATUSES]),
            "bytes": rng.integers(20, 90_000, count),
            "referer": pick(REFERERS, rng.choice(3, count, p=[0.6, 0.2, 0.2])),
            "agent": pick(AGENTS, rng.integers(0, 3, count)),
        }
    )
    return lines_of(LINE, columns)


if __name__ == "__main__":
    write_lines(Path(sys.argv[1]), access_lines(int(sys.argv[2])))
