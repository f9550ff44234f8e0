"""Random numbers that are the same on every machine and every Python."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Chance:
    """A stream of random numbers, named by a seed and a purpose.

    Streams of different purposes are independent, so that a fault that draws more numbers does not move the traffic.
    """

    def __init__(self, seed: str, purpose: str) -> None:
        name = f"{seed}/{purpose}".encode()
        self._random = random.Random(int.from_bytes(hashlib.sha256(name).digest()[:16], "big"))  # noqa: S311 a simulation

    def uniform(self) -> float:
        """Return a number from 0 (inclusive) to 1 (exclusive)."""
        return self._random.random()

    def happens(self, probability: float) -> bool:
        """Return true with that probability."""
        return self.uniform() < probability

    def below(self, end: int) -> int:
        """Return an integer from 0 to `end` - 1, all equally likely."""
        return int(self.uniform() * end)

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items, all equally likely."""
        return items[self.below(len(items))]

    def popular(self, items: Sequence[Item]) -> Item:
        """Return one of the items; the earlier ones much more often, as with conversations that are in use."""
        return items[int(self.uniform() * self.uniform() * len(items))]

    def hex_id(self, digits: int) -> str:
        """Return that many hexadecimal digits, never all zero."""
        return f"{self._random.getrandbits(digits * 4) | 1:0{digits}x}"

    def exponential(self, mean: float) -> float:
        """Return a waiting time with that mean, such as the gap to the next arrival."""
        return -mean * _logarithm(1.0 - self.uniform())

    def lognormal(self, median: float, spread: float) -> float:
        """Return a duration or size around the median; one in six is above median * e ** spread."""
        normal = sum(self.uniform() for _ in range(12)) - 6.0
        return median * _power_of_e(spread * normal)


# The C library's log and exp differ in the last bit between platforms; additions and multiplications do not.
def _logarithm(value: float) -> float:
    mantissa, exponent = math.frexp(value)
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    square, term, total = ratio * ratio, ratio, 0.0
    for odd in range(1, 41, 2):
        total += term / odd
        term *= square
    return 2.0 * total + exponent * 0.6931471805599453


def _power_of_e(value: float) -> float:
    result = 1.0 + value / 65536.0
    for _ in range(16):
        result *= result
    return result
