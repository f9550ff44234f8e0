"""Buckets of time: how long they are, and which of them a stretch of time has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loglens.analysis import Param, Row, Value
from loglens.errors import UsageError
from loglens.scope import parse_length

_MS, _S, _MIN, _HOUR, _DAY = 10**6, 10**9, 60 * 10**9, 3_600 * 10**9, 86_400 * 10**9
_WIDTHS = (
    *(n * _MS for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(n * _S for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MIN for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 30, 90, 365, 3_650)),
)
# About thirty buckets show the shape of a day or of a minute on one screen.
_BUCKETS_WANTED = 40
_BUCKETS_ALLOWED = 100_000


def _parse_bucket(text: str) -> int:
    if text == "auto":
        return 0
    width = parse_length(text)
    if width <= 0:
        raise ValueError(f"{text!r} is not a length of time above zero")
    return width


BUCKET = Param(
    "bucket",
    "auto",
    "Length of a bucket, such as 10s, 1m or 1h; auto makes about thirty of them.",
    metavar="LENGTH",
    parse=_parse_bucket,
)
BOUND = ("width_ns", "first_bucket", "buckets")


def bind_buckets(ranges: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    """Return the length of a bucket, the number of the first, and how many there are, for first_ns and last_ns.

    Raises UsageError where there would be too many.
    """
    width = int(values["bucket"] or 0)
    first, last = ranges[0]["first_ns"], ranges[0]["last_ns"]
    if first is None:
        return {"width_ns": width or _S, "first_bucket": 0, "buckets": 0}
    if width == 0:
        width = next((each for each in _WIDTHS if last // each - first // each < _BUCKETS_WANTED), _WIDTHS[-1])
    buckets = last // width - first // width + 1
    if buckets > _BUCKETS_ALLOWED:
        raise UsageError(
            f"A bucket this short makes {buckets:,} of them."
            " Take a longer --bucket, or a part of the time with --since and --until."
        )
    return {"width_ns": width, "first_bucket": first // width, "buckets": buckets}
