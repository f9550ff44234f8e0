"""What sets two groups of requests apart: planted values come first, and where nothing does nothing is found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from planted import World, null_world, plant_pair, plant_value

from loglens.attributes import Attribute, read_numbers
from loglens.candidates import Condition
from loglens.differences import Difference, differences

# The text of an attribute for each request, None where it has none.
Texts = Sequence[str | None]
# The slow tests are the proof; a few runs of each show that nothing is broken.
FEW = 10
RUNS = pytest.mark.parametrize("runs", [FEW, pytest.param(200, marks=pytest.mark.slow)])


def allowed(runs: int) -> float:
    """Return how many runs may go wrong: one in twenty, or one of a few."""
    return max(1.0, 0.05 * runs)


def found_in(world: World) -> list[Difference]:
    return differences(world.attributes, world.is_tail, world.durations)


def attribute(name: str, values: Texts) -> Attribute:
    """Return an attribute from the text of each request, None where it has none."""
    distinct = sorted({value for value in values if value is not None})
    codes = np.array([-1 if value is None else distinct.index(value) for value in values], dtype=np.int32)
    return Attribute(name, codes, distinct, read_numbers(distinct))


def is_first(world: World, *names: str) -> bool:
    found = found_in(world)
    return bool(found) and {condition.attribute for condition in found[0].conditions} == set(names)


@RUNS
@pytest.mark.parametrize(("tails", "bodies", "share", "base"), [(8, 100, 1.0, 0.1), (100, 400, 0.5, 0.1)])
def test_a_planted_value_comes_first(tails: int, bodies: int, share: float, base: float, runs: int) -> None:
    worlds = (plant_value(null_world(seed, tails, bodies), seed, share, base) for seed in range(runs))
    first = 0
    for world in worlds:
        found = found_in(world)
        first += bool(found) and found[0].conditions == (Condition("planted", ("x",)),)
    assert first >= runs - allowed(runs)


@RUNS
def test_a_planted_pair_comes_first(runs: int) -> None:
    first = sum(is_first(plant_pair(null_world(seed, 100, 1_000), seed, 0.6), "one", "two") for seed in range(runs))
    assert first >= runs - allowed(runs)


@RUNS
@pytest.mark.parametrize(("tails", "bodies"), [(3, 80), (20, 400), (100, 400)])
def test_nothing_is_found_where_nothing_is_different(tails: int, bodies: int, runs: int) -> None:
    assert sum(bool(found_in(null_world(seed, tails, bodies))) for seed in range(runs)) <= allowed(runs)


def test_what_comes_along_with_a_cause_is_explained_by_it() -> None:
    (found,) = found_in(plant_value(null_world(1, 100, 2_000), 1, 0.6, 0.1))
    assert found.conditions == (Condition("planted", ("x",)),)


IS_TAIL = np.array([True] * 20 + [False] * 80)


def test_counts_and_shares_are_exact_and_what_holds_for_the_same_is_an_alias() -> None:
    tenants: Texts = ["acme"] * 15 + ["other"] * 5 + ["acme"] * 4 + ["other"] * 76
    plans: Texts = ["gold" if tenant == "acme" else "free" for tenant in tenants]
    (found,) = differences([attribute("tenant", tenants), attribute("plan", plans)], IS_TAIL)
    assert found.conditions == (Condition("tenant", ("acme",)),)
    assert found.aliases == ((Condition("plan", ("gold",)),),)
    assert (found.tail, found.body, found.tail_ratio, found.body_ratio) == (15, 4, 0.75, 0.05)
    # (15.5 / 20) / (5.5 / 82), with a half added to each cell.
    assert found.risk_ratio == pytest.approx(11.554545454545455)
    assert found.example == 0


def test_a_set_of_values_is_found_where_no_other_value_has_it() -> None:
    pods: Texts = [f"pod-{row % 3}" for row in range(60)] + [f"pod-{row % 6}" for row in range(240)]
    (found,) = differences([attribute("pod", pods)], np.repeat(IS_TAIL, 3))
    assert found.conditions == (Condition("pod", ("pod-0", "pod-1", "pod-2")),)


def test_amounts_are_compared_by_size_and_small_numbers_by_value() -> None:
    sizes: Texts = [str(1_000 + row) for row in range(20)] + [str(row) for row in range(80)]
    retries: Texts = ["3"] * 20 + ["0", "1"] * 40
    (found,) = differences([attribute("bytes", sizes)], IS_TAIL)
    assert (found.conditions, found.auc) == ((Condition("bytes", above=72.0),), 1.0)
    (found,) = differences([attribute("retries", retries)], IS_TAIL)
    assert (found.conditions, found.auc) == ((Condition("retries", ("3",)),), None)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("request_id", [str(row % 7) for row in range(100)]),
        ("label", [f"l{row}" for row in range(100)]),
        ("created_at", [str(1_768_467_600 + row) for row in range(100)]),
        ("day", [f"2026-01-{row % 20 + 1:02d}" for row in range(100)]),
        ("duration_ms", ["1"] * 20 + ["0"] * 80),
        ("millis", [str(1_000 + row) for row in range(20)] + [str(1 + row) for row in range(80)]),
        ("constant", ["x"] * 100),
        ("nothing", [None] * 100),
    ],
)
def test_what_names_one_occurrence_or_the_duration_is_left_out(name: str, values: Texts) -> None:
    durations = np.array([1_000.0 + row for row in range(20)] + [1.0 + row for row in range(80)]) * 1e6
    assert differences([attribute(name, values)], IS_TAIL, durations) == []


def test_an_attribute_that_only_one_side_has_is_told_and_hides_no_cause() -> None:
    marks: Texts = ["fallback"] * 16 + [None] * 84
    tenants: Texts = ["acme"] * 16 + ["other"] * 4 + ["acme"] * 16 + ["other"] * 64
    found = differences([attribute("path", marks), attribute("tenant", tenants)], IS_TAIL)
    assert [each.conditions[0].attribute for each in found] == ["path", "tenant"]


def test_what_time_explains_is_left_out_and_what_explains_the_time_is_not() -> None:
    is_tail, late = np.repeat(IS_TAIL, 3), np.arange(300) < 72
    users: Texts = [f"u{row % 3}" for row in range(72)] + [f"u{row % 8}" for row in range(228)]
    versions: Texts = ["2.0" if is_late else "1.9" for is_late in late]
    assert differences([attribute("user", users)], is_tail)
    assert differences([attribute("user", users)], is_tail, known=late) == []
    (found,) = differences([attribute("version", versions)], is_tail, known=late)
    assert found.conditions == (Condition("version", ("2.0",)),)


def test_one_side_alone_and_no_attributes_at_all() -> None:
    every = np.ones(5, dtype=np.bool_)
    letters = attribute("a", ["x", "y", "x", "y", "x"])
    assert differences([letters], every) == differences([letters], ~every) == differences([], IS_TAIL) == []
