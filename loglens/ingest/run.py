"""Ingest: every file in one transaction with its ledger row, exactly once, with nothing swallowed."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from loglens.errors import IngestError, LoglensError, StoreError
from loglens.ingest.content import FileState
from loglens.ingest.discover import STANDARD_INPUT, Filter, Skipped, discover
from loglens.ingest.identity import seen_unread
from loglens.ingest.job import Job, uri_of
from loglens.ingest.reader import ReadOptions
from loglens.ingest.report import IngestReport, Outcome, Progress, Silent
from loglens.store.store import (
    WRITER_MEMORY,
    explain_write_failure,
    one_thread,
    open_reader,
    open_writer,
    write_failures,
)

if TYPE_CHECKING:
    import duckdb

    from loglens.ingest.one_file import FileIngest
    from loglens.store.ledger import Source


@dataclass(frozen=True)
class IngestRequest:
    """What to ingest, into which database, and how."""

    paths: Sequence[str]
    database: Path
    options: ReadOptions = field(default_factory=ReadOptions)
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    again: bool = False
    dry_run: bool = False
    name: str = "stdin"
    wait_s: float = 10


def ingest(request: IngestRequest, progress: Progress | None = None) -> IngestReport:
    """Read paths into a database; running it again adds only what is new.

    Raises StoreLocked, StoreTooNew and StoreError for the database, UsageError for a format that does not exist.
    What is wrong with a single file becomes an outcome of the report instead.
    """
    if request.options.format:
        from loglens.ingest.sampling import named_format

        named_format(request.options.format)
    started = time.monotonic()
    report = IngestReport(str(request.database))
    with ExitStack() as stack:
        jobs = jobs_of(request, report, stack)
        watcher = progress or Silent()
        watcher.start(len(jobs), sum(job.path.stat().st_size for job in jobs if job.path.exists()))
        if jobs:
            _read_all(request, jobs, report, watcher)
    report.elapsed_s = time.monotonic() - started
    return report


def jobs_of(request: IngestRequest, report: IngestReport, stack: ExitStack) -> list[Job]:
    """Return the files of a request; what is missing or left out goes into the report, standard input is copied."""
    found = discover(request.paths, Filter(request.include, request.exclude, request.database))
    report.outcomes += [Outcome(path, "failed", note="no such file or folder") for path in found.missing]
    report.outcomes += [_skipped(skipped) for skipped in found.skipped]
    jobs = [Job(path, uri_of(path), path, path in found.named) for path in found.files]
    if STANDARD_INPUT in request.paths:
        path = stack.enter_context(_spooled_input())
        jobs.append(Job(path, request.name, path, is_named=True))
    return jobs


def _skipped(skipped: Skipped) -> Outcome:
    return Outcome(str(skipped.path), "failed" if skipped.is_failure else "skipped", note=skipped.reason)


@contextmanager
def _spooled_input() -> Iterator[Path]:
    """Copy standard input to its end into a file: what a source is can only be told once all of it is known."""
    if sys.stdin is None:
        raise IngestError("Standard input is closed.")
    with tempfile.TemporaryDirectory(prefix="loglens-") as folder:
        path = Path(folder) / "stdin"
        try:
            with path.open("wb") as spool:
                shutil.copyfileobj(sys.stdin.buffer, spool, 4 << 20)
        except OSError as error:
            raise IngestError(
                f"Standard input cannot be copied to {folder}: {error.strerror or error}. TMPDIR names another folder."
            ) from error
        yield path


def _read_all(request: IngestRequest, jobs: Sequence[Job], report: IngestReport, progress: Progress) -> None:
    from loglens.ingest.reuse import reused_memory
    from loglens.store.ledger import load_sources

    def is_known(uri: str, origin: Path) -> bool:
        return not request.again and seen_unread(uri, FileState.of(origin), sources) is not None

    with reused_memory(), ExitStack() as stack:
        connection: duckdb.DuckDBPyConnection | None
        # The engine makes the tables of a new store without Python, which imports the readers meanwhile.
        Thread(target=import_module, args=["loglens.ingest.one_file"]).start()
        if not request.dry_run:
            connection = stack.enter_context(open_writer(request.database, request.wait_s))
        elif request.database.exists():
            connection = stack.enter_context(open_reader(request.database, reading=()))
        else:
            connection = None
        from loglens.ingest.archives import Opened, members
        from loglens.ingest.helpers import Helpers
        from loglens.ingest.one_file import FileIngest
        from loglens.ingest.planned import Planned

        opened = Opened(Filter(request.include, request.exclude), is_known)
        sources = load_sources(connection) if connection else []
        helpers = stack.enter_context(Helpers())
        planned = None if connection is None else Planned(connection)
        for found in (each for job in jobs for each in members(job, opened)):
            saved = None
            if isinstance(found, Outcome):
                outcome = found
            else:
                work = FileIngest(request, found, sources, connection, progress, helpers, planned)
                outcome, saved = _guarded(work, found, connection)
            report.outcomes.append(outcome)
            progress.finish(outcome)
            if saved is not None:
                sources = [source for source in sources if source.source_id != saved.source_id] + [saved]


def _guarded(work: FileIngest, job: Job, connection: duckdb.DuckDBPyConnection | None) -> tuple[Outcome, Source | None]:
    """Read one file; what is wrong with it alone becomes its outcome, what is wrong with the store ends the run."""
    import duckdb

    from loglens.ingest.one_file import FileIngest

    try:
        return _read_thriftily(work, connection)
    except BaseException as error:
        if connection is not None and not work.request.dry_run:
            _roll_back(work, connection)
        if isinstance(error, write_failures()):
            told = explain_write_failure(work.request.database, error)
            raise StoreError(f"{told} It was reading {job.uri}; the files finished before are in.") from error
        if isinstance(error, IngestError):
            return Outcome(job.uri, "failed", note=str(error)), None
        if isinstance(error, OSError):
            return Outcome(job.uri, "failed", note=f"cannot be read: {error.strerror or error}"), None
        if isinstance(error, duckdb.OutOfMemoryException):
            if work.helpers is not None:
                # They hold memory that the store lacks now.
                work.helpers.close()
                alone = FileIngest(work.request, job, work.sources, connection, work.progress)
                return _guarded(alone, job, connection)
            return Outcome(job.uri, "failed", note=f"needs more memory than {WRITER_MEMORY} to be read"), None
        if isinstance(error, LoglensError) or not isinstance(error, Exception):
            raise
        first = next(iter(str(error).splitlines()), "")
        note = f"nothing of it was kept, this is a bug in loglens: {type(error).__name__}: {first}"
        return Outcome(job.uri, "failed", note=note), None


def _read_thriftily(work: FileIngest, connection: duckdb.DuckDBPyConnection | None) -> tuple[Outcome, Source | None]:
    """Read one file; where that needs more memory than there is, with a single thread, then without its long lines."""
    import duckdb

    try:
        return work.run()
    except duckdb.OutOfMemoryException:
        if connection is None or work.request.dry_run:
            raise
        _roll_back(work, connection)
        with one_thread(connection):
            try:
                return work.run()
            except duckdb.OutOfMemoryException:
                _roll_back(work, connection)
                work.is_thrifty = True
                return work.run()


def _roll_back(work: FileIngest, connection: duckdb.DuckDBPyConnection) -> None:
    import duckdb

    # Where nothing was begun, or the file broke the connection, the transaction is gone either way.
    with suppress(duckdb.Error):
        connection.execute("ROLLBACK")
    if work.planned is not None:
        work.planned.forget()
