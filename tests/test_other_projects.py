"""How much of the test logs of other projects is read, where they are present: a score that may only rise.

A file is read whole where all it holds became records, each with a time; what is not has a line in docs/formats.toml
that says why. Where another project says what has to come out of its files, every such value counts.
"""

from __future__ import annotations

import fnmatch
import gzip
import json
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loglens.ingest.reader import ReadOptions
from loglens.ingest.report import Outcome
from loglens.ingest.run import IngestRequest, ingest

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is absent")

SCORE: dict[str, dict[str, int]] = tomllib.loads((ROOT / "tests" / "cases" / "score.toml").read_text("utf-8"))
UNREAD: list[dict[str, str]] = tomllib.loads((ROOT / "docs" / "formats.toml").read_text("utf-8"))["unread"]
# What has to come out of files, and where they are from.
ANSWERS = ("ORIGIN.md", "*expected.json", "*expected.json.gz", "expected/*", "facts.json", "*measured.json")

# What is large, or compared value by value.
MARKS = {"hyperdx": [pytest.mark.slow], "beats": [pytest.mark.slow]}

Row = dict[str, Any]


def lines_of(project: str) -> Iterator[tuple[str, str]]:
    """Yield the files, as patterns, that the page of the formats says something on, and what."""
    for each in UNREAD:
        if each["project"] == project:
            yield from ((file, each["why"]) for file in each["files"].split(", ") if ": " not in file)


def is_answer(name: str) -> bool:
    return any(fnmatch.fnmatch(name, answer) for answer in ANSWERS)


def files_of(project: str) -> list[str]:
    """Return the names of the logs of a project, within its folder."""
    paths = sorted((DATA / project).rglob("*"))
    names = (path.relative_to(DATA / project).as_posix() for path in paths if path.is_file())
    return [name for name in names if not is_answer(name)]


def is_whole(outcome: Outcome) -> bool:
    return outcome.action == "new" and outcome.records > 0 and not outcome.rejects and not outcome.untimed


def has_line(name: str, lines: Iterable[tuple[str, str]]) -> bool:
    return any(fnmatch.fnmatch(name, file) for file, _ in lines)


@pytest.mark.parametrize("project", [pytest.param(name, marks=MARKS.get(name, [])) for name in SCORE])
def test_every_file_is_read_or_has_a_line_that_says_why_not(
    project: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names, lines = files_of(project), list(lines_of(project))
    report = ingest(IngestRequest([str(DATA / project)], tmp_path / "x.duckdb", exclude=ANSWERS))
    found = {Path(each.path).relative_to(DATA / project).as_posix(): each for each in report.outcomes}
    outcomes = {name: found[name] for name in names}
    partly = [name for name in names if not is_whole(outcomes[name])]
    assert {name: outcomes[name] for name in partly if not has_line(name, lines)} == {}
    assert [file for file, why in lines if not any(has_line(name, [(file, why)]) for name in partly)] == []
    timed = sum(each.records - each.untimed for each in outcomes.values())
    score = {"files": len(names), "whole": len(names) - len(partly), "records": report.records, "timed": timed}
    if project == "beats":
        score["fields"] = agreeing_fields(tmp_path)
    with capsys.disabled():
        print(f"\n{project}: {', '.join(f'{count:,} {what}' for what, count in score.items())}")
    assert {what: min(score[what], count) for what, count in SCORE[project].items()} == SCORE[project]


# Value of an ECS document -> column of `logs`, and how it is written there.
COLUMNS = {
    "log.level": "level", "message": "message", "http.request.method": "http_method",
    "http.response.status_code": "status_code", "url.original": "path", "event.duration": "duration_ns",
}  # fmt: skip
ATTRIBUTES = {
    "source.ip": "client.address", "user_agent.original": "user_agent.original", "process.pid": "process.pid",
    "http.response.body.bytes": "http.response.body.size", "http.version": "network.protocol.version",
    "user.name": "db.user", "postgresql.log.database": "db.namespace",
    "postgresql.log.query": "db.query.text", "postgresql.log.session_id": "postgresql.session_id",
    "postgresql.log.application_name": "postgresql.application_name",
}  # fmt: skip


def agreeing_fields(tmp_path: Path) -> int:
    """Count the values of the ECS documents of Filebeat that records of the same lines hold."""
    paths = [DATA / "beats" / name for name in files_of("beats")]
    return sum(agrees for path in paths for *_, agrees in compared_fields(path, tmp_path / "fields.duckdb"))


def compared_fields(path: Path, database: Path) -> Iterator[tuple[str, Any, Any, bool]]:
    """Yield the values of the documents of a file: their keys, they themselves, what was read, whether both agree."""
    database.unlink(missing_ok=True)
    expected = path.with_name(f"{path.name}-expected.json")
    packed = expected.with_name(f"{expected.name}.gz")
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else expected.read_bytes()
    documents: list[Row] = json.loads(text)
    # Times without a zone are what the documents say they are.
    zone = "-02:00" if documents[0].get("event.timezone") == "-02:00" else "UTC"
    ingest(IngestRequest([str(path)], database, ReadOptions(timezone=zone)))
    with duckdb.connect(database, read_only=True) as connection:
        cursor = connection.execute("FROM logs ORDER BY line")
        names = [column[0] for column in cursor.description or []]
        rows: list[Row] = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    starts = [row["line"] for row in rows]
    content = path.read_bytes()
    for document in documents:
        line = content.count(b"\n", 0, document["log.offset"]) + 1
        row = rows[bisect_right(starts, line) - 1]
        yield from _compared(document, row, row["line"] == line)


def _compared(document: Row, row: Row, is_its_own: bool) -> Iterator[tuple[str, Any, Any, bool]]:
    attributes: Row = json.loads(row["attributes"] or "{}")
    if not is_its_own:
        # A line that goes on with the record before it: its text is somewhere in that.
        wanted = str(document.get("message") or document.get("postgresql.log.query") or "")
        texts = [str(row["message"]), *map(str, attributes.values())]
        yield "message", wanted, texts, any(wanted.strip() in text for text in texts)
        return
    moment = datetime.fromisoformat(document["@timestamp"]) - datetime.fromisoformat("1970-01-01T00:00:00Z")
    yield from _both("@timestamp", moment // timedelta(milliseconds=1), row["ts_ns"] // 10**6)
    for key, column in COLUMNS.items():
        if key in document:
            yield from _both(key, document[key], row[column])
    for key, name in ATTRIBUTES.items():
        if key in document:
            yield from _both(key, document[key], attributes.get(name))


def _both(key: str, wanted: Any, found: Any) -> Iterator[tuple[str, Any, Any, bool]]:
    """Yield a value beside what was read; some are written in another way."""
    said, read = str(wanted).strip(), str(found).strip()
    match key:
        case "message":
            # Whole lines, messages without what was taken out of them, and statements without the word before.
            agrees = said in read or read in said
        case "event.duration":
            # Filebeat's nanoseconds were rounded to 32 bits.
            agrees = found is not None and abs(int(wanted) - int(found)) <= int(wanted) * 1e-6
        case "source.ip":
            # The first of a list is the client, behind a single one may stand its port.
            agrees = said in (read.split(",")[0], read.rpartition(":")[0])
        case "user.name" | "postgresql.log.database":
            agrees = said == read.strip("[]") or (said == "unknown" and found is None)
        case _:
            agrees = said == read
    yield key, wanted, found, agrees
