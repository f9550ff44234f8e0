"""Which attribute values set one group of requests, the tail, apart from another, the body.

Risk ratio and support as in DIFF (Abuzaid 2018) and MacroBase (Bailis 2017), G-tests and rank tests with the
correction of Benjamini and Hochberg (1995); what another finding explains is left out by the test of Mantel and
Haenszel (1959), stratified by that finding.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from loglens.attributes import Attribute, telling
from loglens.candidates import SUPPORT, Candidate, Condition, candidates, chance, two_by_two
from loglens.statistics import benjamini_hochberg, chi2_tail, risk_ratio

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from loglens.statistics import Reals

# The least risk ratio worth telling, and the false discovery rate: half of 5 %, for only one direction is told.
RATIO = 1.5
Q = 0.025
# How sure it must be that a difference remains among requests alike in another.
_REMAINS_P = 0.05
# A pair must be this much more telling than each of its two.
_PAIR_GAIN = 1.2
# Pairs are sought among this many conditions.
_PAIRED = 40


@dataclass(frozen=True)
class Difference:
    """One finding: conditions (two for a pair), and how the groups differ in them.

    `tail` and `body` count the requests for which the conditions hold, `tail_ratio` and `body_ratio` are their shares
    of the groups, `example` is the index of a request of the tail. `aliases` hold for exactly the same requests. `auc`
    is there for amounts. `holds` says of each request whether the conditions hold.
    """

    conditions: tuple[Condition, ...]
    tail: int
    body: int
    tail_ratio: float
    body_ratio: float
    risk_ratio: float
    low_risk_ratio: float
    p: float
    q: float
    example: int
    auc: float | None = None
    aliases: tuple[tuple[Condition, ...], ...] = field(default=(), compare=False)
    holds: NDArray[np.bool_] | None = field(default=None, compare=False, repr=False)

    @property
    def score(self) -> float:
        """What findings are ranked by: how sure the risk is, times how much of the tail it accounts for."""
        return self.low_risk_ratio * self.tail_ratio


@dataclass(frozen=True)
class _Kept:
    found: Difference
    holds: NDArray[np.bool_]


def differences(
    attributes: Iterable[Attribute],
    is_tail: NDArray[np.bool_],
    durations: Reals | None = None,
    body_weight: float = 1.0,
    known: NDArray[np.bool_] | None = None,
) -> list[Difference]:
    """Return what sets the tail apart, best first; nothing where the groups do not differ.

    `is_tail` tells the group of each request, `durations` (any unit) let the duration itself be left out, and each
    request of the body stands for `body_weight` of them where the body is a sample. `known` holds for requests of which
    something is known that sets them apart, such as their time: what it explains, and what does not explain it, is no
    difference.
    """
    import numpy as np

    told = telling(attributes, durations)
    tested = [found for each in told for found in candidates(each, is_tail)]
    if not tested or is_tail.all() or not is_tail.any():
        return []
    q = benjamini_hochberg(np.array([each.p for each in tested]), len(tested))
    groups = _Groups(is_tail, body_weight, known)
    measured = _measured(tested, q, groups)
    singles = _without_worse_sets(_ranked(_with_aliases([each for each in measured if _is_telling(each)])))
    singles = [each for each in singles if groups.is_beyond_known(each)]
    found = _ranked([*singles, *_pairs(_partners(singles, measured), len(tested), groups)])
    # What only slow or failed requests have at all, with any value, tells of the effect.
    effects = {each.name for each in told if each.is_effect or not (each.present & ~is_tail).any()}
    return [replace(each.found, holds=each.holds) for each in _unexplained(found, groups, effects)]


@dataclass(frozen=True)
class _Groups:
    """Which requests are in the tail, how many a request of the body stands for, and what is known already."""

    is_tail: NDArray[np.bool_]
    body_weight: float
    known: NDArray[np.bool_] | None

    def is_beyond_known(self, kept: _Kept) -> bool:
        """Whether it is a difference apart from what is known, or explains just that."""
        return (
            self.known is None
            or _differs_within(kept.holds, [self.known], self.is_tail)
            or not _differs_within(self.known, [kept.holds], self.is_tail)
        )

    def differs(self, kept: _Kept, other: _Kept, limit: float = _REMAINS_P) -> bool:
        """Whether it is a difference among requests that are alike in the other, and in what is known."""
        strata = [other.holds]
        if self.known is not None and _differs_within(kept.holds, [self.known], self.is_tail):
            strata.append(self.known)
        return _differs_within(kept.holds, strata, self.is_tail, limit)


def _measured(found: Sequence[Candidate], q: Reals, groups: _Groups) -> list[_Kept]:
    import numpy as np

    is_tail = groups.is_tail
    tails = int(is_tail.sum())
    bodies = len(is_tail) - tails
    tail = np.array([float(np.count_nonzero(each.holds & is_tail)) for each in found])
    body = np.array([float(np.count_nonzero(each.holds)) for each in found]) - tail
    a, b, c, d = two_by_two(tail, body, tails, bodies)
    ratio, low = risk_ratio(a, b * groups.body_weight, c, d * groups.body_weight)
    return [
        _Kept(
            Difference(
                conditions=each.conditions,
                tail=int(tail[index]),
                body=int(body[index]),
                tail_ratio=float(tail[index]) / tails,
                body_ratio=float(body[index]) / bodies,
                risk_ratio=float(ratio[index]),
                low_risk_ratio=float(low[index]),
                p=each.p,
                q=float(q[index]),
                example=int(np.argmax(each.holds & is_tail)),
                auc=each.auc,
            ),
            each.holds,
        )
        for index, each in enumerate(found)
    ]


def _is_telling(kept: _Kept) -> bool:
    return kept.found.tail_ratio >= SUPPORT and kept.found.risk_ratio >= RATIO and kept.found.q < Q


def _ranked(kept: Sequence[_Kept]) -> list[_Kept]:
    """Order by score; of equals the simpler one, in the order of the attributes."""
    return sorted(kept, key=lambda each: (-each.found.score, len(each.found.conditions)))


def _with_aliases(kept: Sequence[_Kept]) -> list[_Kept]:
    """Join what holds for the same requests under the simplest of them, in the order of the attributes."""
    import numpy as np

    groups: dict[bytes, list[_Kept]] = {}
    for each in sorted(kept, key=lambda each: len(each.found.conditions[0].values) > 1):
        groups.setdefault(np.packbits(each.holds).tobytes(), []).append(each)
    return [
        replace(same[0], found=replace(same[0].found, aliases=tuple(other.found.conditions for other in same[1:])))
        for same in groups.values()
    ]


def _without_worse_sets(ranked: Sequence[_Kept]) -> list[_Kept]:
    """Keep, of the values of an attribute and the sets of them, a set or its members, whichever ranks higher."""
    chosen: list[_Kept] = []
    for each in ranked:
        (condition,) = each.found.conditions
        mine = set(condition.values)
        others = [
            set(other.values)
            for kept in chosen
            for other in kept.found.conditions
            if other.attribute == condition.attribute
        ]
        if not mine or not any(mine & other for other in others):
            chosen.append(each)
    return chosen


def _partners(singles: Sequence[_Kept], measured: Sequence[_Kept]) -> list[_Kept]:
    """Return what may be one of a pair: what is told, then what only leans the same way, the most probable last."""
    taken = {each.found.conditions for each in singles}
    leaning = [
        each
        for each in measured
        if each.found.risk_ratio > 1
        and each.found.tail_ratio >= SUPPORT
        and len(each.found.conditions[0].values) <= 1
        and each.found.conditions not in taken
    ]
    leaning.sort(key=lambda each: each.found.p)
    return [*singles, *_with_aliases(leaning)][:_PAIRED]


def _pairs(partners: Sequence[_Kept], tests: int, groups: _Groups) -> list[_Kept]:
    """Return pairs about different attributes that tell clearly more than each of the two; of all pairs of `tests`."""
    import numpy as np

    couples = [
        (one, other)
        for index, one in enumerate(partners)
        for other in partners[index + 1 :]
        if one.found.conditions[0].attribute != other.found.conditions[0].attribute
    ]
    if not couples:
        return []
    held = [one.holds & other.holds for one, other in couples]
    is_tail = groups.is_tail
    tails = int(is_tail.sum())
    tail = np.array([float(np.count_nonzero(holds & is_tail)) for holds in held])
    body = np.array([float(np.count_nonzero(holds)) for holds in held]) - tail
    p = chance(tail, body, tails, len(is_tail) - tails)
    tested = [
        Candidate((*one.found.conditions, *other.found.conditions), holds, value)
        for (one, other), holds, value in zip(couples, held, p.tolist(), strict=True)
    ]
    # Partners were chosen by what they are alone, so all there might have been count as tested.
    measured = _measured(tested, benjamini_hochberg(p, tests * (tests - 1) // 2), groups)
    limit = _REMAINS_P / len(couples)
    return [
        each
        for each, couple in zip(measured, couples, strict=True)
        if _is_telling(each)
        and each.found.risk_ratio >= _PAIR_GAIN * max(one.found.risk_ratio for one in couple)
        and groups.is_beyond_known(each)
        and all(groups.differs(each, one, limit) for one in couple)
    ]


def _unexplained(ranked: Sequence[_Kept], groups: _Groups, effects: AbstractSet[str]) -> list[_Kept]:
    """Leave out what a finding ranked above explains: among requests alike in that one it makes no difference.

    Effects explain one another, and are explained, but explain no cause.
    """
    chosen: list[_Kept] = []
    for each in ranked:
        above = [other for other in chosen if _is_effect(each, effects) or not _is_effect(other, effects)]
        if all(groups.differs(each, other) for other in above):
            chosen.append(each)
    return chosen


def _is_effect(kept: _Kept, effects: AbstractSet[str]) -> bool:
    return any(condition.attribute in effects for condition in kept.found.conditions)


def _differs_within(
    holds: NDArray[np.bool_], alike: Sequence[NDArray[np.bool_]], is_tail: NDArray[np.bool_], limit: float = _REMAINS_P
) -> bool:
    """Whether a condition still sets the tail apart, with requests compared only with those alike in the others."""
    import numpy as np

    strata = np.zeros(len(holds), dtype=np.int64)
    for place, mask in enumerate(alike):
        strata |= mask.astype(np.int64) << place
    n, with_it, tails, a = (
        np.bincount(strata[rows], minlength=1 << len(alike)).astype(np.float64)
        for rows in (slice(None), holds, is_tail, holds & is_tail)
    )
    more = n > 1
    n, with_it, tails, a = n[more], with_it[more], tails[more], a[more]
    excess = float((a - with_it * tails / n).sum())
    variance = float((with_it * (n - with_it) * tails * (n - tails) / (n * n * (n - 1))).sum())
    if excess <= 0 or variance <= 0:
        return False
    above, below = float((a * (n - with_it) / n).sum()), float(((tails - a) * with_it / n).sum())
    ratio = above / below if below else math.inf
    return ratio >= RATIO and chi2_tail(excess * excess / variance, 1) < limit
