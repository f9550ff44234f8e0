"""JSON logs, framework by framework: lines in, rows out, through the whole ingest."""

from __future__ import annotations

import base64
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loglens.ingest.reader import ReadOptions
from loglens.ingest.run import IngestRequest, ingest

FOLDER = Path(__file__).parent / "cases"
FILES = [FOLDER / "formats" / "ndjson.toml", *sorted((FOLDER / "json_logs").glob("*.toml"))]
CASES = [case for file in FILES for case in tomllib.loads(file.read_text("utf-8"))["case"]]


def read(lines: str | bytes, folder: Path, unit: str | None = None, table: str = "logs") -> list[dict[str, Any]]:
    """Ingest lines as one forced JSON log; return the rows of a table in order."""
    path, database = folder / "app.log", folder / "x.duckdb"
    path.write_bytes(lines if isinstance(lines, bytes) else lines.encode())
    report = ingest(IngestRequest([str(path)], database, ReadOptions("ndjson", unit)))
    assert [(outcome.action, outcome.note) for outcome in report.outcomes] == [("new", "")]
    with duckdb.connect(database, read_only=True) as connection:
        cursor = connection.execute(f"SELECT * EXCLUDE (source_id) FROM {table} ORDER BY line, 2")
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_record_becomes_its_row(case: Mapping[str, Any], tmp_path: Path) -> None:
    rows = read(case["lines"], tmp_path, case.get("unit"))
    assert len(rows) == len(case["rows"]), rows
    for row, expected in zip(rows, case["rows"], strict=True):
        wanted = {name: None if value == "null" else value for name, value in expected.items()}
        assert {name: row[name] for name in wanted} == wanted


RECORD = b'{"time":"2026-01-15T09:00:00Z","level":"info","msg":"Stra\xdfe","price":"5 \x80"}\n'


HOSTILE: dict[str, tuple[bytes, str | None]] = {
    "terminal codes, HTML and SQL": (b'{"level":"info","message":"\\u001b[31m<b>\'; DROP TABLE logs; --"}', None),
    "an escaped NUL": (b'{"level":"info","message":"a\\u0000b"}', None),
    "a raw NUL": (b'{"level":"info","message":"a\x00b"}', "not JSON"),
    "a lone surrogate": (b'{"level":"info","message":"\\ud800"}', "not JSON"),
    "ten megabytes": (b'{"level":"info","message":"' + b"x" * 10_000_000 + b'"}', None),
    "ten thousand levels": (b'{"level":"info","message":"deep","d":' + b"[" * 10_000 + b"]" * 10_000 + b"}", None),
    "doubled keys": (b'{"level":"info","message":"one","message":"two","a":1,"a":2}', None),
    "numbers beyond a double": (b'{"level":"info","message":"m","n":1e400,"i":123456789012345678901234567890}', None),
    "an empty key": (b'{"level":"info","message":"m","":1,"a.b":2,"q\\"k":3}', None),
    "a time past the calendar": (b'{"time":"9999-01-01T00:00:00Z","level":"info","message":"m"}', None),
    "a torn line": (b'{"level":"info","mess', "not JSON"),
    "half an array": (b"[1,2", "not JSON"),
    "Latin-1": (b'{"level":"info","message":"\xff"}', None),
    "half a line of Latin-1": (b'{"level":"info","message":"\xff', "not JSON"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_are_records_or_rejects_and_the_next_is_read(name: str, tmp_path: Path) -> None:
    line, reason = HOSTILE[name]
    data = line + b'\n{"level":"info","message":"next"}\n'
    again = tmp_path / "again"
    again.mkdir()
    rows, rejects = read(data, tmp_path), read(data, again, table="rejects")
    assert rows[-1]["message"] == "next"
    if reason is None:
        assert (len(rows), rejects) == (2, [])
    else:
        assert len(rows) == 1
        assert [reject["line"] for reject in rejects] == [1]
        assert rejects[0]["reason"].startswith(reason)


def test_what_json_functions_would_lose_is_kept_byte_for_byte(tmp_path: Path) -> None:
    kept = [
        b'{"level":"info","message":"m","n":0.12345678901234567891}',
        b'{"level":"info","message":"one","message":"two"}',
    ]
    others = '"n":9223372036854775807,"big":12345678901234567890123,"f":0.1,"deep":{"list":[1,{"a":null}]}}'
    plain = b'{"level":"info","message":"m",' + others.encode()
    rows = read(b"\n".join([*kept, plain]) + b"\n", tmp_path)
    assert [row["raw"] for row in rows] == [*(line.decode() for line in kept), None]
    assert (
        rows[-1]["attributes"]
        == '{"n":9223372036854775807,"big":12345678901234567890123,"f":0.1,"deep":{"list":[1,{"a":null}]}}'
    )


JSON_SUITE = Path(__file__).parents[2] / "shared" / "data" / "jsontestsuite"


@pytest.mark.skipif(not JSON_SUITE.exists(), reason="the JSON test suite is not beside this checkout")
def test_the_json_test_suite_is_read_and_rejected_as_it_says(tmp_path: Path) -> None:
    suite = [json.loads(line) for line in (JSON_SUITE / "test_parsing.jsonl").read_text("utf-8").splitlines()]
    cases = [(case["name"], case["expect"], base64.b64decode(case["base64"])) for case in suite]
    cases = [case for case in cases if b"\n" not in case[2]]
    assert len(cases) > 250
    good = b'{"level":"info","message":"good"}'
    data = b"".join(b'{"level":"info","message":"m","v":%b}\n%b\n' % (text, good) for _, _, text in cases)
    rows = read(data, tmp_path)
    lines = {row["line"] for row in rows}
    assert {2 * place + 2 for place in range(len(cases))} <= lines
    read_lines = {name for place, (name, _, _) in enumerate(cases) if 2 * place + 1 in lines}
    assert {name for name, expect, _ in cases if expect == "must_accept"} - read_lines == set()
    assert {name for name, expect, _ in cases if expect == "must_reject"} & read_lines == set()


def test_what_the_first_lines_have_not_is_read_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loglens.ingest.formats.ndjson.SURVEYED_LINES", 2)
    first = b'{"level":"info","message":"m","error":"down","service":"api","host":"h"}\n' * 2
    later = (
        b'{"level":"info","message":"m","error":{"type":"KeyError","message":"k"},"service":{"name":"web"},"host":1}\n'
        b'{"lvl":"warn","msg":"n","host":{"name":"h2"},"lvl":"warn"}\n'
    )
    rows = read(first + later, tmp_path)
    names = ("severity_number", "service", "instance", "message", "error_type", "error_message", "attributes", "raw")
    assert [tuple(row[name] for name in names) for row in rows[1:]] == [
        (9, "api", None, "m", None, "down", '{"host":"h"}', None),
        (9, "web", None, "m", "KeyError", "k", '{"host":1}', None),
        (13, "app", "h2", "n", None, None, None, later.splitlines()[1].decode()),
    ]


def test_wrappers_the_first_lines_have_not_are_opened_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loglens.ingest.formats.ndjson.SURVEYED_LINES", 2)
    first = b'{"level":"info","message":"m","time":"2026-01-15T09:00:00Z"}\n' * 2
    later = (
        b'{"log":"{\\"lvl\\":\\"warn\\",\\"msg\\":\\"n\\"}\\n","stream":"stdout","time":"2026-01-15T09:00:00Z"}\n'
        b'{"log":"plain\\n","stream":"stdout","time":"2026-01-15T09:00:00Z"}\n'
    )
    rows = read(first + later, tmp_path)
    assert [(row["severity_number"], row["message"], row["attributes"]) for row in rows[1:]] == [
        (9, "m", None),
        (13, "n", '{"envelope":{"stream":"stdout"}}'),
        (None, "plain", '{"stream":"stdout"}'),
    ]
    assert {row["ts_ns"] for row in rows} == {1768467600000000000}


@pytest.mark.parametrize("data", [RECORD * 3, b"[" + RECORD + b"," + RECORD + b"]\n"], ids=["lines", "an array"])
def test_json_in_latin_1_is_recognised_and_read(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_bytes(data)
    ingest(IngestRequest([str(tmp_path / "app.log")], tmp_path / "x.duckdb"))
    with duckdb.connect(tmp_path / "x.duckdb", read_only=True) as connection:
        assert set(connection.execute("SELECT message, attributes FROM logs").fetchall()) == {
            ("Stra\u00dfe", '{"price":"5 \u20ac"}')
        }
        ((name, assumed),) = connection.execute("SELECT format, assumptions FROM sources").fetchall()
    assert (name, "Latin-1 in what is not UTF-8" in assumed) == ("ndjson", True)
