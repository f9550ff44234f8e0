"""Of bursts that tell of the same errors, the one that tells most."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.bursts.burst import Burst, conditional_sigma

# A child with less than this share of what its parent has too much must stand out beside the rest of it.
_SHARE = 0.5
# One child with this share is what the burst of the parent is.
_MOST = 0.9
# Bursts of two kinds with no less of each other's errors are one.
_ALIKE = 0.8
# What can stand for its service: what failed, or where that is not known what was written.
_NAMED, _LOGGED = {"route", "error"}, {"template", "level"}
# What tells most first: a route says where, an error only what.
_ORDER = ("route", "service", "error", "template", "level", "dependency", "tenant")


def pruned(bursts: Sequence[Burst], sigma: float) -> list[Burst]:
    """Return the bursts without those that others explain."""
    parents = [each for each in bursts if each.key.kind == "service"]
    kept = [each for each in bursts if not _is_explained(each, parents, sigma)]
    kept = [each for each in kept if not _is_one_child(each, kept, bursts)]
    kept.sort(key=lambda each: _ORDER.index(each.key.kind))
    told: list[Burst] = []
    for burst in kept:
        if not any(_tells_of(other, burst) for other in told):
            told.append(burst)
    return told


def _is_explained(child: Burst, parents: Sequence[Burst], sigma: float) -> bool:
    """Whether all of its service got worse, and it no more than the rest."""
    return child.key.kind != "service" and any(
        parent.key.service == child.key.service
        and parent.covers(child)
        and child.excess < _SHARE * parent.of.excess(child.start, child.end)
        and conditional_sigma(child, parent) < sigma
        for parent in parents
    )


def _is_one_child(parent: Burst, kept: Sequence[Burst], bursts: Sequence[Burst]) -> bool:
    if parent.key.kind != "service":
        return False
    # Of several errors that log one line alike, that line says less than the service.
    is_named = any(
        each.key.kind in _NAMED and each.key.service == parent.key.service and each.covers(parent) for each in bursts
    )
    return any(
        each.key.kind in (_NAMED if is_named else _LOGGED)
        and each.key.service == parent.key.service
        and each.covers(parent)
        and each.of.excess(parent.start, parent.end) >= _MOST * parent.excess
        for each in kept
    )


def _tells_of(told: Burst, burst: Burst) -> bool:
    """Whether a burst that tells more is of the same errors."""
    if not told.covers(burst):
        return False
    if burst.key.kind == "dependency":
        # Of a callee that is seen itself its own burst tells; else that of the caller does.
        is_callee = told.key.service == burst.key.name
        return is_callee or (told.key.service == burst.key.service and told.excess >= (1 - _SHARE) * burst.excess)
    if burst.key.kind == "tenant":
        return told.excess >= (1 - _SHARE) * burst.excess
    return (
        told.key.kind != burst.key.kind
        and told.key.service == burst.key.service
        and min(told.excess, burst.excess) >= _ALIKE * max(told.excess, burst.excess)
    )
