"""Pushing without a server: documents, names, access, templates, and what is said where nothing answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loglens.api import open_lens
from loglens.cli.main import run
from loglens.errors import LoglensError, UsageError
from loglens.ingest.run import IngestRequest, ingest
from loglens.push import documents, mapping, results
from loglens.push.access import Access, Given, access
from loglens.push.fields import ORIGIN, STREAMS
from loglens.push.names import LAYOUTS, Names
from loglens.push.refusals import kind_of, reason_of
from loglens.push.report import COLUMNS, Line, PushReport
from loglens.push.run import Push, PushRequest
from loglens.store.ledger import RECORD_TABLES

CLOSED = "The index takes no writes: set its index.blocks.write and index.blocks.read_only to null, and push again."
LATER = "A push that began later, by its clock, has sent another row: set the clocks right, and push again."
# Columns that say where a record came from, or are computed from another one.
BESIDE = {"source_id", "ts", "start_ts", *RECORD_TABLES.values()}
LINES = [
    '{"time":"2026-01-15T09:00:00.123456789Z","level":"info","message":"caf\\u00e9 \\"x\\"","n":1.5}',
    '{"time":"1969-12-31T23:59:59.999999999Z","level":"info","message":"before","odd":1}',
    "no time at all",
]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "app.log"
    path.write_text("\n".join(LINES) + "\n")
    ingest(IngestRequest([str(path)], tmp_path / "x.duckdb"))
    return tmp_path / "x.duckdb"


def made(store: Path, names: Names) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    part = documents.Slice(1, "key", "app.log", 0, -1, 1000, -(2**63), 2**63 - 1, 100)
    with duckdb.connect(store, read_only=True) as connection:
        found = documents.read(connection, STREAMS["logs"], names, part)
    pairs = [item.decode().splitlines() for item in found.items]
    return [(json.loads(action), json.loads(document, parse_constant=_refuse)) for action, document in pairs]


def _refuse(word: str) -> None:
    raise AssertionError(word)


def test_documents_are_exact(store: Path) -> None:
    """Nanoseconds before and after 1970, text, numbers; NaN becomes null; what is not there takes no room."""
    with duckdb.connect(store) as connection:
        connection.execute('UPDATE logs SET attributes = \'{"odd":NaN,"list":[-Infinity,1,]}\' WHERE line = 2')
    first, second, third = made(store, Names())
    assert first[0] == {"create": {"_index": "loglens-logs-2026.01.15", "_id": "key-1-0"}}
    assert first[1]["@timestamp"] == "2026-01-15T09:00:00.123456789Z"
    assert first[1]["message"] == 'café "x"'
    assert second[1]["@timestamp"] == "1969-12-31T23:59:59.999999999Z"
    assert second[1]["attributes"] == {"odd": None, "list": [None, 1]}
    assert third[0]["create"]["_index"] == "loglens-logs-untimed"
    assert third[1]["@timestamp"] is None
    assert "trace.id" not in third[1]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_indices_match_their_templates(layout: Any, store: Path) -> None:
    """Every index a record goes to is one the template of its table covers."""
    names = Names("shop", layout)
    templates = mapping.stream_templates(STREAMS["logs"], names, "elasticsearch").values()
    patterns = [pattern for template in templates for pattern in template["index_patterns"]]
    for action, _ in made(store, names):
        index = action["create"]["_index"]
        assert any(index.startswith(p[:-1]) if p.endswith("*") else index == p for p in patterns), index


@pytest.mark.parametrize("stream", STREAMS.values(), ids=lambda stream: stream.name)
def test_every_column_is_pushed(stream: Any, store: Path) -> None:
    """A column that is added to a table of events is in its documents too, each field once."""
    with duckdb.connect(store, read_only=True) as connection:
        columns = {row[0] for row in connection.execute(f"DESCRIBE {stream.name}").fetchall()}
    used = " ".join(field.sql for field in (*ORIGIN, *stream.fields)).replace("(", " ").replace(",", " ").split()
    assert columns - BESIDE - set(used) == set()
    names = [field.name for field in (*ORIGIN, *stream.fields)]
    assert len(set(names)) == len(names)
    assert not [name for name in names if any(other.startswith(f"{name}.") for other in names)]


def test_answers_have_ids_that_stay(store: Path) -> None:
    """The same row has the same id and digest in the next push; another window has another id."""
    with open_lens(store).asking("traffic", {"limit": 0}) as answer:
        held = answer.held()
    window = results.Window(None, None, "2026-01-15T09:00:00Z")
    runs = results.Run("a", 1), results.Run("b", 2)
    first, again = (list(results.documents("traffic", held, "i", window, run)) for run in runs)
    assert [(each.id, each.digest) for each in first] == [(each.id, each.digest) for each in again]
    less = replace(held, tuples=[tuple(_nudged(value) for value in row) for row in held.tuples])
    nearly = results.documents("traffic", less, "i", window, runs[0])
    assert [each.digest for each in nearly] == [each.digest for each in first]
    later = list(results.documents("traffic", held, "i", results.Window("2h", None, None), runs[0]))
    assert not {each.id for each in first} & {each.id for each in later}


def _nudged(value: Any) -> Any:
    """Return a number as another order of adding up might give it."""
    return value * (1 + 2**-51) if isinstance(value, float) else value


def test_a_dry_run_needs_no_server(store: Path) -> None:
    """It tells templates, indices with counts, and the first document of each."""
    told = Push(open_lens(store), Access("http://localhost:9200"), PushRequest("events")).dry()
    assert told["indices"] == {
        "loglens-logs-1969.12.31": 1,
        "loglens-logs-2026.01.15": 1,
        "loglens-logs-untimed": 1,
    }
    assert set(told["templates"]) == {Names().stream(name) for name in STREAMS}
    assert len(told["documents"]) == 1


def test_every_answer_is_pushed(store: Path) -> None:
    """An answer that needs no argument has an index, a template with its columns, and documents that are JSON."""
    told = Push(open_lens(store), Access("http://localhost:9200"), PushRequest("results")).dry()
    assert set(told["indices"]) == {Names().results(name) for name in results.RESULTS} == set(told["templates"])
    for item in told["documents"]:
        action, document = map(json.loads, item.splitlines())
        fields = told["templates"][action["index"]["_index"]]["template"]["mappings"]["properties"]
        assert {name.split(".")[0] for name in document} <= fields.keys()


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("localhost", "http://localhost:9200"),
        ("http://[::1]:9201/", "http://[::1]:9201"),
        ("https://search.example.org/es", "https://search.example.org:443/es"),
    ],
)
def test_addresses(url: str, found: str) -> None:
    assert access(Given(url), {}).url == found


@pytest.mark.parametrize(
    ("given", "environment", "wording"),
    [
        (Given(), {}, "Name a server with --to"),
        (Given("http://u:p@host"), {}, "seen by everyone"),
        (Given("ftp://host"), {}, "takes an address"),
        (Given("http://host:99999"), {}, "no such port"),
        (Given("http://host", user="a"), {"LOGLENS_ES_API_KEY": "k"}, "exclude each other"),
        (Given("http://host", ca_cert="/nowhere.pem"), {}, "No certificate"),
        (Given("http://host", password_file=Path("/nowhere")), {}, "Cannot read the secret"),
        (Given("http://host", user="a"), {}, "A user without a password"),
        (Given("http://host", fingerprint="zz"), {}, "64 hexadecimal digits"),
        (Given("http://host"), {"LOGLENS_ES_API_KEY": "a\nb"}, "has a blank, a line break"),
        (Given("http://host", ca_cert=__file__), {}, "takes one in PEM"),
    ],
)
def test_access_that_is_refused(given: Given, environment: dict[str, str], wording: str) -> None:
    with pytest.raises(LoglensError, match=wording):
        access(given, environment)


def test_secrets_come_from_files_and_are_not_shown(tmp_path: Path) -> None:
    """A file from the command line comes before the environment; neither is in the words of the access."""
    (tmp_path / "key").write_text("from-file\n")
    environment = {"LOGLENS_ES_API_KEY": "from-environment", "LOGLENS_ES_URL": "http://host"}
    assert access(Given(), environment).api_key == "from-environment"
    reached = access(Given(api_key_file=tmp_path / "key"), environment)
    assert reached.api_key == "from-file"
    assert "from-" not in repr(reached)
    by_name = access(
        Given(), {"LOGLENS_ES_URL": "host", "LOGLENS_ES_USER": "me", "LOGLENS_ES_PASSWORD_FILE": str(tmp_path / "key")}
    )
    assert by_name.password == "from-file"
    named = {f"LOGLENS_ES_{name}_FILE": str(tmp_path / "key") for name in ("USER", "PASSWORD")}
    (tmp_path / "print").write_text(f"{'AB:' * 31}AB\n")
    reached = access(Given("host"), {**named, "LOGLENS_ES_FINGERPRINT_FILE": str(tmp_path / "print")})
    assert (reached.user, reached.password, reached.fingerprint) == ("from-file", "from-file", "ab" * 32)


@pytest.mark.parametrize("namespace", ["A", "1a", "-a", "a/b", "a*", "a b", "x" * 60])
def test_names_that_are_refused(namespace: str) -> None:
    with pytest.raises(UsageError, match="cannot be a part of index names"):
        Names(namespace)


@pytest.mark.parametrize(
    ("words", "code", "wording"),
    [
        (["--to", "http://127.0.0.1:9"], 1, "Nothing answers at http://127.0.0.1:9: connection refused"),
        (["--to", "http://nowhere.invalid"], 1, "no host of that name"),
        (["--to", "http://127.0.0.1:9", "--only", "slwo"], 2, "Did you mean 'slow'"),
        (["--only", "slow"], 2, "Name a server with --to"),
        (["events", "--only", "slow"], 2, "slow is not among the events that can be pushed"),
    ],
)
def test_the_command_says_what_is_wrong(
    words: list[str], code: int, wording: str, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        run(["push", "--db", str(store), *words])
    assert left.value.code == code
    assert wording in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "summary"),
    [
        (
            Line("logs", "i", documents=4, sent=3, retries=7, created=2, refused=1),
            "3 documents sent (2.0 MB) in 1.5 s, 2 a second: 2 created, 1 refused, 0 missing; 7 sent again.",
        ),
        (
            Line("logs", "i", documents=4, sent=4, retries=7, created=1, updated=1, duplicates=1, missing=1),
            "4 documents sent (2.0 MB) in 1.5 s, 3 a second: 1 created, 1 updated, 1 there already, 0 refused,"
            " 1 missing; 7 sent again.",
        ),
        (Line("logs", "i", documents=1, unchanged=1), "nothing new to send; it has 1 of 1 document."),
        (Line("logs", "i", documents=4, unchanged=4, refused=1), "nothing new to send; it has 3 of 4 documents."),
    ],
)
def test_the_summary_says_what_became_of_all(line: Line, summary: str) -> None:
    """Also that nothing had to be done."""
    report = PushReport("Elasticsearch 9.2.4 at u", [line], sent_bytes=2_000_000, elapsed_s=1.5)
    assert report.summary() == f"Elasticsearch 9.2.4 at u: {summary}"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (Line("logs", "i", documents=4, sent=4, created=4), ["sent", "created", "refused", "missing"]),
        (Line("logs", "i", documents=4, unchanged=4), ["sent", "created", "unchanged", "refused", "missing"]),
        (Line("logs", "i", documents=4, sent=4, updated=3, duplicates=1), ["sent", "created", "updated", "duplicates"]),
        (Line("logs", "i", documents=4, sent=4, retries=2, created=4), ["sent", "retries", "created"]),
    ],
)
def test_the_table_leaves_out_what_became_of_none(line: Line, shown: list[str]) -> None:
    """People see the outcomes there were, and always those that matter; machines see all."""
    report = PushReport("", [line])
    names = [column.name for column in report.table().columns]
    assert [name for name in names if name not in {"pushed", "index", "documents"}][: len(shown)] == shown
    assert "elapsed_s" not in names
    assert [column.name for column in report.answer().columns] == [column.name for column in COLUMNS]


@pytest.mark.parametrize(
    ("error", "kept", "shown"),
    [
        (
            {
                "reason": "[1:43] failed to parse [a] in document with id 'k-1-0'. Preview of field's value: '{a={a='",
                "caused_by": {"reason": "too deep."},
            },
            "[1:43] failed to parse [a] in document with id 'k-1-0'. Preview of field's value: '{a={a='; too deep.",
            "failed to parse [a]; too deep.",
        ),
        (
            {"reason": "[f7]: version conflict, current version [5] is higher than the one provided [4]"},
            f"[f7]: version conflict, current version [5] is higher than the one provided [4]. {LATER}",
            f"version conflict. {LATER}",
        ),
        ({"reason": "a" * 5_000}, "a" * 2_000 + ".", "a" * 200 + "…"),
        (
            {"reason": "FORBIDDEN/5/" + "a" * 5_000},
            "FORBIDDEN/5/" + "a" * 1_988 + f". {CLOSED}",
            "FORBIDDEN/5/" + "a" * 188 + f"… {CLOSED}",
        ),
    ],
)
def test_reasons_are_kept_whole_and_shown_short(error: dict[str, Any], kept: str, shown: str) -> None:
    """What differs between documents goes, as does what nobody reads; what to do stays."""
    assert reason_of({"error": error}) == kept
    assert kind_of(kept) == shown
