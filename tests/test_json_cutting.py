"""Records that are cut read as those that are parsed: every case, lines made up, and lines that only look alike."""

from __future__ import annotations

import json
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import test_ndjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_ndjson import CASES, read

from loglens.ingest.formats import ndjson
from loglens.ingest.formats.json_cutting import FILLED_ROWS, Cutter, Gathered

KEYS = ("ts", "time", "level", "msg", "message", "status", "duration", "path", "error", "req", "user_id", "a", "b")
TEXTS = st.sampled_from(
    [
        "",
        "a",
        "GET",
        "/users/17",
        "2026-01-15T09:00:00Z",
        "1768467600",
        "info",
        "ABCDEF0123456789",
        "{}",
        "[1]",
        "é",
        "}",
    ]
)
NUMBERS = st.sampled_from([0, -1, 200, 1768467600, 1768467600.25, 0.5, 1e-7, 2**63, 1.7976931348623157e308])
SCALARS = TEXTS | NUMBERS | st.booleans() | st.none()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner)
)
RECORDS = st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=6)


def same(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its attributes as values: a number that is cut stays as it was written."""
    attributes = row["attributes"] and json.loads(row["attributes"], parse_float=Decimal)
    return row | {"attributes": attributes}


def both_ways(lines: str, folder: Path, monkeypatch: pytest.MonkeyPatch, unit: str | None = None) -> list[Any]:
    """Read lines parsed and cut; return the rows of both, and how many of them were cut."""
    cut: list[int] = []
    plain = Cutter.cut

    def counted(self: Cutter, judged: Any) -> Any:
        batches, flags = plain(self, judged)
        cut.append(int(flags.sum()))
        return batches, flags

    found: list[Any] = []
    with monkeypatch.context() as patch:
        patch.setattr(Cutter, "cut", counted)
        for worth in (1 << 60, 1):
            patch.setattr(ndjson, "WORTH_CUTTING", worth)
            (inner := folder / str(worth)).mkdir(exist_ok=True)
            (inner / "x.duckdb").unlink(missing_ok=True)
            found.append([same(row) for row in read(lines, inner, unit)])
    return [*found, max(cut, default=0)]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_case_reads_the_same_cut(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "WORTH_CUTTING", 1)
    test_ndjson.test_a_record_becomes_its_row(case, tmp_path)


@pytest.mark.slow
@given(records=st.lists(RECORDS, min_size=1, max_size=8), is_spaced=st.booleans(), chance=st.randoms())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_records_made_up_read_the_same_cut(
    records: list[Any], is_spaced: bool, chance: random.Random, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    separators = (", ", ": ") if is_spaced else (",", ":")
    lines = [json.dumps(record, ensure_ascii=False, separators=separators) for record in records for _ in range(3)]
    chance.shuffle(lines)
    parsed, cut, _ = both_ways("\n".join(lines) + "\n", tmp_path, monkeypatch)
    assert cut == parsed


USUAL = '{"time":"2026-01-15T09:00:00Z","level":"info","msg":"m","status":200,"a":{"b":"x","n":1},"c":[1]}\n'
LOOK_ALIKES = {
    "another key of the same length": USUAL.replace('"level"', '"lewel"'),
    "a known key in the place of another": USUAL.replace('"c":', '"e":'),
    "keys in another order": USUAL.replace('"time":"2026-01-15T09:00:00Z","level":"info"', '"level":"info","time":"7"'),
    "a text instead of a number": USUAL.replace("200", '"200"'),
    "null instead of a number": USUAL.replace("200", "null"),
    "a list instead of a number": USUAL.replace("200", "[2]"),
    "an object that closes early": USUAL.replace(',"n":1}', '},"n":1'),
    "a key in the object of another": USUAL.replace('},"c":[1]', ',"c":[1]}'),
    "a quote that is escaped": USUAL.replace('"m"', '"m\\""'),
    "a backslash": USUAL.replace('"x"', '"\\u0078"'),
    "a comma and a brace in a text": USUAL.replace('"m"', '"},{"'),
    "more digits than a double has": USUAL.replace('"n":1', '"n":0.12345678901234567891'),
    "an integer beyond 64 bits": USUAL.replace('"n":1', '"n":123456789012345678901234567890'),
    "a number below the doubles": USUAL.replace('"n":1', '"n":1e-400'),
    "a number above the doubles": USUAL.replace('"n":1', '"n":1e400'),
    "a number that is none": USUAL.replace('"n":1', '"n":01'),
    "a number that begins with a point": USUAL.replace('"n":1', '"n":-.5'),
    "a number whose point ends it": USUAL.replace('"n":1', '"n":1.e5'),
    "a number with a sign too many": USUAL.replace('"n":1', '"n":--1'),
    "a literal that is none": USUAL.replace('"n":1', '"n":nule'),
    "a control character in a text": USUAL.replace('"m"', '"a\tb"'),
    "a key twice": USUAL.replace('"level":"info"', '"level":"info","level":"warn"'),
    "white space": USUAL.replace('","', '", "'),
    "a value that stays": USUAL.replace("200", "999").replace("2026", "20x6"),
    "a line that is blank but for its end": " \n" + USUAL,
    "text": "no JSON at all\n",
    "a line end of Windows": USUAL.replace("\n", "\r\n"),
    "a torn line": USUAL[:-10] + "\n",
}


def test_lines_that_look_alike_among_many_that_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = USUAL.replace("[1]", '["y"]')
    lines = usual * 100 + usual.join(line.replace("[1]", '["y"]') for line in LOOK_ALIKES.values()) + usual * 100
    parsed, cut, count = both_ways(lines, tmp_path, monkeypatch)
    assert cut == parsed
    assert count >= 200


@pytest.mark.parametrize("line", ("a number that is none", "a torn line", "text"))
def test_a_line_that_is_rejected_among_many_that_are_cut(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = USUAL.replace("[1]", '["y"]')
    parsed, cut, count = both_ways(usual * 3 + LOOK_ALIKES[line] + usual, tmp_path, monkeypatch)
    assert cut == parsed
    assert (len(cut), count) == (4 + (line == "text"), 4)


@pytest.mark.parametrize("sizes", [[], [1], [FILLED_ROWS], [FILLED_ROWS - 1, 1, 5], [100] * 100, [9000, 3, 9000]])
def test_batches_of_a_skeleton_are_filled_and_none_is_lost(sizes: list[int]) -> None:
    gathered = Gathered()
    handed: list[pa.RecordBatch] = []
    for number, size in enumerate(sizes):
        batch = pa.record_batch({"line": pa.array([number] * size), "skeleton": pa.array([number % 2] * size)})
        handed += gathered.filled({number % 2: batch})
    assert all(batch.num_rows >= FILLED_ROWS for batch in handed)
    handed += gathered.rest()
    assert all(len(set(batch["skeleton"].to_pylist())) == 1 for batch in handed)
    lines = Counter(line for batch in handed for line in batch["line"].to_pylist())
    assert lines == Counter(dict(enumerate(sizes)))
