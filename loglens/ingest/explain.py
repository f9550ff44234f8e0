"""How one file would be read: the format that wins and why, what each key becomes, the first records, what is assumed.

Its beginning is read as any file is, into a store that goes away.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loglens.ingest.content import Content
from loglens.ingest.job import Job
from loglens.ingest.report import IngestReport, Outcome, Silent
from loglens.ingest.sampling import SAMPLE_BYTES, Guess, look
from loglens.ingest.source_name import is_log_name
from loglens.store.ledger import RECORD_TABLES

if TYPE_CHECKING:
    import duckdb

    from loglens.ingest.run import IngestRequest

SHOWN_RECORDS = 3
# Records whose keys and layouts are looked at.
LOOKED_AT_RECORDS = 100
# A document may hold few records before its end, so it is read as far as this.
DOCUMENT_BYTES = 16 << 20
# Where a column of the tables of keys goes by other names in the store.
_COLUMNS = {
    "time": ("ts_ns",), "duration": ("duration_ns",), "level": ("level", "severity_number"), "http_route": ("route",),
}  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """One record: its table, the text it was read from where there is one, its columns that are not null."""

    table: str
    text: str
    row: Row


@dataclass(frozen=True)
class Key:
    """What a key of some records became: the column, and the first value it had there."""

    key: str
    became: str
    value: str


@dataclass
class Explanation:
    """How one file would be read.

    `outcome` is that of its first `read_bytes`, of which `is_part` says that they are not all, and None where no format
    takes it. `layouts` are the ways in which the first records of a text log are written, with how many of them are.
    """

    uri: str
    guess: Guess
    encoding: str
    read_bytes: int
    is_part: bool
    outcome: Outcome | None = None
    records: list[Shown] = field(default_factory=list)
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    layouts: dict[str, int] = field(default_factory=dict)


def explain(request: IngestRequest) -> Iterator[Explanation | Outcome]:
    """Yield how each file of a request would be read, from its beginning; outcomes for those that cannot be looked at.

    Nothing is kept. Raises UsageError for a format that does not exist.
    """
    from loglens.ingest.archives import Opened, members
    from loglens.ingest.discover import Filter
    from loglens.ingest.run import jobs_of

    report = IngestReport(str(request.database))
    with ExitStack() as stack:
        jobs = jobs_of(request, report, stack)
        yield from report.outcomes
        opened = Opened(Filter(request.include, request.exclude), lambda *_: False)
        for found in chain.from_iterable(members(job, opened) for job in jobs):
            yield found if isinstance(found, Outcome) else _explained(request, found)


def _explained(request: IngestRequest, job: Job) -> Explanation | Outcome:
    try:
        with Content(job.path, job.origin) as content:
            guess = look(content, request.options.format, job.is_named or is_log_name(job.uri))
            many = SAMPLE_BYTES if guess.shape in ("lines", "records", "wrapped") else DOCUMENT_BYTES
            limit = max(many, len(guess.sample.head))
            head = content.peek(limit + 1)
            encoding = content.encoding
    except OSError as error:
        return Outcome(job.uri, "failed", note=f"cannot be read: {error.strerror or error}")
    is_part = len(head) > limit
    if is_part:
        head = head[: head.rfind(b"\n", 0, limit) + 1] or head[:limit]
    told = Explanation(job.uri, guess, encoding, len(head), is_part)
    if guess.format is not None:
        with tempfile.TemporaryDirectory(prefix="loglens-") as folder:
            copy = Path(folder) / "content"
            copy.write_bytes(head)
            modified_ns = job.origin.stat().st_mtime_ns
            os.utime(copy, ns=(modified_ns, modified_ns))
            _read(told, request, replace(job, path=copy, origin=copy), Path(folder) / "explained.duckdb")
    return told


def _read(told: Explanation, request: IngestRequest, job: Job, database: Path) -> None:
    from loglens.ingest.one_file import FileIngest
    from loglens.store.store import open_writer

    wanted = replace(request, database=database, dry_run=False)
    with open_writer(database) as connection:
        told.outcome, _ = FileIngest(wanted, job, [], connection, Silent()).run()
        texts = _texts(job, told.guess)
        keys: dict[tuple[str, str], Key] = {}
        for table in RECORD_TABLES:
            rows = _rows(connection, table)
            shown = [Shown(table, texts.get((row["line"], row["ordinal"]), ""), row) for row in rows]
            told.records += shown[:SHOWN_RECORDS]
            for became in chain.from_iterable(map(_became, shown)):
                keys.setdefault((became.key, became.became), became)
        told.keys = list(keys.values())
        told.layouts = _layouts(told.guess, list(texts.values()))
        found = "SELECT line, reason, raw FROM rejects ORDER BY line, raw LIMIT ?"
        told.rejects = connection.execute(found, [SHOWN_RECORDS]).fetchall()


def _texts(job: Job, guess: Guess) -> dict[tuple[int, int], str]:
    """Return the texts of the first pieces, by the line and the ordinal they have."""
    from loglens.ingest.cutting import cut

    assert guess.format is not None
    found: dict[tuple[int, int], str] = {}
    if guess.format.is_binary:
        return found
    with Content(job.path) as content:
        pieces = cut(content, guess.shape, guess.format, 1)
        for batch in pieces:
            some = batch.slice(0, LOOKED_AT_RECORDS)
            lines, ordinals, texts = (some.column(name).to_pylist() for name in ("line", "ordinal", "text"))
            found |= {(line, ordinal): text for line, ordinal, text in zip(lines, ordinals, texts, strict=True)}
            if len(found) >= LOOKED_AT_RECORDS:
                break
        pieces.rejected.close()
    return found


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    cursor = connection.execute(f"SELECT * FROM {table} ORDER BY line, ordinal LIMIT {LOOKED_AT_RECORDS}")
    names = [column[0] for column in cursor.description or []]
    rows = (dict(zip(names, values, strict=True)) for values in cursor.fetchall())
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def _became(shown: Shown) -> Iterator[Key]:
    """Yield what the keys of a record became; nothing where it has no keys."""
    attributes: dict[str, Any] = json.loads(shown.row.get("attributes", "{}"))
    named = _named(shown, attributes)
    if named is None:
        return
    taken = set()
    for column, key in named.items():
        if names := [name for name in _COLUMNS.get(column, (column,)) if name in shown.row]:
            taken.add(key)
            yield Key(key, ", ".join(names), str(shown.row[names[0]]))
    for member in ("attributes", "resource"):
        for key, value in json.loads(shown.row.get(member, "{}")).items():
            if key not in taken:
                yield Key(key, member, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _named(shown: Shown, attributes: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the key of each column: of a JSON object, of pairs, or of attributes by their conventions."""
    from loglens.ingest.formats.json_fields import KEYS, found_at
    from loglens.ingest.formats.json_wrappers import opened
    from loglens.ingest.formats.logfmt import pairs_of
    from loglens.ingest.semconv import LOG_COLUMNS, SPAN_COLUMNS, spellings

    if "resource" in shown.row:
        conventions = {"logs": LOG_COLUMNS, "spans": SPAN_COLUMNS}.get(shown.table, {})
        return _first({name: spellings(keys) for name, keys in conventions.items()}, attributes)
    if shown.table != "logs":
        return None
    if pairs := pairs_of(shown.text.rstrip()):
        return _first(KEYS, {pair.key: pair.values for pair in pairs})
    try:
        record = json.loads(shown.text)
    except (ValueError, RecursionError):
        return None
    return found_at(opened(record)) if isinstance(record, dict) else None


def _first(known: Mapping[str, tuple[str, ...]], present: Mapping[str, Any]) -> dict[str, str]:
    """Return for each column the first of its keys that is there."""
    found = {column: next((key for key in keys if key in present), None) for column, keys in known.items()}
    return {column: key for column, key in found.items() if key is not None}


def _layouts(guess: Guess, texts: list[str]) -> dict[str, int]:
    """Count in which ways records of a text log are written; text is what those are that fit none."""
    import pyarrow.compute as pc

    from loglens.ingest.formats import FORMATS
    from loglens.ingest.lines import strings
    from loglens.ingest.text_log import fitting

    if guess.shape not in ("records", "wrapped"):
        return {}
    rest = pc.utf8_rtrim_whitespace(strings([text for text in texts if not text.startswith("{")]))
    counts: dict[str, int] = {}
    for form in sorted(FORMATS, key=lambda each: each is not guess.format):
        for layout in fitting(form.layouts, rest)[0] if form.layouts is not None else ():
            left = rest.filter(pc.invert(pc.match_substring_regex(rest, f"(?s){layout.pattern}")))
            counts[f"{form.name}: {layout.name.rpartition(': ')[2]}"] = len(rest) - len(left)
            rest = left
    return counts | ({"text of no known layout": len(rest)} if len(rest) else {})
