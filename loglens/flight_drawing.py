"""What was in flight over time, as one line a subject: its mean and maximum, and how it went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from loglens.analysis import Row
from loglens.text import cut, display_width, visible
from loglens.wording import duration, moments

_BARS = "▁▂▃▄▅▆▇█"
_NUMBER = 8
_NAME_RATIO = 0.4
_HEADS = {"instance": "requests in flight", "peer": "calls in flight"}


def draw(rows: Sequence[Row], width: int) -> str:
    """Return the rows of the answer in lines of at most `width` columns, each line ended."""
    if not rows:
        return "Nothing that has a time and a duration was in flight.\n"
    times = sorted({row["bucket_ts"] for row in rows})
    left = max(int(width * _NAME_RATIO), 20)
    room = max(width - left - 2 * _NUMBER - 2, 8)
    # Where there is no room for all buckets several of them share a column.
    merged = -(-len(times) // room)
    bucket_ns = times[1] - times[0] if len(times) > 1 else 0
    each = f", {duration(merged * bucket_ns / 1e6)} a column" if bucket_ns else ""
    lines = [f"{moments(times[0], times[-1])}{each}, drawn by the most at once"]
    for side, of_side in groupby(rows, key=lambda row: row["side"]):
        lines += ["", _line(_HEADS[side], "mean", "max", "", left)]
        for _, members in groupby(of_side, key=lambda row: (row["service"], row["name"])):
            lines.append(_subject(list(members), left, merged))
    return "".join(f"{cut(line, width, at_end=True).rstrip()}\n" for line in lines)


def _subject(members: Sequence[Row], left: int, merged: int) -> str:
    service, name = members[0]["service"] or "(no service)", members[0]["name"]
    is_peer = members[0]["side"] == "peer"
    # Most instances have the name of their service in front.
    says_both = name is not None and name.startswith(service) and not is_peer
    named = visible(service if name is None else name if says_both else f"{service}{' → ' if is_peer else ' '}{name}")
    mean = sum(row["in_flight"] for row in members) / len(members)
    peak = max(row["max_in_flight"] for row in members)
    return _line(
        named, f"{mean:,.2f}", f"{peak:,}", "".join(_bars([row["max_in_flight"] for row in members], merged)), left
    )


def _bars(levels: Sequence[int], merged: int) -> Iterator[str]:
    peak = max(levels)
    for start in range(0, len(levels), merged):
        level = max(levels[start : start + merged])
        yield " " if level == 0 else _BARS[-(-level * len(_BARS) // peak) - 1]


def _line(name: str, mean: str, peak: str, bars: str, left: int) -> str:
    shown = cut(name, left)
    return f"{shown}{' ' * (left - display_width(shown))}{mean:>{_NUMBER}}{peak:>{_NUMBER}}  {bars}"
