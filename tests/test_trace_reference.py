"""Trace structure on traces of others: critical paths that Jaeger UI asserts, and traces its users gave to Zipkin."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell

DATA = Path(__file__).parents[2] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is absent")
JAEGER = DATA / "jaeger-ui"
ZIPKIN = DATA / "zipkin"

Row = dict[str, Any]


def structure(shell: Shell, path: Path) -> list[Row]:
    query = "SELECT span_tree.*, span_id FROM span_tree JOIN spans USING (source_id, line, ordinal)"
    done = shell("sql", query, path, "--format", "json")
    found: list[Row] = json.loads(done.out)
    return found


EXPECTED = json.loads((JAEGER / "expected.json").read_text("utf-8")) if DATA.is_dir() else {}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_critical_paths_are_those_of_jaeger(name: str, shell: Shell) -> None:
    wanted: Counter[str] = Counter()
    for section in EXPECTED[name]["critical_path_sections"]:
        wanted[section["spanID"].lower()] += (section["sectionEnd"] - section["sectionStart"]) * 1000
    found = structure(shell, JAEGER / EXPECTED[name]["file"])
    assert {row["span_id"]: row["critical_ns"] for row in found if row["critical_ns"]} == wanted


FACTS: Mapping[str, Any] = json.loads((ZIPKIN / "facts.json").read_text("utf-8")) if DATA.is_dir() else {}


@pytest.mark.parametrize("name", sorted(FACTS))
def test_parents_of_zipkin_spans(name: str, shell: Shell) -> None:
    facts = FACTS[name]
    found = structure(shell, ZIPKIN / name)
    states = Counter(row["parent_state"] for row in found)
    assert states["root"] == facts["roots"]
    assert states["missing"] + states["attached"] == facts["parent_missing"]
    assert sum(states.values()) - states["local"] - states["remote"] == facts["roots"] + facts["parent_missing"]
    by_node = {row["node"]: row for row in found}
    halves = {row["span_id"]: row for row in found if row["kind"] == "CLIENT"}
    for row in found:
        if row["kind"] == "SERVER" and row["span_id"] in halves:
            assert by_node[row["parent"]] == halves[row["span_id"]]


def test_a_callee_whose_clock_is_behind_is_moved_into_its_caller_with_what_it_does(shell: Shell) -> None:
    found = structure(shell, ZIPKIN / "zipkin-lens/testdata/skew.json")
    assert {(row["service"], row["operation"]): row["skew_ns"] // 1000 for row in found} == {
        ("servicea", "get"): 0,
        ("servicea", "post"): 0,
        ("serviceb", "post"): 65_922,
        ("serviceb", "async"): 65_922,
    }
    assert {row["operation"]: row["critical_ns"] // 1000 for row in found if row["service"] == "serviceb"} == {
        "post": 28_577,
        "async": 65_000,
    }
