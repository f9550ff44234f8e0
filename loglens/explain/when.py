"""When the requests of one side began: the stretch of time that holds more of them than chance would put there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loglens.candidates import two_by_two
from loglens.statistics import g_test, risk_ratio

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The time from the first request to the last is cut into so many slices; a stretch is a run of them.
_SLICES = 24
# A stretch is told where it holds this share of the tail, at this risk, and is this improbable for all stretches.
_TAIL_RATIO = 0.5
_RISK = 2.0
_P = 0.01


@dataclass(frozen=True)
class Stretch:
    """From the first to the last request of the tail inside it, which requests lie there, and how many of each side."""

    first_ns: int
    last_ns: int
    holds: NDArray[np.bool_]
    tail: int
    body: int
    risk: float
    low_risk: float
    p: float


def find_stretch(
    start_ns: NDArray[np.int64], has_start: NDArray[np.bool_], is_tail: NDArray[np.bool_]
) -> Stretch | None:
    """Return the stretch that holds the tail best, or None where it is spread as the body is."""
    import numpy as np

    begun = start_ns[has_start]
    if not len(begun) or begun.min() == begun.max():
        return None
    first, last = int(begun.min()), int(begun.max())
    # The time from one end of what can be represented to the other has one bit more than an integer.
    offsets = begun.astype(np.uint64) - np.uint64(first % 2**64)
    slices = np.minimum(offsets // np.uint64((last - first) // _SLICES + 1), _SLICES - 1).astype(np.int64)
    of_tail = is_tail[has_start]
    tail = np.concatenate([[0], np.cumsum(np.bincount(slices[of_tail], minlength=_SLICES))])
    body = np.concatenate([[0], np.cumsum(np.bincount(slices[~of_tail], minlength=_SLICES))])
    begin, end = np.triu_indices(_SLICES + 1, 1)
    tails, bodies = (tail[end] - tail[begin]).astype(float), (body[end] - body[begin]).astype(float)
    a, b, c, d = two_by_two(tails, bodies, int(tail[-1]), int(body[-1]))
    ratio, low = risk_ratio(a, b, c, d)
    p = np.minimum(g_test(a, b, c, d) * len(begin), 1.0)
    worth = (tails >= _TAIL_RATIO * tail[-1]) & (ratio >= _RISK) & (p < _P)
    if not worth.any():
        return None
    best = int(np.argmin(np.where(worth, p, 2.0)))
    within = (slices >= begin[best]) & (slices < end[best])
    holds = np.zeros(len(start_ns), dtype=np.bool_)
    holds[has_start] = within
    inside = begun[within & of_tail]
    return Stretch(
        first_ns=int(inside.min()),
        last_ns=int(inside.max()),
        holds=holds,
        tail=int(tails[best]),
        body=int(bodies[best]),
        risk=float(ratio[best]),
        low_risk=float(low[best]),
        p=float(p[best]),
    )
