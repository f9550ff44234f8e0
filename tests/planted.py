"""Requests with random attributes, of which nothing, one value or a pair sets the tail apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loglens.attributes import Attribute, read_numbers

# How many different values the attributes have, most requests the first of them.
CATEGORIES = (2, 2, 3, 3, 4, 5, 6, 8, 10, 15, 30, 60, 200)
AMOUNTS = 3


@dataclass(frozen=True)
class World:
    """Attributes of requests, and which requests are in the tail."""

    attributes: list[Attribute]
    is_tail: NDArray[np.bool_]
    durations: NDArray[np.float64]


def null_world(seed: int, tails: int, bodies: int) -> World:
    """Return requests whose attributes say nothing of which are in the tail; some leave each out."""
    random = np.random.default_rng([seed, tails, bodies])
    rows = tails + bodies
    attributes = []
    for number, size in enumerate(CATEGORIES):
        shares = 1 / np.arange(1, size + 1) ** random.uniform(0.2, 1.5)
        codes = random.choice(size, rows, p=shares / shares.sum()).astype(np.int32)
        codes[random.random(rows) < random.choice([0.0, 0.0, 0.3])] = -1
        attributes.append(_attribute(f"category.{number}", codes, [f"v{value}" for value in range(size)]))
    for number in range(AMOUNTS):
        numbers = np.round(random.lognormal(3, 1, rows), 2)
        values, places = np.unique(numbers, return_inverse=True)
        attributes.append(_attribute(f"amount.{number}", places.astype(np.int32), [str(value) for value in values]))
    attributes.append(_attribute("note", np.arange(rows, dtype=np.int32), [f"only {row}" for row in range(rows)]))
    is_tail = np.zeros(rows, dtype=np.bool_)
    is_tail[random.choice(rows, tails, replace=False)] = True
    return World(attributes, is_tail, np.where(is_tail, 900.0, 10.0) + random.random(rows))


def plant_value(world: World, seed: int, share: float, base: float) -> World:
    """Return the same with an attribute `planted`, whose value `x` the tail has in `share`, the body in `base`."""
    random = np.random.default_rng([seed, 1])
    rows = len(world.is_tail)
    has = random.random(rows) < np.where(world.is_tail, share, base)
    codes = np.where(has, 0, random.integers(1, 6, rows)).astype(np.int32)
    planted = _attribute("planted", codes, ["x", "a", "b", "c", "d", "e"])
    # A flag that most of these have too, and that makes nothing slow.
    flag = _attribute("flag", (random.random(rows) < np.where(has, 0.7, 0.3)).astype(np.int32), ["off", "on"])
    return World([*world.attributes, flag, planted], world.is_tail, world.durations)


def plant_pair(world: World, seed: int, share: float) -> World:
    """Return the same with `one` and `two`: the tail has both in `share`, else as independent as in the body."""
    random = np.random.default_rng([seed, 2])
    rows = len(world.is_tail)
    both = world.is_tail & (random.random(rows) < share)
    one, two = (np.where(both, 0, random.random(rows) > base).astype(np.int32) for base in (0.2, 0.3))
    pair = [_attribute("one", one, ["yes", "no"]), _attribute("two", two, ["yes", "no"])]
    return World([*world.attributes, *pair], world.is_tail, world.durations)


def _attribute(name: str, codes: NDArray[np.int32], values: list[str]) -> Attribute:
    return Attribute(name, codes, values, read_numbers(values))
