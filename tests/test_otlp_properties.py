"""OTLP JSON whatever is in it: the quick way and the exact way agree, and nothing breaks a reader."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from otlp import Row, attribute, compact, logs_request, read_otlp, trace_request

from loglens.ingest.formats.otlp_attributes import Flattener
from loglens.ingest.formats.otlp_exact import exception_type
from loglens.ingest.formats.otlp_values import Malformed, Writer, parse

HERE = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TRICKY = st.sampled_from(
    ['"', "\\", '{"key":"', '"}},{"key":"', '{"stringValue":"x"}}]', "}}],", "a\nb", "\\\\", '\\"', "é", "😀", "", "\0"]
)
INT64 = st.integers(-(2**63), 2**63 - 1)
DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.one_of(
    (TEXT | TRICKY).map(lambda value: ({"stringValue": value}, value)),
    INT64.map(lambda value: ({"intValue": str(value)}, value)),
    st.integers(-(2**53), 2**53).map(lambda value: ({"intValue": value}, value)),
    st.booleans().map(lambda value: ({"boolValue": value}, value)),
    DOUBLES.map(lambda value: ({"doubleValue": value}, value)),
)


def lists(inner: Any) -> Any:
    return st.lists(inner, max_size=3).map(
        lambda pairs: ({"arrayValue": {"values": [wire for wire, _ in pairs]}}, [plain for _, plain in pairs])
    )


def objects(inner: Any) -> Any:
    return st.dictionaries(TEXT, inner, max_size=3).map(
        lambda pairs: (
            {"kvlistValue": {"values": [attribute(key, wire) for key, (wire, _) in pairs.items()]}},
            {key: plain for key, (_, plain) in pairs.items()},
        )
    )


VALUES = st.recursive(LEAVES, lambda inner: lists(inner) | objects(inner), max_leaves=6)
ATTRIBUTES = st.dictionaries(TEXT | TRICKY, VALUES, max_size=6)
SPAN: Row = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "n",
             "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000"}  # fmt: skip


def same(found: Any, expected: Any) -> bool:
    """Compare values that went through JSON text, telling 1 from 1.0 and true."""
    return json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)


@HERE
@given(st.lists(ATTRIBUTES, min_size=4, max_size=12), st.booleans())
def test_attributes_come_back_with_their_exact_values(tmp_path: Path, groups: list[Any], spaced: bool) -> None:
    spans = [SPAN | {"attributes": [attribute(k, wire) for k, (wire, _) in group.items()]} for group in groups]
    request = trace_request(*spans)
    read = read_otlp((json.dumps(request).encode() if spaced else compact(request)) + b"\n", tmp_path / "f")
    assert read.counts.records == len(groups)
    for row, group in zip(read.rows("spans"), groups, strict=True):
        expected = {key: plain for key, (_, plain) in group.items()}
        assert same(json.loads(row["attributes"] or "{}"), expected)
        assert row["raw"] is None or json.loads(row["raw"])["attributes"] == spans[row["ordinal"]]["attributes"]


@HERE
@given(st.lists(ATTRIBUTES, min_size=1, max_size=5))
def test_what_is_flattened_at_once_equals_what_is_written_one_by_one(groups: list[Any]) -> None:
    texts = [compact([attribute(k, wire) for k, (wire, _) in group.items()]) for group in groups]
    flat = Flattener().flatten([msgspec.Raw(text) for text in texts])
    for text, found, whole in zip(texts, flat.texts.to_pylist(), flat.whole.tolist(), strict=True):
        if whole:
            expected = Writer().attributes(parse(text))
            assert (json.loads(found) if found else None) == (json.loads(expected) if expected else None)


PLAIN = compact([attribute("http.route", {"stringValue": "/a"}), attribute("n", {"intValue": "5"}),
                 attribute("b", {"boolValue": True}), attribute("d", {"doubleValue": 1.5})])  # fmt: skip


PUT = (
    b"", b'"', b"}", b"{", b",", b"[", b"]", b":", b" ", b"1", b"a", b'"x":1,', b",{}", b"\\", b"null", b"-", b"0",
    b'{"key":"n","value":{"intValue":"5"}},', b"\\u0026", b"\\u001b",
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(st.integers(0, len(PLAIN) - 1), st.integers(0, 6), st.sampled_from(PUT))
def test_a_changed_list_is_read_the_same_or_left_to_the_exact_reader(at: int, cut: int, put: bytes) -> None:
    text = PLAIN[:at] + put + PLAIN[at + cut :]
    try:
        msgspec.json.decode(text, type=list[msgspec.Raw])
    except msgspec.MsgspecError:
        return
    flat = Flattener().flatten([msgspec.Raw(part) for part in (PLAIN, text, PLAIN)])
    first, found, last = flat.texts.to_pylist()
    assert first.strip() == last.strip()
    assert flat.whole[0] and flat.whole[2]
    if flat.whole[1]:
        writer = Writer()
        expected = writer.attributes(parse(text))
        assert not writer.lost
        assert (json.loads(found) if found else None) == (json.loads(expected) if expected else None)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_list_left_to_the_exact_reader_does_not_move_the_others(place: int) -> None:
    lists = [PLAIN, compact([attribute("other", {"stringValue": "/b"})]), PLAIN]
    lists.insert(place, b'[{"key":"http.route","value":{"stringValue":"/a\\u0026b"}}]')
    flat = Flattener().flatten([msgspec.Raw(text) for text in lists])
    assert flat.whole.tolist() == [number != place for number in range(4)]
    found = [json.loads(text) for text in flat.texts.to_pylist() if text is not None]
    assert found == [json.loads(Writer().attributes(parse(text)) or "{}") for text in lists if b"\\u" not in text]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_doubles_that_are_no_numbers_keep_the_record_in_raw(tmp_path: Path, value: str) -> None:
    span = SPAN | {"attributes": [attribute("x", {"doubleValue": value})]}
    (row,) = read_otlp(compact(trace_request(span)), tmp_path / "f").rows("spans")
    assert row["attributes"] == f'{{"x":"{value}"}}'
    assert row["raw"] == compact(span).decode()


@pytest.mark.parametrize("key", ["events", "links"])
@pytest.mark.parametrize("value", [5, "x", {"a": 1}, [5], ["x", {}], None, [None], [], [{"a": 1}]])
def test_lists_are_judged_alike_however_a_span_is_read(tmp_path: Path, key: str, value: Any) -> None:
    usual = SPAN | {key: value}
    # A member with no meaning leaves a span to the exact reader.
    by_type, exactly = (
        read_otlp(compact(trace_request(span, SPAN)), tmp_path / name)
        for name, span in (("usual", usual), ("exact", usual | {"x": 1}))
    )
    assert [row["reason"] for row in by_type.rejects] == [row["reason"] for row in exactly.rejects]
    assert [row[key] for row in by_type.rows("spans")] == [row[key] for row in exactly.rows("spans")]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=3,
)


SPAN_KEYS = (
    "traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano", "attributes", "events",
    "links", "status", "flags", "traceState", "x",
)  # fmt: skip
LOG_KEYS = (
    "timeUnixNano", "observedTimeUnixNano", "severityNumber", "severityText", "body", "attributes", "traceId", "spanId",
    "flags", "eventName", "x",
)  # fmt: skip


def changes(keys: tuple[str, ...]) -> Any:
    return st.lists(st.dictionaries(st.sampled_from(keys), ANYTHING, max_size=3), min_size=4, max_size=10)


@HERE
@given(changes(SPAN_KEYS))
def test_wrong_types_in_spans_are_read_or_rejected(tmp_path: Path, wrong: list[Row]) -> None:
    lines = [compact(trace_request(SPAN | change, SPAN)) for change in wrong]
    read = read_otlp(b"\n".join(lines) + b"\n", tmp_path / "f")
    assert read.counts.records + len(read.rejects) == 2 * len(wrong)
    assert len({row["line"] for row in read.rows("spans")}) == len(wrong)


@HERE
@given(
    changes(("attributes", "droppedAttributesCount", "name", "version", "x")), st.sampled_from(["scope", "resource"])
)
def test_wrong_types_around_spans_are_read_or_rejected(tmp_path: Path, wrong: list[Any], level: str) -> None:
    lines = [compact(trace_request(SPAN, **{level: around})) for around in [*wrong, 5, "x", [], None]]
    read = read_otlp(b"\n".join(lines) + b"\n", tmp_path / "f")
    assert read.counts.records + len(read.rejects) == len(lines)


@HERE
@given(changes(LOG_KEYS))
def test_wrong_types_in_log_records_are_read_or_rejected(tmp_path: Path, wrong: list[Row]) -> None:
    lines = [compact(logs_request({"body": {"stringValue": "a"}} | change, {})) for change in wrong]
    read = read_otlp(b"\n".join(lines) + b"\n", tmp_path / "f")
    assert read.counts.records + len(read.rejects) == 2 * len(wrong)


@pytest.mark.parametrize("depth", [10, 100, 300, 10_000])
def test_deep_nesting_is_read_or_rejected(tmp_path: Path, depth: int) -> None:
    nested = '{"arrayValue":{"values":[' * depth + "]}}" * depth
    span = compact(SPAN)[:-1].decode() + f',"attributes":[{{"key":"a","value":{nested}}}]}}'
    content = compact(trace_request("@")).decode().replace('"@"', span)  # type: ignore[arg-type]
    read = read_otlp(content.encode() + b"\n" + compact(trace_request(SPAN)) + b"\n", tmp_path / "f")
    assert read.counts.records + len(read.rejects) == 2
    if depth <= 100:
        assert read.rows("spans")[0]["attributes"] == '{"a":' + "[" * depth + "]" * depth + "}"


def test_writers_tell_what_text_cannot_carry() -> None:
    for text, written, lost in [
        (b'[{"key":"a","value":{"bytesValue":"aGk="}}]', '{"a":"aGk="}', True),
        (b'[{"key":"a","value":{}}]', '{"a":null}', True),
        (b'[{"key":"a"}]', '{"a":null}', True),
        (b'[{"key":"a","value":{"intValue":"9223372036854775807"}}]', '{"a":9223372036854775807}', False),
        (b'[{"key":"a","value":{"intValue":"9223372036854775808"}}]', '{"a":"9223372036854775808"}', True),
        (b'[{"key":"a","value":{"intValue":"007"}}]', '{"a":"007"}', True),
        (b'[{"key":"a","value":{"doubleValue":1e400}}]', '{"a":1e400}', True),
        (b'[{"key":"a","value":{"doubleValue":0.1}}]', '{"a":0.1}', False),
        (b'[{"key":"a","value":{"doubleValue":1e-7}}]', '{"a":1e-7}', False),
        (b'[{"key":"a","value":{"doubleValue":0.123456789012345678}}]', '{"a":0.123456789012345678}', True),
        (b'[{"key":"a","value":{"boolValue":"true"}}]', '{"a":"true"}', True),
        (b'[{"key":"a","value":{"string_value":"x"}}]', '{"a":"x"}', False),
        (b'[{"key":"a","value":{"stringValue":"x","intValue":"1"}}]', '{"a":{"stringValue":"x","intValue":"1"}}', True),
        (b'[{"key":"a","value":{"intValue":1}},{"key":"a","value":{"intValue":2}}]', '{"a":1,"a":2}', True),
        (b'[{"key":"a","value":{"arrayValue":{}}}]', '{"a":[]}', False),
        (b'[{"key":"a","value":{"kvlistValue":{"values":[]}}}]', '{"a":{}}', False),
    ]:  # fmt: skip
        writer = Writer()
        assert (writer.attributes(parse(text)), writer.lost) == (written, lost)
    for text in (
        b'"x"',
        b"[5]",
        b'[{"key":5,"value":{}}]',
        b'[{"key":"a","value":"x"}]',
        b"[" * 10_000 + b"]" * 10_000,
    ):
        with pytest.raises(Malformed):
            Writer().attributes(parse(text))
    assert math.isinf(float("1e400"))


@pytest.mark.parametrize("broken", ['"a"', "1", "[1]", '[{"attributes":1}]', '[{"attributes":["a",1,[2]]}]', "[null]"])
def test_events_that_are_broken_name_no_exception(broken: str) -> None:
    assert exception_type(broken) is None
