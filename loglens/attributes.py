"""The attributes of many requests as arrays, and which of them can say nothing about why requests differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from loglens.statistics import Reals

# An attribute with more different values than this for a row is an id, unless one value is this common.
_DISTINCT = 0.5
_COMMON = 0.05
# Fewer different numbers than this are names of cases, such as a number of retries; more are amounts.
_AMOUNTS = 12
# Names of one occurrence each, of times, and of the duration by another name: words between dots, dashes and the like.
_ONE_EACH = re.compile(
    r"(trace|span|request|correlation|message|event|session|transaction)[._-]?(uu)?id|traceparent|uuid"
)
_TIME = re.compile(r"time|timestamp|ts|date|datetime|epoch|at|start|end|expires?|expiry|deadline", re.IGNORECASE)
_DURATION = re.compile(r"duration|latency|elapsed|took|response[._-]time|processing[._-]time", re.IGNORECASE)
_WORDS = re.compile(r"[._\-/ ]+|(?<=[a-z])(?=[A-Z])")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")
# The epoch in seconds, milliseconds, microseconds or nanoseconds, from 2001 to 2033.
_EPOCH = tuple((10.0**digits, 2 * 10.0**digits) for digits in (9, 12, 15, 18))
# A value that is the duration in another unit keeps its ratio to it this closely, over nine rows in ten.
_SAME_RATIO = 0.02


@dataclass(frozen=True)
class Attribute:
    """One attribute of every request.

    `codes` is, for each request, the index of its value in `values`, or -1 where it has none. `numbers` are the
    values as numbers, where all of them are. `is_effect` says that it belongs to what a request caused, and not to the
    request: what was logged, and what was called.
    """

    name: str
    codes: NDArray[np.int32]
    values: Sequence[str]
    numbers: Reals | None = None
    is_effect: bool = False

    @property
    def is_amount(self) -> bool:
        """Whether its values are numbers to be compared by size, not names of cases."""
        return self.numbers is not None and len(self.values) > _AMOUNTS

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which requests have it."""
        found: NDArray[np.bool_] = self.codes >= 0
        return found


def read_numbers(values: Sequence[str]) -> Reals | None:
    """Return texts as finite numbers, or None where one of them is none."""
    import numpy as np

    try:
        numbers = np.array(values, dtype=np.float64)
    except ValueError:
        return None
    return numbers if bool(np.isfinite(numbers).all()) else None


def telling(attributes: Iterable[Attribute], durations: Reals | None = None) -> list[Attribute]:
    """Leave out what cannot explain a difference: ids, times, constants, and the duration by another name."""
    return [each for each in attributes if not _says_nothing(each, durations)]


def _says_nothing(attribute: Attribute, durations: Reals | None) -> bool:
    rows = int((attribute.codes >= 0).sum())
    if not rows or (len(attribute.values) < 2 and rows == len(attribute.codes)):
        return True
    if not attribute.is_amount and len(attribute.values) > _DISTINCT * rows and _commonest(attribute) < _COMMON * rows:
        return True
    words = _WORDS.split(attribute.name)
    if _ONE_EACH.search(attribute.name.lower()) or _DURATION.search(attribute.name):
        return True
    return _is_time(attribute, words[-1]) or (durations is not None and _is_duration(attribute, durations))


def _commonest(attribute: Attribute) -> int:
    import numpy as np

    return int(np.bincount(attribute.codes[attribute.present]).max())


def _is_time(attribute: Attribute, last_word: str) -> bool:
    if attribute.numbers is None:
        return all(_DATE.fullmatch(value) for value in attribute.values[:5])
    middle = sorted(attribute.numbers.tolist())[len(attribute.values) // 2]
    return bool(_TIME.fullmatch(last_word)) and any(low <= middle < high for low, high in _EPOCH)


def _is_duration(attribute: Attribute, durations: Reals) -> bool:
    import numpy as np

    if attribute.numbers is None or not attribute.is_amount:
        return False
    rows = attribute.present & (durations > 0)
    if not rows.any():
        return False
    low, middle, high = np.quantile(attribute.numbers[attribute.codes[rows]] / durations[rows], [0.05, 0.5, 0.95])
    return bool(middle > 0 and high - low <= _SAME_RATIO * middle)
