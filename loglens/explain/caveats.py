"""What makes recorded durations other than real ones: timeouts cut them off, and stalled clients send nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from loglens.wording import counted, duration, percent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Timeouts people configure, in seconds, and how far behind one a request that met it ends.
_TIMEOUTS_S = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 100, 120, 180, 240, 300, 600, 900, 1_800, 3_600)
_BEHIND_RATIO = 0.01
_BEHIND_NS = 50_000_000
# A timeout is named where this share of the tail, and this many, end at it and next to none takes longer.
_CENSORED_RATIO = 0.2
_CENSORED = 5
_BEYOND_RATIO = 0.05
# Arrivals are missing where so few in the time of the slowest request are this improbable.
_ARRIVALS_P = 0.001


def censored(duration_ns: NDArray[np.int64]) -> str | None:
    """Say at which timeout the durations of the tail are cut off, or None where they are not."""
    import numpy as np

    for seconds in reversed(_TIMEOUTS_S):
        timeout = seconds * 1_000_000_000
        behind = max(timeout * _BEHIND_RATIO, _BEHIND_NS)
        met = int(np.count_nonzero((duration_ns >= timeout) & (duration_ns <= timeout + behind)))
        beyond = int(np.count_nonzero(duration_ns > timeout + behind))
        if met >= max(_CENSORED, _CENSORED_RATIO * len(duration_ns)) and beyond <= _BEYOND_RATIO * len(duration_ns):
            return (
                f"{met:,} of the {len(duration_ns):,} slow ones end at {duration(seconds * 1e3)}: censored at a"
                " timeout, so what they really needed is not known."
            )
    return None


def stalled(duration_ns: int, arrived: int, others: int, span_ns: int) -> str | None:
    """Say that arrivals are missing while the slowest request ran: clients that wait for an answer send nothing.

    `arrived` requests of the `others` began in its time; `span_ns` is the time all of them are spread over.
    Coordinated omission (Tene 2013): the requests that were not sent would have been slow too.
    """
    if span_ns <= 0 or not 0 < duration_ns < span_ns:
        return None
    expected = others * duration_ns / span_ns
    improbable = math.exp(-expected) * sum(expected**k / math.factorial(k) for k in range(min(arrived, 150) + 1))
    if arrived >= 150 or improbable >= _ARRIVALS_P:
        return None
    return (
        f"While the slowest ran, {duration(duration_ns / 1e6)}, {counted(arrived, 'request')} came in where"
        f" {expected:,.0f} are usual ({percent(arrived / expected)}): clients that wait send nothing (coordinated"
        " omission), and the tail is worse than it was recorded."
    )
