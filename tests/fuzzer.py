"""A fuzzer over every reader, through the whole ingest.

`python tests/fuzzer.py --inputs 1000000` runs it for long, tests/test_fuzz.py a little of it. What no input may bring
about: an error that is no message, books that do not balance, a store that cannot be read, a process that hangs or
grows. A file holds many inputs, one after another, since a file costs more than what is in it; half of the files are
read as the format they were made from, the others as what they look like.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import duckdb
from mutation import mutated, seeds

from loglens.ingest.content import Content
from loglens.ingest.formats import FORMATS
from loglens.ingest.reader import ReadOptions
from loglens.ingest.report import Outcome
from loglens.ingest.run import IngestRequest, ingest
from loglens.store.ledger import RECORD_TABLES

BINARY = {form.name for form in FORMATS if form.is_binary}
FILES = 20
# How many batches go into one store.
BATCHES = 26
JSON_COLUMNS = (("logs", "attributes"), ("spans", "attributes"), ("spans", "events"), ("metric_samples", "labels"))
# A batch takes a second or two. Beyond this it hangs: the stack is printed and the process ends; its files stay.
HANGS_S = 1200
# What may keep a file out.
REASONS = ("empty", "binary", "JSON without log records, spans or metrics", "text in no format loglens reads")


@dataclass(frozen=True)
class Batch:
    """Files to be read together; `form` is the format they are read as, None for what they look like."""

    form: str | None
    contents: Sequence[bytes]
    inputs: int


@dataclass(frozen=True)
class Problem:
    """What must not be: which file, read as what, and what was wrong."""

    path: str
    form: str | None
    text: str


@dataclass
class Tally:
    """What became of all inputs."""

    inputs: int = 0
    files: int = 0
    lines: int = 0
    records: int = 0
    rejects: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def add(self, batch: Batch, outcomes: Sequence[Outcome], problems: Sequence[Problem]) -> None:
        """Count a batch."""
        self.inputs += batch.inputs
        self.files += len(outcomes)
        self.problems += problems
        for outcome in outcomes:
            self.lines += outcome.lines
            self.records += outcome.records
            self.rejects += outcome.rejects
            self.formats[outcome.format or "none"] += 1

    def plus(self, other: Tally) -> Tally:
        """Return both together."""
        return Tally(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"{self.inputs:,} inputs in {self.files:,} files, {self.lines:,} lines: {self.records:,} records, "
            f"{self.rejects:,} rejects, {len(self.problems)} problems"
        )


def batches(inputs: int, seed: int, inputs_per_file: int = 200) -> Iterator[Batch]:
    """Yield batches of at least so many inputs, every format and every way of being read in turn."""
    rng = random.Random(seed)
    files = min(FILES, 2 * max(1, inputs // (2 * inputs_per_file * len(FORMATS))))
    made = 0
    while made < inputs:
        for form in FORMATS:
            others = seeds(rng.choice(FORMATS).name) + seeds(form.name)
            contents = []
            done = 0
            for _ in range(files):
                size = rng.choice((1, 3)) if form.name in BINARY else inputs_per_file
                contents.append(_joined([mutated(rng.choice(seeds(form.name)), others, rng) for _ in range(size)], rng))
                done += size
            half = len(contents) // 2
            yield Batch(form.name, contents[:half], done // 2)
            yield Batch(None, contents[half:], done - done // 2)
            made += done


def _joined(inputs: Sequence[bytes], rng: random.Random) -> bytes:
    """Put inputs into one content; most of them begin on a line of their own."""
    joined = b"".join(each if each.endswith(b"\n") or rng.random() < 0.1 else each + b"\n" for each in inputs)
    return b"\xef\xbb\xbf" + joined if rng.random() < 0.02 else joined


def check(batch: Batch, folder: Path, database: Path) -> tuple[list[Outcome], list[Problem]]:
    """Read a batch, whose files are written into a folder, into a database, and say what of it must not be."""
    for number, content in enumerate(batch.contents):
        (folder / f"{number}.log").write_bytes(content)
    report = ingest(IngestRequest([str(folder)], database, ReadOptions(batch.form)))
    with duckdb.connect(database, read_only=True) as connection:
        told = ((outcome.path, _wrong(connection, outcome, batch)) for outcome in report.outcomes)
        found = [Problem(path, batch.form, text) for path, text in told if text]
    if len(report.outcomes) != len(batch.contents):
        found.append(Problem(str(folder), batch.form, f"{len(report.outcomes)} outcomes"))
    return report.outcomes, found


def check_store(database: Path) -> list[Problem]:
    """Read every row of a store, and say which of it must not be."""
    found = []
    with duckdb.connect(database, read_only=True) as connection:
        for table in (*RECORD_TABLES, "rejects"):
            connection.sql(f"SELECT * FROM {table}").to_arrow_table()
        for table, column in JSON_COLUMNS:
            query = (
                f"SELECT uri, line, {column} FROM {table} JOIN sources USING (source_id) WHERE NOT json_valid({column})"
            )
            rows = connection.execute(f"{query} LIMIT 3").fetchall()
            found += [Problem(uri, None, f"line {line}, {column}: {text}") for uri, line, text in rows]
    return found


def _wrong(connection: duckdb.DuckDBPyConnection, outcome: Outcome, batch: Batch) -> str:
    """Count what is in the store, and the lines of the file, apart from what the readers counted."""
    if outcome.action == "skipped":
        return "" if outcome.note in REASONS else outcome.note
    if outcome.action != "new" or batch.form not in (None, outcome.format):
        return f"{outcome.action} {outcome.format} {outcome.note}"
    ((source, shape, lines, *counted),) = connection.execute(
        "SELECT source_id, shape, lines, blank_lines + reject_lines + record_lines, records, rejects, reject_lines "
        "FROM sources WHERE uri = ?",
        [outcome.path],
    ).fetchall()
    every = " UNION ALL ".join(f"SELECT source_id, line FROM {table}" for table in RECORD_TABLES)
    (found,) = connection.execute(
        f"""
        SELECT $lines, (SELECT count(*) FROM ({every}) WHERE source_id = $source), count(*), coalesce(sum(lines), 0)
        FROM rejects
        WHERE source_id = $source
        """,
        {"lines": lines, "source": source},
    ).fetchall()
    if list(found) != counted:
        return f"counted {counted}, found {found}"
    if shape != "messages":
        with Content(Path(outcome.path)) as content:
            whole = content.read(1 << 30)
        if lines != whole.count(b"\n") + (not whole.endswith(b"\n")):
            return f"{lines} lines of {whole.count(10)}"
    return ""


def fuzz(inputs: int, seed: int, folder: Path, inputs_per_file: int = 200) -> Tally:
    """Read at least so many inputs; the files of those among which are problems stay in a folder below."""
    tally = Tally()
    every = list(enumerate(batches(inputs, seed, inputs_per_file)))
    for first in range(0, len(every), BATCHES):
        round_ = folder / f"{seed}-{first}"
        round_.mkdir()
        problems_before = len(tally.problems)
        for number, batch in every[first : first + BATCHES]:
            place = round_ / str(number)
            place.mkdir()
            faulthandler.dump_traceback_later(HANGS_S, exit=True)
            outcomes, problems = check(batch, place, round_ / "x.duckdb")
            faulthandler.cancel_dump_traceback_later()
            tally.add(batch, outcomes, problems)
        tally.problems += check_store(round_ / "x.duckdb")
        if len(tally.problems) == problems_before:
            shutil.rmtree(round_)
    return tally


def main() -> None:
    """Run the fuzzer and say what it read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--minutes", type=float, default=60, metavar="N", help="end after so many, whatever is left")
    parser.add_argument("--inputs-per-file", type=int, default=200, metavar="N", help="more are quicker to read")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--folder", type=Path, help="where the files of problems stay; a temporary folder else")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="loglens-fuzz-", dir=options.folder))
    started, total, seed = time.monotonic(), Tally(), options.seed
    while total.inputs < options.inputs and time.monotonic() - started < 60 * options.minutes:
        done = fuzz(min(50_000, options.inputs - total.inputs), seed, folder, options.inputs_per_file)
        total = total.plus(done)
        memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(f"seed {seed}: {total}; {time.monotonic() - started:,.0f} s, at most {memory_mib:,} MiB", flush=True)
        for problem in done.problems:
            print(f"  {problem}", flush=True)
        seed += 1
    if total.problems:
        sys.exit(f"{len(total.problems)} problems; the files are in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
