"""The derivation of log templates: which records are alike, the same in whatever order they come."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from conftest import MakeStore
from hypothesis import given, settings
from hypothesis import strategies as st

import loglens
from loglens.derivation import Silent
from loglens.derive import log_templates
from loglens.derive.log_templates.mining import mine
from loglens.deriving import derive
from loglens.ingest.forget import forget
from loglens.template_changes import changed
from loglens.template_values import values_of
from scorecard.page import with_section
from scorecard.templates import GATES, LABELS, SETS, Accuracy, accuracy, mean, scored_sets

CASES = Path(__file__).parent / "cases" / "derivations" / "log_templates.toml"
SOURCE = {"source_id": 1, "uri": "/x", "ingested_ns": 1, "begun_ns": 1}
TABLES = ("log_templates", "log_masks", "log_record_masks", "log_record_templates")


def escaped(attributes: str | None) -> str | None:
    return attributes and attributes.replace("\n", "\\n").replace("\t", "\\t")


@pytest.mark.parametrize("case", tomllib.loads(CASES.read_text())["case"], ids=lambda case: case["name"])
def test_case(case: Mapping[str, Any], make_store: MakeStore) -> None:
    records = [row if isinstance(row, dict) else {"message": row} for row in case["logs"]]
    rows = [
        {"source_id": 1, "line": number, **row, "attributes": escaped(row.get("attributes"))}
        for number, row in enumerate(records, 1)
    ]
    found = loglens.open(make_store({"sources": [SOURCE], "logs": rows})).sql(
        "SELECT template, frames, records FROM log_templates ORDER BY ALL"
    )
    assert [row["template"] for row in found.rows] == case["templates"]
    assert [row["frames"].split("\n") for row in found.rows if row["frames"]] == case.get("frames", [])
    assert sum(row["records"] for row in found.rows) == len(rows)


def contents(path: Path) -> list[Any]:
    lens = loglens.open(path)
    return [lens.sql(f"SELECT * FROM {table} ORDER BY ALL").rows for table in TABLES]


def lines(*messages: str) -> str:
    return "".join(f'{{"time":"2026-01-15T09:00:0{n % 10}Z","msg":"{each}"}}\n' for n, each in enumerate(messages))


def templates_derived_by(path: Path) -> str:
    (summary,) = (done.summary for done in derive(path) if done.derivation is log_templates.DERIVATION)
    return summary


def test_what_comes_later_is_derived_alone_and_leaves_what_a_whole_run_would(tmp_path: Path) -> None:
    path, first, second = tmp_path / "x.duckdb", tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text(lines("user ann in", "user bob in", "took 5 ms", "took 6 ms"))
    loglens.ingest(first, path)
    assert templates_derived_by(path) == "3 templates of 4 log records"
    second.write_text(lines("user eve in", "user joe in", "user moe in", "took 7 ms", "new"))
    with first.open("a") as file:
        file.write(lines("user kim in"))
    loglens.ingest([first, second], path)
    assert templates_derived_by(path) == "3 templates of 10 log records"
    found = contents(path)
    assert [row["template"] for row in loglens.open(path).sql("FROM log_templates ORDER BY template").rows] == [
        "new",
        "took <*> ms",
        "user <*> in",
    ]
    derive(path, again=True)
    assert contents(path) == found
    forget(path, ["b.jsonl"])
    derive(path)
    found = contents(path)
    assert [len(rows) for rows in found] == [4, 4, 5, 5]
    derive(path, again=True)
    assert contents(path) == found


def test_ids_do_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text(lines("user ann in", "user bob in", "took 5 ms", "done a of b", "done a of c"))
    second.write_text(lines("user eve in", "user joe in", "user moe in", "took 7 ms", "done d of b"))
    found = []
    for name, order in (("x", (first, second)), ("y", (second, first))):
        path = tmp_path / f"{name}.duckdb"
        for file in order:
            loglens.ingest(file, path)
            derive(path)
        found.append(loglens.open(path).sql("FROM log_templates ORDER BY template_id").rows)
    assert found[0] == found[1]


def test_a_run_that_was_killed_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, file = tmp_path / "x.duckdb", tmp_path / "a.jsonl"
    file.write_text(lines("took 5 ms"))
    loglens.ingest(file, path)
    derive(path)
    with file.open("a") as more:
        more.write(lines("took 6 ms", "done"))
    loglens.ingest(file, path)

    class Killed(Silent):
        def advance(self, done_ratio: float) -> None:
            if done_ratio > 0.5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        derive(path, [log_templates.DERIVATION], progress=Killed())
    assert templates_derived_by(path) == "2 templates of 3 log records"


WORDS = st.lists(st.sampled_from(["a", " b", " c", " <*>", " x=", " d<*>,", " e"]), max_size=5)


@settings(deadline=None)
@given(st.dictionaries(WORDS.map(tuple), st.integers(1, 50), max_size=30), st.randoms())
def test_templates_are_the_same_in_any_order_and_fit_their_texts(
    texts: dict[tuple[str, ...], int], random: Any
) -> None:
    def mined(order: list[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
        words = pa.array([list(text) for text in order], pa.list_(pa.string()))
        return dict(zip(order, mine(words, np.array([texts[text] for text in order], np.int64)), strict=True))

    order = list(texts)
    found = mined(order)
    random.shuffle(order)
    assert mined(order) == found


def test_accuracy_counts_what_it_says() -> None:
    truth = ["a <*>", "a <*>", "b", "c", "c"]
    assert accuracy(truth, truth) == Accuracy(1, 1, 1, 1)
    # One group of three is whole, with another text; one is torn apart.
    found = ["a b", "a b", "b", "c", "d"]
    assert accuracy(truth, found) == Accuracy(3 / 5, 2 / 5, 4 / 7, 2 / 7)


def test_a_section_of_the_scorecard_takes_the_place_of_the_last_one() -> None:
    text = with_section("# A\n\none\n\n## C\n\nlast\n", "## B", ["## B", "", "two"])
    assert text == "# A\n\none\n\n## C\n\nlast\n\n## B\n\ntwo\n"
    assert with_section("# A\n\n## B\n\ntwo\n\n## C\n", "## B", ["## B", "new"]) == "# A\n\n## B\nnew\n\n## C\n"


@pytest.mark.parametrize(
    ("template", "text", "values"),
    [
        ("user <*> took <*> ms", "user 5 took\n 7 ms ", ["5", "7"]),
        ("<*>", "17", ["17"]),
        ("took long", "took long", []),
        # The first way to match fails, another one is found.
        ("said <*> to <*>.", "said 5. to 7. to 9.", ["5.", "7. to 9"]),
        ("in <*> in", "in 5 in 6 in", ["5 in 6"]),
        ("user <*> took <*> ms", "something else", [None, None]),
        (" ".join(["<*> a"] * 30), "1 a " * 29 + "1 b", [None] * 30),
    ],
)
def test_values_of_a_record(template: str, text: str, values: list[str | None]) -> None:
    (found,) = values_of([{"template": template, "text": text}])
    assert found == {f"value_{number}": value for number, value in enumerate(values, 1)}


def test_values_are_named_by_their_keys() -> None:
    template = '<*> id=<*> path="<*>" x=<*> X=<*> line=<*> a.b-c=<*>s value_2=<*> = <*>'
    (found,) = values_of([{"template": template, "text": template, "line": 1}])
    assert list(found) == ["value_1", "id", "path", "value_4", "value_5", "value_6", "a.b-c", "value_8", "value_9"]


def test_shares_that_vary_by_chance_have_not_changed() -> None:
    rng = np.random.default_rng(7)
    rates = rng.uniform(1, 50, 200)
    told = 0
    for _ in range(50):
        rows = [
            {"pieces": [{"piece": piece, "records": count} for piece, count in enumerate(counts.tolist())]}
            for counts in rng.poisson(np.outer(rates, [*[1.0] * 12, 3.0])).astype(np.int64)
        ]
        told += bool(changed(rows, 12))
    # At a false discovery rate of 5 % something is told in 5 of 100 stores at most.
    assert told <= 6


def test_a_share_that_grew_or_fell_is_told() -> None:
    def row(*records: int) -> dict[str, Any]:
        return {"pieces": [{"piece": piece, "records": count} for piece, count in enumerate(records)]}

    found = changed([row(500, 500, 500), row(20, 20, 60), row(20, 20, 2), row(0, 0, 30), row(20, 20, 25)], 2)
    assert [(each["before_ratio"], each["after_ratio"]) for each in found] == [
        (0.0, 30 / 617),
        (40 / 1120, 2 / 617),
        (40 / 1120, 60 / 617),
    ]


@pytest.mark.skipif(not SETS, reason="needs the labelled sets of ../shared/data")
def test_the_gates_hold_on_labelled_sets() -> None:
    found = mean([each for _, each in scored_sets(LABELS["original"])])
    assert found.ga >= GATES.ga
    assert found.fga >= GATES.fga
    assert found.fta >= GATES.fta
