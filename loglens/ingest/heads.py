"""What is before the inner lines, found by the shape of the first of them: lines of one shape differ in digits only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from loglens.ingest.layout import Wrapper
from loglens.ingest.lines import Lines, Places

# A stream or two, times with and without a fraction.
MOST_SHAPES = 4
MOST_HEAD_BYTES = 160
_BRACE = b"{"
# Wrappers treat all digits alike.
_ALIKE = np.arange(256, dtype=np.uint8)
_ALIKE[ord("0") : ord("9") + 1] = ord("0")


@dataclass(frozen=True)
class Heads:
    """Where the inner lines begin, and where in each line the text of each group does and ends."""

    begins: Places
    spans: Mapping[str, tuple[Places, Places]]


def heads_of(lines: Lines, wrapper: Wrapper) -> Heads | None:
    """Return the heads of lines that all wrap a JSON object and are whole; None where there may be others."""
    count = len(lines.starts)
    sizes = np.zeros(count, np.int64)
    spans = {name: (lines.starts.copy(), lines.starts.copy()) for name in wrapper.outer}
    left = np.arange(count)
    for match in _shapes(lines, wrapper, left):
        if match is None:
            return None
        rows, shape = match
        sizes[rows] = shape.end("head")
        for name, (begins, ends) in spans.items():
            begin, end = shape.span(name)
            if begin >= 0:
                begins[rows] += begin
                ends[rows] += end
    return Heads(lines.starts + sizes, spans)


def _shapes(lines: Lines, wrapper: Wrapper, left: Places) -> Iterator[tuple[Places, re.Match[bytes]] | None]:
    """Yield lines of one shape with the match of the first of them; None, as the last, where some fit none."""
    pattern = re.compile(wrapper.head_pattern.encode())
    for _ in range(MOST_SHAPES):
        first = lines.raw(int(left[0]))[:MOST_HEAD_BYTES]
        shape = pattern.match(first)
        # No group matches a brace, so that nothing behind it can be part of the head.
        if shape is None or first[shape.end() : shape.end() + 1] != _BRACE or _is_cut(shape):
            break
        size = shape.end() + 1
        rows = left[lines.ends[left] - lines.starts[left] >= size]
        begun = np.lib.stride_tricks.sliding_window_view(lines.data, size)[lines.starts[rows]]
        rows = rows[(_ALIKE[begun] == _ALIKE[np.frombuffer(first, np.uint8)[:size]]).all(axis=1)]
        yield rows, shape
        left = np.setdiff1d(left, rows, assume_unique=True)
        if not len(left):
            return
    yield None


def _is_cut(shape: re.Match[bytes]) -> bool:
    """Say whether the next line goes on with a line."""
    return "tag" in shape.re.groupindex and (shape["tag"] or b"").startswith(b"P")
