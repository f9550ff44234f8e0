"""Log records of 400 kinds of messages with values in them: `python -m benchmarks.inputs.log_texts OUT LINES`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from benchmarks.inputs.text import DAY_NS, START_NS

# Each with every verb and thing is a kind of message of its own.
SHAPES = (
    "{verb} {thing} {number} for user {name} in {ms} ms",
    "{verb} {thing} /srv/data/{name}/{number}.bin from 10.{octet}.{octet}.7:{number}, {ms} bytes",
    "cannot {verb} {thing} id={hex}: attempt {digit} of 5 after {ms}ms",
    "[{hex}] {thing} {verb} took {ms}.{digit} s (queue={name} depth={number})",
)
VERBS = ("read", "store", "send", "open", "close", "move", "lock", "check", "merge", "drop")
THINGS = ("block", "page", "message", "session", "job", "index", "lease", "chunk", "batch", "row")
NAMES = ("ann", "bob", "cat", "dan", "eve", "fay", "gus", "hal")
_SHARE = 50_000


def write(path: Path, count: int) -> None:
    """Write that many records, in order of time, the same ones every time."""
    rng = np.random.default_rng(11)
    ts_ms = (START_NS + np.sort(rng.integers(0, DAY_NS, count))) // 10**6
    with path.open("w") as file:
        for first in range(0, count, _SHARE):
            size = min(_SHARE, count - first)
            shape, verb, thing, name = (rng.integers(0, n, size) for n in (len(SHAPES), 10, 10, len(NAMES)))
            number, ms, digit, octet = (rng.integers(0, n, size) for n in (100_000, 5_000, 10, 256))
            hexes = rng.integers(0, 2**48, size)
            for row in range(size):
                message = SHAPES[shape[row]].format(
                    verb=VERBS[verb[row]],
                    thing=THINGS[thing[row]],
                    name=NAMES[name[row]],
                    number=number[row],
                    ms=ms[row],
                    digit=digit[row],
                    octet=octet[row],
                    hex=f"{hexes[row]:012x}",
                )
                file.write(f'{{"ts":{ts_ms[first + row]},"level":"info","service":"store","message":"{message}"}}\n')


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
