"""Cutting contents into pieces: nothing is lost, and every line is counted once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from loglens.ingest import content as content_module
from loglens.ingest import documents
from loglens.ingest.content import Content
from loglens.ingest.documents import DocumentPieces
from loglens.ingest.encoding import latin_1, without_half_character
from loglens.ingest.lines import WHITE_SPACE, is_utf8
from loglens.ingest.pieces import LinePieces
from loglens.ingest.sampling import look

Piece = dict[str, Any]
JSON_VALUES = st.dictionaries(
    st.text(max_size=4),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=6), lambda inner: st.lists(inner, max_size=3), max_leaves=4
    ),
    max_size=3,
)


def cut(
    data: bytes, path: Path, cutter: type[LinePieces] | type[DocumentPieces], longest_bytes: int = 16 << 20
) -> tuple[list[Piece], Any, list[Piece]]:
    """Cut a content; return its pieces, the cutter, and what it rejected; check what must always hold."""
    path.write_bytes(data)
    with Content(path) as content:
        hasher = xxhash.xxh3_128()
        cutting: LinePieces | DocumentPieces
        if issubclass(cutter, LinePieces):
            cutting = cutter(content, 1, hasher, longest_bytes)
        else:
            cutting = cutter(content, 1, hasher)
        found = [row for batch in cutting for row in batch.to_pylist()]
    rejected: list[Piece] = []

    class Connection:
        def register(self, _: str, reader: Any) -> None:
            rejected.extend(reader.read_all().to_pylist())

        def execute(self, *_: Any) -> None: ...

        def unregister(self, _: str) -> None: ...

    cutting.rejected.insert(Connection(), 1)  # type: ignore[arg-type]
    newlines = data.count(b"\n") + (0 if data.endswith(b"\n") or not data else 1)
    assert cutting.lines == newlines
    in_pieces = sum(piece["lines"] for piece in found) + sum(reject["lines"] for reject in rejected)
    assert in_pieces + cutting.blank_lines + cutting.structure_lines == newlines
    done = data[: cutting.bytes_done]
    assert cutting.done_id == xxhash.xxh3_128_hexdigest(done)
    assert cutting.lines_done == done.count(b"\n") + (0 if done.endswith(b"\n") or not done else 1)
    return found, cutting, rejected


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every block a few bytes long, so that each piece crosses the border of one."""
    whole = Content.read
    monkeypatch.setattr(Content, "read", lambda self, limit=7: whole(self, min(limit, 7)))
    monkeypatch.setattr(content_module, "BLOCK_BYTES", 7)


def test_lines_keep_their_numbers_past_blank_ones_and_are_latin_1_where_they_are_not_utf_8(tmp_path: Path) -> None:
    data = b'\xef\xbb\xbf{"a":1}\r\n\n \t\n caf\xe9\n{"b":"\xc3\xa9"}\nlast'
    found, cutting, rejected = cut(data, tmp_path / "x", LinePieces)
    assert [(piece["line"], piece["text"]) for piece in found] == [
        (1, '{"a":1}\r\n'),
        (4, " café\n"),
        (5, '{"b":"é"}\n'),
        (6, "last"),
    ]
    assert rejected == []
    assert (cutting.blank_lines, cutting.latin_1_lines, cutting.open_line) == (2, 1, 6)


def test_half_a_character_at_the_end_is_no_latin_1(tmp_path: Path) -> None:
    found, cutting, _ = cut("ok\n{'a':'€".encode()[:-1], tmp_path / "x", LinePieces)
    assert [piece["text"] for piece in found] == ["ok\n", "{'a':'\\xe2\\x82"]
    assert (cutting.latin_1_lines, cutting.open_line) == (0, 2)


@pytest.mark.usefixtures("small_blocks")
@settings(deadline=None)
@given(lines=st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=8), end=st.booleans())
def test_any_bytes_are_blank_rejected_or_a_piece(lines: list[bytes], end: bool, tmp_path_factory: Any) -> None:
    # The first byte keeps the content from looking packed.
    data = b"." + b"\n".join(lines) + (b"\n" if end else b"")
    found, _, rejected = cut(data, tmp_path_factory.mktemp("cut") / "x", LinePieces)
    texts = {piece["line"]: piece["text"].encode().rstrip(b"\n") for piece in found}
    for number, line in enumerate(data.split(b"\n"), 1):
        if number in texts:
            known = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if number == len(data.split(b"\n")):
                known = without_half_character(known)
            assert texts[number] == (known if is_utf8(memoryview(known)) else latin_1(known).encode())
        else:
            assert not line.strip(WHITE_SPACE) or number in {reject["line"] for reject in rejected} or number == 1


@pytest.mark.parametrize("size", [23 << 20, (10 << 20) + 1])
def test_a_line_too_long_to_hold_is_rejected_and_the_next_is_read(size: int, tmp_path: Path) -> None:
    data = b"x" * size + b'\n{"a":1}\n'
    found, cutting, rejected = cut(data, tmp_path / "x", LinePieces, 10 << 20)
    assert [(piece["line"], piece["text"]) for piece in found] == [(2, '{"a":1}\n')]
    assert [reject["reason"] for reject in rejected] == ["longer than 10 MiB; its first 64 KiB are kept"]
    assert len(rejected[0]["raw"]) == 64 << 10
    assert cutting.bytes_done == len(data)


DOCUMENTS = {
    "a pretty array": (b'[\n {"a":1},\n {"b":"]}\\"{"}\n]\n', [(2, 0, '{"a":1}'), (3, 0, '{"b":"]}\\"{"}')], []),
    "objects one after another": (
        b'{\n "a": [1,2]\n}\n{"b":2} {"c":3}\n\n',
        [(1, 0, '{\n "a": [1,2]\n}'), (4, 0, '{"b":2}'), (4, 1, '{"c":3}')],
        [],
    ),
    "what is no object": (
        b'[{"a":1}, 5, {"b":2}] junk {"c":1}\n',
        [(1, 0, '{"a":1}'), (1, 1, '{"b":2}'), (1, 2, '{"c":1}')],
        ["not an object: 5", "not an object: junk"],
    ),
    "an end in the middle": (
        b'[\n{"a":1},\n{"b":',
        [(2, 0, '{"a":1}')],
        ['incomplete: the value does not end: {"b":'],
    ),
    "a bracket too many": (b'{"a":1}}\n{"b":2}', [(1, 0, '{"a":1}')], ['not an object: }\n{"b":2}']),
    "bytes that are not UTF-8": (
        b'[{"a":"\xff"},{"b":1}]',
        [(1, 0, '{"a":"ÿ"}'), (1, 1, '{"b":1}')],
        [],
    ),
    "a byte order mark": (b'\xef\xbb\xbf[{"a":1}]', [(1, 0, '{"a":1}')], []),
    "nothing": (b"", [], []),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_are_cut_into_values(name: str, tmp_path: Path) -> None:
    data, expected, rejects = DOCUMENTS[name]
    found, _, rejected = cut(data, tmp_path / "x", DocumentPieces)
    assert [(piece["line"], piece["ordinal"], piece["text"]) for piece in found] == expected
    assert [f"{reject['reason']}: {reject['raw']}" for reject in rejected] == rejects


@pytest.mark.usefixtures("small_blocks")
@settings(deadline=None)
@given(
    values=st.lists(JSON_VALUES, max_size=4),
    indent=st.sampled_from([None, 1]),
    is_array=st.booleans(),
    cut_at=st.none() | st.integers(0, 60),
    large=st.booleans(),
)
def test_any_documents_come_back_as_they_were(
    values: list[Piece], indent: int | None, is_array: bool, cut_at: int | None, large: bool, tmp_path_factory: Any
) -> None:
    text = json.dumps(values, indent=indent, ensure_ascii=False)
    if not is_array:
        text = "\n".join(json.dumps(value, indent=indent, ensure_ascii=False) for value in values)
    with pytest.MonkeyPatch.context() as patch:
        if large:
            patch.setattr(documents, "BLOCK_BYTES", 3)
        found, _, rejected = cut(text.encode()[:cut_at], tmp_path_factory.mktemp("cut") / "x", DocumentPieces)
    read = [json.loads(piece["text"]) for piece in found]
    assert read == values[: len(read)]
    assert cut_at is not None or (read == values and not rejected)


SHAPES = {
    b'{"a":1}\n{"b":2}\n': "lines",
    b'{"a":1\n{"b":2}\n': "lines",
    b'{"ts":"2026-01-01","lev\n{"b":2}\n': "lines",
    b'{\n "a":1\n}\n': "document",
    b'[{"a":1},{"b":2}]\n': "document",
    b'[\n{"a":1}\n]\n': "document",
    b"[INFO] started\n[INFO] stopped\n": "lines",
    b"[1, 2, 3]\n": "lines",
    b"plain text\n": "lines",
    b"": "lines",
}


@pytest.mark.parametrize("data", SHAPES)
def test_the_shape_is_seen_from_the_first_line(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with Content(path) as content:
        assert look(content, "ndjson").shape == SHAPES[data]


SPAN = b'{"traceId":"1","id":"2"}'


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (b"[%b,%b]\n[%b]\n" % (SPAN, SPAN, SPAN), "lines"),
        (b"[%b]\n[\n%b]\n" % (SPAN, SPAN), "document"),
        (b"[\n%b\n]\n" % SPAN, "document"),
        (b"[%b,\n%b]\n" % (SPAN, SPAN), "document"),
    ],
)
def test_lists_of_spans_that_are_each_a_line_are_lines(data: bytes, shape: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    with Content(path) as content:
        assert look(content, "zipkin").shape == shape
