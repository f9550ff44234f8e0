"""What may set two groups of requests apart: values, sets of values, and sides of a number, each with its test."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loglens.attributes import Attribute
from loglens.statistics import CONTINUITY, chi2_tail, exact_test, g_test, rank_test

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from loglens.statistics import Reals

# The least share of a group that must have a value for it to be tested, and to be worth telling.
SUPPORT = 0.05
# Attributes with more values than this are not searched for sets of them, and no set is larger than people read.
_SET_VALUES = 40
_SET_SIZE = 8
# A value needs this many requests to be tested, alone or as one of a set.
_LEAST = 3
_LEAST_IN_SET = 5
# Up to so many requests on one side the approximation of the G-test is too sure of rare values.
_SMALL = 100
# A value belongs to a set where it differs from what is outside of it this surely.
_MEMBER_P = 0.05
# Where an amount is cut for telling: one in ten of the body lies beyond.
_BEYOND = 0.1


@dataclass(frozen=True)
class Condition:
    """What is said of one attribute: it has one of these values, is above or below a number, or is there at all."""

    attribute: str
    values: tuple[str, ...] = ()
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True)
class Candidate:
    """Conditions, the requests for which they hold, and how improbable the difference is by chance."""

    conditions: tuple[Condition, ...]
    holds: NDArray[np.bool_]
    p: float
    auc: float | None = None


def candidates(attribute: Attribute, is_tail: NDArray[np.bool_]) -> Iterator[Candidate]:
    """Yield what can be said of one attribute, each tested on its own."""
    if attribute.is_amount:
        yield from _sides(attribute, is_tail)
    else:
        yield from _values(attribute, is_tail)
        yield from _sets(attribute, is_tail)
    if len(attribute.values) > 1 and not attribute.present.all():
        yield _presence(attribute, is_tail)


def _counts(attribute: Attribute, is_tail: NDArray[np.bool_]) -> tuple[Reals, Reals]:
    """Return how often each value occurs in the tail and in the body."""
    import numpy as np

    size = len(attribute.values)
    tail, body = (
        np.bincount(attribute.codes[group & attribute.present], minlength=size).astype(np.float64)
        for group in (is_tail, ~is_tail)
    )
    return tail, body


def two_by_two(tail_count: Reals, body_count: Reals, tails: int, bodies: int) -> tuple[Reals, Reals, Reals, Reals]:
    """Return the cells of the tables of counts with and without, the continuity correction added."""
    a, b = tail_count + CONTINUITY, body_count + CONTINUITY
    return a, b, tails - tail_count + CONTINUITY, bodies - body_count + CONTINUITY


def chance(tail: Reals, body: Reals, tails: int, bodies: int) -> Reals:
    """Return how improbable such counts of each group are by chance: exactly where one group is small."""
    if min(tails, bodies) <= _SMALL:
        return exact_test(tail, body, tails - tail, bodies - body)
    return g_test(*two_by_two(tail, body, tails, bodies))


def _values(attribute: Attribute, is_tail: NDArray[np.bool_]) -> Iterator[Candidate]:
    import numpy as np

    tails = int(is_tail.sum())
    bodies = len(is_tail) - tails
    tail, body = _counts(attribute, is_tail)
    # Chosen by either group, or the choice itself would make differences look like chance or chance like differences.
    is_common = (tail >= SUPPORT * tails) | (body >= SUPPORT * bodies)
    chosen = np.flatnonzero(is_common & (tail + body >= _LEAST))
    p = chance(tail[chosen], body[chosen], tails, bodies)
    for code, value in zip(chosen.tolist(), p.tolist(), strict=True):
        yield Candidate((Condition(attribute.name, (attribute.values[code],)),), attribute.codes == code, value)


def _sets(attribute: Attribute, is_tail: NDArray[np.bool_]) -> Iterator[Candidate]:
    """Yield the set of values that tells the groups apart best, tested by the G-test of the whole table of values.

    Ordered by rate, one of the prefixes is the best of all sets (Breiman 1984); no set has a higher G than the table.
    """
    import numpy as np

    if not 3 <= len(attribute.values) <= _SET_VALUES:
        return
    tails = int(is_tail.sum())
    bodies = len(is_tail) - tails
    tail, body = _counts(attribute, is_tail)
    codes = np.flatnonzero(tail + body >= _LEAST_IN_SET)
    if len(codes) < 3:
        return
    table = np.stack([tail[codes], body[codes]])
    rest = np.array([[tails], [bodies]]) - table.sum(axis=1, keepdims=True)
    whole = np.hstack([table, rest[:, rest.sum(axis=0) > 0]]) + CONTINUITY
    order = codes[np.argsort(-table[0] / table.sum(axis=0), kind="stable")][:-1]
    inside_tail, inside_body = np.cumsum(tail[order]), np.cumsum(body[order])
    a, b, c, d = two_by_two(inside_tail, inside_body, tails, bodies)
    best = int(np.argmin(np.where(a * d > b * c, g_test(a, b, c, d), math.inf)))
    # A value that came along by chance differs from the values outside no more than they do among themselves.
    alone = g_test(
        tail[order] + CONTINUITY, body[order] + CONTINUITY, c[best] + 0 * tail[order], d[best] + 0 * body[order]
    )
    members = order[: best + 1][alone[: best + 1] < _MEMBER_P]
    if 1 < len(members) <= _SET_SIZE:
        values = tuple(attribute.values[code] for code in sorted(members.tolist()))
        p = chi2_tail(_table_g(whole), whole.shape[1] - 1)
        yield Candidate((Condition(attribute.name, values),), np.isin(attribute.codes, members), p)


def _table_g(table: Reals) -> float:
    import numpy as np

    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(table > 0, table * np.log(table / expected), 0.0)
    return 2 * float(terms.sum())


def _sides(attribute: Attribute, is_tail: NDArray[np.bool_]) -> Iterator[Candidate]:
    import numpy as np

    assert attribute.numbers is not None
    rows = attribute.present
    numbers = attribute.numbers[np.maximum(attribute.codes, 0)]
    body = numbers[rows & ~is_tail]
    if not len(body):
        return
    found = rank_test(numbers[rows], is_tail[rows])
    if found.auc >= 0.5:
        edge = float(np.quantile(body, 1 - _BEYOND, method="higher"))
        yield Candidate((Condition(attribute.name, above=edge),), rows & (numbers > edge), found.p, found.auc)
    else:
        edge = float(np.quantile(body, _BEYOND, method="lower"))
        yield Candidate((Condition(attribute.name, below=edge),), rows & (numbers < edge), found.p, found.auc)


def _presence(attribute: Attribute, is_tail: NDArray[np.bool_]) -> Candidate:
    import numpy as np

    tails = int(is_tail.sum())
    rows = attribute.present
    tail, body = (np.array([float((rows & group).sum())]) for group in (is_tail, ~is_tail))
    p = chance(tail, body, tails, len(is_tail) - tails)
    return Candidate((Condition(attribute.name),), rows, float(p[0]))
