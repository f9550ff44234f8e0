"""Trace structure on traces of others: critical paths that Jaeger UI asserts, and traces its users gave to Zipkin."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeStore, insert_many_spans

import loglens
from loglens.store.store import open_writer

DATA = Path(__file__).parents[2] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is absent")
JAEGER = DATA / "jaeger-ui"
ZIPKIN = DATA / "zipkin"

Row = dict[str, Any]


def span(**values: Any) -> Row:
    """Return a row of `spans`; times are given in microseconds."""
    start, duration = values.pop("start"), values.pop("duration")
    times = {"start_ns": start and start * 1000, "duration_ns": duration and duration * 1000}
    return {"source_id": 1, "ordinal": 0, "status": "UNSET", "instance": None, **values, **times}


def jaeger_spans(path: Path) -> list[Row]:
    (trace,) = json.loads(path.read_text("utf-8"))["data"]
    return [
        span(
            line=line,
            trace_id=trace["traceID"],
            span_id=each["spanID"],
            parent_span_id=each["references"][0]["spanID"] if each["references"] else None,
            service=trace["processes"][each["processID"]]["serviceName"],
            name=each["operationName"],
            kind=next((tag["value"].upper() for tag in each.get("tags", ()) if tag["key"] == "span.kind"), "INTERNAL"),
            start=each["startTime"],
            duration=each["duration"],
        )
        for line, each in enumerate(trace["spans"], start=1)
    ]


def zipkin_spans(path: Path) -> list[Row]:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    records = json.loads(text)
    return [
        span(
            line=line,
            trace_id=each["traceId"],
            span_id=each["id"],
            parent_span_id=each.get("parentId"),
            service=each.get("localEndpoint", {}).get("serviceName"),
            name=each.get("name") or "",
            kind=each.get("kind", "UNSPECIFIED"),
            start=each.get("timestamp"),
            duration=each.get("duration"),
        )
        for line, each in enumerate(records if isinstance(records, list) else [records], start=1)
    ]


def structure(make_store: MakeStore, spans: Sequence[Row]) -> list[Row]:
    path = make_store({"sources": [{"source_id": 1, "uri": "/x", "ingested_ns": 1, "begun_ns": 1}]})
    with open_writer(path) as connection:
        insert_many_spans(connection, spans)
    return loglens.open(path).sql("SELECT * FROM span_tree ORDER BY line").rows


EXPECTED = json.loads((JAEGER / "expected.json").read_text("utf-8")) if DATA.is_dir() else {}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_critical_paths_are_those_of_jaeger(name: str, make_store: MakeStore) -> None:
    wanted: Counter[str] = Counter()
    for section in EXPECTED[name]["critical_path_sections"]:
        wanted[section["spanID"]] += (section["sectionEnd"] - section["sectionStart"]) * 1000
    found = structure(make_store, jaeger_spans(JAEGER / EXPECTED[name]["file"]))
    assert {row["span_id"]: row["critical_ns"] for row in found if row["critical_ns"]} == wanted


FACTS: Mapping[str, Any] = json.loads((ZIPKIN / "facts.json").read_text("utf-8")) if DATA.is_dir() else {}


@pytest.mark.parametrize("name", sorted(FACTS))
def test_parents_of_zipkin_spans(name: str, make_store: MakeStore) -> None:
    facts = FACTS[name]
    found = structure(make_store, zipkin_spans(ZIPKIN / name))
    states = Counter(row["parent_state"] for row in found)
    assert states["root"] == facts["roots"]
    assert states["missing"] + states["attached"] == facts["parent_missing"]
    assert sum(states.values()) - states["local"] - states["remote"] == facts["roots"] + facts["parent_missing"]
    by_node = {row["node"]: row for row in found}
    halves = {row["span_id"]: row for row in found if row["kind"] == "CLIENT"}
    for row in found:
        if row["kind"] == "SERVER" and row["span_id"] in halves:
            assert by_node[row["parent"]] == halves[row["span_id"]]


def test_a_callee_whose_clock_is_behind_is_moved_into_its_caller_with_what_it_does(make_store: MakeStore) -> None:
    found = structure(make_store, zipkin_spans(ZIPKIN / "zipkin-lens/testdata/skew.json"))
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
