"""Columns of spans that are taken from their attributes: many at a time they are what each gives by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from otlp import Row, attribute, compact, read_otlp, trace_request

from loglens.ingest.formats.otlp_key_lists import MAX_KEY_BYTES, hash_keys
from loglens.ingest.formats.otlp_spans import NAMES
from loglens.ingest.formats.otlp_wire_attributes import KEPT

HERE = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
COLUMNS = ("http_method", "path", "route", "status_code", "db_system", "db_query", "peer_service", "messaging_system",
           "messaging_destination", "gen_ai_model", "gen_ai_input_tokens", "gen_ai_output_tokens", "user_id",
           "error_type", "attributes")  # fmt: skip
EVERY_NAME = [name for names in NAMES.values() for name in names]
# One that is as long as a name and begins and ends like it.
NEARLY = [name[:9] + "~" + name[10:] for name in EVERY_NAME if len(name) > 20]
VALUES = st.one_of(
    st.sampled_from(["", "a", "GET", "/orders/17", "http://shop/orders/17?b=1&a=2", 'a"b', "a\\b", "é", "200", "-0"])
    .map(lambda text: {"stringValue": text}),
    st.sampled_from(["0", "-0", "200", "-1", "70000", "123456789012345678", "9223372036854775807"])
    .map(lambda digits: {"intValue": digits}),
    st.booleans().map(lambda value: {"boolValue": value}),
    st.sampled_from([0.5, 1e300, 200.0]).map(lambda number: {"doubleValue": number}),
)  # fmt: skip
LISTS = st.dictionaries(st.sampled_from([*EVERY_NAME, *NEARLY, "n", "b"]), VALUES, max_size=6)
SPAN: Row = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "n", "kind": 3,
             "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000"}  # fmt: skip


def spans_of(groups: list[dict[str, Any]], **more: Any) -> bytes:
    spans = [SPAN | {"attributes": [attribute(*pair) for pair in group.items()]} | more for group in groups]
    return compact(trace_request(*spans)) + b"\n"


@HERE
@given(st.lists(LISTS, min_size=1, max_size=8))
def test_columns_are_those_of_spans_read_one_by_one(tmp_path: Path, groups: list[dict[str, Any]]) -> None:
    found = read_otlp(spans_of(groups), tmp_path / "f").rows("spans")
    # A field that no type knows leaves a span to the exact reader.
    expected = read_otlp(spans_of(groups, other=1), tmp_path / "f").rows("spans")
    for column in COLUMNS:
        assert [row[column] for row in found] == [row[column] for row in expected], column


def test_the_same_keys_in_another_order_are_another_list(tmp_path: Path) -> None:
    pairs = {"http.route": {"stringValue": "/a"}, "url.path": {"stringValue": "/b"}, "n": {"intValue": "5"}}
    turned = dict(reversed(pairs.items()))
    rows = read_otlp(spans_of([pairs, turned, pairs]), tmp_path / "f").rows("spans")
    assert [(row["route"], row["path"]) for row in rows] == [("/a", "/b")] * 3
    assert [row["attributes"] for row in rows] == [
        '{"http.route":"/a","url.path":"/b","n":5}', '{"n":5,"url.path":"/b","http.route":"/a"}',
        '{"http.route":"/a","url.path":"/b","n":5}',
    ]  # fmt: skip


def test_keys_that_differ_in_the_last_bytes_of_their_words_are_other_keys(tmp_path: Path) -> None:
    names = [name for name in EVERY_NAME if len(name) % 8 == 0]
    assert names
    for name in names:
        nearly = [name[:-1] + chr(code) for code in range(ord("#"), ord("[")) if chr(code) != name[-1]]
        groups = [{key: {"stringValue": "other"}} for key in nearly] + [{name: {"stringValue": "200"}}]
        rows = read_otlp(spans_of(groups), tmp_path / "f").rows("spans")
        columns = [{column: row[column] for column in COLUMNS[:-1]} for row in rows]
        assert columns[:-1] == [dict.fromkeys(COLUMNS[:-1])] * len(nearly), name
        assert any(value is not None for value in columns[-1].values()), name


def test_hashes_of_keys_differ() -> None:
    sizes = range(1, MAX_KEY_BYTES, 3)
    # Each byte of each key once is another one.
    keys = {bytes(97 + (place == at) * (1 + other) for place in range(size))
            for size in sizes for at in range(size) for other in range(3)}  # fmt: skip
    pairs = {
        b"a" * 7 + bytes([first]) + b"b" * 7 + bytes([last]) for first in range(33, 127) for last in range(33, 127)
    }
    for some in (keys, pairs):
        listed = sorted(some)
        content = np.frombuffer(b"".join([*listed, bytes(16)]), np.uint8)
        lengths = np.array([len(key) for key in listed])
        begins = np.cumsum(lengths) - lengths
        words = np.ndarray((len(content) - 7,), np.uint64, content, strides=(1,))
        kept = KEPT[np.minimum(lengths, 8)]
        last = words[begins + np.maximum(lengths - 8, 0)] & kept
        hashes = hash_keys(words, begins, lengths, words[begins] & kept, last)
        assert len(np.unique(hashes)) == len(listed)


def test_a_key_that_is_written_in_two_ways_is_there_twice(tmp_path: Path) -> None:
    text = spans_of([{"a/b": {"stringValue": "1"}, "a|b": {"stringValue": "2"}}]).replace(b"a|b", b"a\\/b")
    expected = spans_of([{"a/b": {"stringValue": "1"}, "a|b": {"stringValue": "2"}}], other=1).replace(b"a|b", b"a\\/b")
    (found,), (exact,) = (read_otlp(each, tmp_path / "f").rows("spans") for each in (text, expected))
    assert found["attributes"] == exact["attributes"]
    assert found["raw"] is not None
