"""OTLP protobuf reads as OTLP JSON does, however it is framed and wherever it is broken."""

from __future__ import annotations

import base64
import json
import math
import os
import random
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from otlp import attribute, compact
from test_otlp_cases import assert_rows

from benchmarks.inputs.otlp_protobuf import as_json, encode, framed, requests_of
from loglens.ingest.reader import ReadOptions
from loglens.ingest.report import Outcome
from loglens.ingest.run import IngestRequest, ingest
from loglens.store.ledger import RECORD_TABLES

FOLDER = Path(__file__).parent / "cases" / "formats"
FRAMINGS = ("prefixed", "delimited", "single")
JSON_COLUMNS = ("attributes", "events", "links", "resource", "extra", "labels", "raw")
# More than a pull request needs to wait for: LOGLENS_TEST_BROKEN=10000 before a release.
BROKEN_FILES = int(os.environ.get("LOGLENS_TEST_BROKEN", "60"))
Rows = dict[str, list[dict[str, Any]]]


def read(path: Path, *, again: bool = False, **options: Any) -> tuple[Outcome, Rows]:
    """Ingest a file into an empty database beside it; return the outcome and all rows but for the source."""
    database = path.with_suffix(".duckdb")
    if not again:
        database.unlink(missing_ok=True)
    (outcome,) = ingest(IngestRequest([str(path)], database, **options)).outcomes
    rows: Rows = {}
    with duckdb.connect(database, read_only=True) as connection:
        for table in (*RECORD_TABLES, "rejects"):
            order = "line, lines DESC, raw" if table == "rejects" else "line, ordinal"
            cursor = connection.execute(f"SELECT * EXCLUDE (source_id) FROM {table} ORDER BY {order}")
            names = [column[0] for column in cursor.description or []]
            rows[table] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return outcome, rows


def same_records(framing: str, requests: list[Any], folder: Path) -> None:
    """Check that protobuf gives the rows that the same requests give as JSON, one a line."""
    binary, text = folder / "shop.pb", folder / "shop.jsonl"
    binary.write_bytes(framed([encode(request) for request in requests], framing))
    text.write_bytes(b"".join(compact(as_json(request)) + b"\n" for request in requests))
    outcome, rows = read(binary)
    expected_outcome, expected = read(text)
    assert (outcome.format, outcome.rejects) == ("otlp_protobuf", expected_outcome.rejects), outcome.note
    assert {table: list(map(parsed, found)) for table, found in rows.items()} == {
        table: list(map(parsed, found)) for table, found in expected.items()
    }


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("time", [2**63 - 2, 2**63 - 1])
def test_the_last_time_of_64_bits_is_none(framing: str, time: int, tmp_path: Path) -> None:
    """It stands for infinity in the store, which takes no record with it."""
    ids = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174"}
    span = ids | {"startTimeUnixNano": str(time), "endTimeUnixNano": str(time)}
    log = {"timeUnixNano": str(time), "body": {"stringValue": "m"}}
    point = {"timeUnixNano": str(time), "asInt": "1"}
    for request, table, column in (
        ({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}, "spans", "start_ns"),
        ({"resourceLogs": [{"scopeLogs": [{"logRecords": [log]}]}]}, "logs", "ts_ns"),
        (
            {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", "gauge": {"dataPoints": [point]}}]}]}]},
            "metric_samples",
            "ts_ns",
        ),
    ):
        same_records(framing, [request], tmp_path)
        _, rows = read(tmp_path / "shop.jsonl")
        assert [row[column] for row in rows[table]] == [time if time < 2**63 - 1 else None]


def parsed(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its JSON values parsed: how they are written may differ."""
    return {key: parsed_value(key, value) for key, value in row.items()}


def parsed_value(key: str, value: Any) -> Any:
    if isinstance(value, str) and key in JSON_COLUMNS:
        return json.loads(value)
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


def cases() -> list[Any]:
    """Return the cases of OTLP JSON that protobuf can carry."""
    found = []
    for name in ("otlp_spans", "otlp_logs", "otlp_metrics"):
        for case in tomllib.loads((FOLDER / f"{name}.toml").read_text())["case"]:
            try:
                requests = [request for request in requests_of(case["content"]) if encode(request)]
            except (ValueError, RecursionError):
                continue
            found.append(pytest.param(requests, id=f"{name}: {case['name']}"))
    return found


CASES = cases()


def test_most_cases_can_be_carried() -> None:
    assert len(CASES) > 12


@pytest.mark.parametrize("requests", CASES)
def test_cases_of_json_read_the_same(requests: list[Any], tmp_path: Path) -> None:
    same_records("prefixed", requests, tmp_path)


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=c["name"]) for c in tomllib.loads((FOLDER / "otlp_protobuf.toml").read_text())["case"]],
)
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    messages = [encode(json.loads(request)) for request in case.get("requests", [])]
    messages += [bytes.fromhex(message) for message in case.get("messages", [])]
    content = framed(messages, case["framing"]) + bytes.fromhex(case.get("then", ""))
    path = tmp_path / "shop.pb"
    path.write_bytes(content[: len(content) - case.get("cut_bytes", 0)])
    outcome, rows = read(path)
    assert outcome.format == "otlp_protobuf", outcome.note
    assert (outcome.lines, outcome.records, outcome.assumptions) == (
        case["lines"],
        case["records"],
        case.get("assumed", {}),
    )
    for table in (*RECORD_TABLES, "rejects"):
        assert_rows(rows[table], case.get(table, []))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
VALUES = st.recursive(
    st.one_of(
        TEXTS.map(lambda text: {"stringValue": text}),
        st.booleans().map(lambda flag: {"boolValue": flag}),
        st.integers(-(1 << 63), (1 << 63) - 1).map(lambda number: {"intValue": str(number)}),
        st.integers(-300, 300).map(lambda number: {"intValue": str(number)}),
        st.floats(allow_nan=False, allow_infinity=False).map(lambda number: {"doubleValue": number}),
        st.binary(max_size=5).map(lambda content: {"bytesValue": base64.b64encode(content).decode()}),
        st.just({}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda values: {"arrayValue": {"values": values}}),
        st.lists(st.tuples(TEXTS, inner), max_size=2).map(
            lambda pairs: {"kvlistValue": {"values": [attribute(key, value) for key, value in pairs]}}
        ),
    ),
    max_leaves=4,
)
KEYS = st.one_of(st.sampled_from(["http.route", "db.statement", "a", "url.path", "n"]), TEXTS)
ATTRIBUTES = st.lists(st.builds(attribute, KEYS, VALUES), max_size=6)
TIMES = st.one_of(st.just(1_768_467_600_000_000_000), st.integers(0, (1 << 64) - 1)).map(str)
SPANS = st.fixed_dictionaries(
    {
        "traceId": st.binary(min_size=16, max_size=16).map(bytes.hex),
        "spanId": st.binary(min_size=8, max_size=8).map(bytes.hex),
        "name": TEXTS,
        "kind": st.integers(0, 7),
        "startTimeUnixNano": TIMES,
        "endTimeUnixNano": TIMES,
        "attributes": ATTRIBUTES,
        "status": st.fixed_dictionaries({}, optional={"code": st.integers(0, 3), "message": TEXTS}),
    },
    optional={
        "parentSpanId": st.binary(min_size=8, max_size=8).map(bytes.hex),
        "traceState": TEXTS,
        "flags": st.integers(0, (1 << 32) - 1),
        "droppedAttributesCount": st.integers(0, 9),
        "events": st.lists(
            st.fixed_dictionaries({"timeUnixNano": TIMES, "name": TEXTS, "attributes": ATTRIBUTES}), max_size=2
        ),
        "links": st.lists(st.fixed_dictionaries({"traceId": st.just("ab" * 16), "spanId": st.just("cd" * 8)})),
    },
)
RESOURCE = {"attributes": [attribute("service.name", {"stringValue": "shop"})]}


def as_requests(batches: list[list[Any]]) -> list[Any]:
    return [{"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"spans": spans}]}]} for spans in batches]


@settings(max_examples=12, deadline=None, phases=[Phase.generate])
@given(st.lists(st.lists(SPANS, min_size=1, max_size=4), min_size=1, max_size=3), st.sampled_from(FRAMINGS))
def test_any_spans_read_as_their_json_does(batches: list[list[Any]], framing: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        same_records(framing, as_requests(batches), Path(folder))


def plain_span(number: int, chance: random.Random) -> dict[str, Any]:
    return {
        "traceId": f"{chance.getrandbits(128):032x}",
        "spanId": f"{chance.getrandbits(64):016x}",
        "parentSpanId": f"{chance.getrandbits(64):016x}",
        "name": f"GET /{number % 5}",
        "kind": 2,
        "startTimeUnixNano": str(1_768_467_600_000_000_000 + number),
        "endTimeUnixNano": str(1_768_467_601_000_000_000 + number),
        "attributes": [
            attribute("http.route", {"stringValue": "/" + "x" * (number % 300)}),
            attribute("quoted", {"stringValue": 'SELECT "a" FROM b' if number % 7 == 0 else "plain"}),
            attribute("n", {"intValue": str(chance.randrange(-5, 10 ** chance.randrange(1, 18)))}),
            attribute("is_cached", {"boolValue": number % 2 == 0}),
            attribute("ratio", {"doubleValue": number / 8}),
        ],
        "status": {"code": 2, "message": "no"} if number % 3 == 0 else {},
    }


def test_many_spans_read_as_their_json_does(tmp_path: Path) -> None:
    chance = random.Random(3)
    batches = [[plain_span(100 * batch + span, chance) for span in range(100)] for batch in range(40)]
    same_records("delimited", as_requests(batches), tmp_path)


def broken(chance: random.Random, framing: str) -> bytes:
    """Return a few messages with some bytes changed, taken out or put in, cut somewhere."""
    batches = [[plain_span(span, chance) for span in range(5)] for _ in range(3)]
    content = bytearray(framed([encode(request) for request in as_requests(batches)], framing))
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(40, len(content))
        match chance.randrange(4):
            case 0:
                content[place] = chance.randrange(256)
            case 1:
                content[place] ^= 1 << chance.randrange(8)
            case 2:
                del content[place : place + chance.randrange(1, 30)]
            case _:
                content[place:place] = chance.randbytes(chance.randrange(1, 12))
    return bytes(content[: chance.randrange(len(content) // 2, len(content) + 1)])


def test_broken_bytes_never_break_the_reader(tmp_path: Path) -> None:
    """What cannot be read is rejected, what can is in, and the lines add up: or the whole file would fail."""
    chance = random.Random(9)
    for number in range(BROKEN_FILES):
        (tmp_path / f"{number}.pb").write_bytes(broken(chance, FRAMINGS[number % 3]))
    request = IngestRequest([str(tmp_path)], tmp_path / "x.duckdb", options=ReadOptions(format="otlp_protobuf"))
    outcomes = ingest(request).outcomes
    assert [(outcome.path, outcome.note) for outcome in outcomes if outcome.action != "new"] == []
    assert len(outcomes) == BROKEN_FILES


def test_a_file_that_grows_is_read_on(tmp_path: Path) -> None:
    chance = random.Random(4)
    content = framed(
        [encode(request) for request in as_requests([[plain_span(n, chance)] for n in range(3)])], "prefixed"
    )
    path = tmp_path / "shop.pb"
    path.write_bytes(content[:-40])
    first, rows = read(path)
    assert (first.records, first.rejects, rows["rejects"][0]["reason"][:11]) == (2, 1, "incomplete:")
    path.write_bytes(content)
    second, rows = read(path, again=True)
    assert (second.action, second.records, len(rows["spans"]), rows["rejects"]) == ("grown", 1, 3, [])
    path.write_bytes(content + content[:100])
    third, rows = read(path, again=True)
    assert (third.action, len(rows["spans"]), len(rows["rejects"])) == ("grown", 3, 1)
