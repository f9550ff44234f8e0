"""Reading one file: recognise it, read what is new, check that every line is accounted for, commit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING

import xxhash

from loglens.errors import IngestError
from loglens.ingest.content import Content, FileState
from loglens.ingest.cutting import cut
from loglens.ingest.formats import FORMATS
from loglens.ingest.helpers import LARGE_BYTES, Helpers
from loglens.ingest.identity import Verdict, recognise, seen_unread
from loglens.ingest.job import Job
from loglens.ingest.pieces import CutPieces
from loglens.ingest.reader import Counts, Format, Reading, ReadOptions
from loglens.ingest.report import Action, Outcome, Progress
from loglens.ingest.resuming import is_countable, open_record_lines
from loglens.ingest.sampling import Guess, look
from loglens.ingest.source_name import is_log_name, service_of
from loglens.store.ledger import (
    Removed,
    Source,
    count_records,
    count_rejects,
    next_source_id,
    remove_rows,
    save_source,
)
from loglens.store.store import shared_memory

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from loglens.ingest.run import IngestRequest

NOTHING_REMOVED = Removed(0, 0, 0, 0)


class FileIngest:
    """The reading of one file into an open store, or into none for a dry run."""

    def __init__(
        self,
        request: IngestRequest,
        job: Job,
        sources: Sequence[Source],
        connection: duckdb.DuckDBPyConnection | None,
        progress: Progress,
        helpers: Helpers | None = None,
    ) -> None:
        self.request = request
        self.job = job
        self.uri = job.uri
        self.sources = sources
        self.connection = connection
        self.progress = progress
        self.helpers = helpers
        self.is_thrifty = False
        self.started_ns = time.time_ns()

    def run(self) -> tuple[Outcome, Source | None]:
        """Do it; return what became of the file and its new ledger row."""
        known = seen_unread(self.uri, FileState.of(self.job.origin), self.sources)
        if known is not None and not self.request.again:
            self._refuse_other_options(known)
            return Outcome(self.uri, "unchanged", known.format), None
        with Content(self.job.path, self.job.origin) as content:
            verdict = Verdict("new") if not self.sources else recognise(content, self.uri, self.sources)
            if self.request.again and verdict.source is not None:
                return self._read(content, verdict, restart=True, action="again")
            if verdict.source is None:
                return self._read(content, verdict, restart=True, action="new")
            self._refuse_other_options(verdict.source)
            if verdict.kind == "unchanged":
                return self._moved(content, verdict.source)
            return self._read(content, verdict, restart=False, action="grown")

    def _refuse_other_options(self, known: Source) -> None:
        wanted = {name: value for name, value in asdict(self.request.options).items() if value is not None}
        read_with = known.options | {"format": known.format}
        different = [f"{name}={value}" for name, value in wanted.items() if read_with.get(name) != value]
        if different:
            raise IngestError(
                f"was read before with other options ({', '.join(different)} now); --again reads it anew with these"
            )

    def _moved(self, content: Content, known: Source) -> tuple[Outcome, Source | None]:
        renamed = known.uri != self.uri
        note = f"renamed from {known.uri}" if renamed else ""
        outcome = Outcome(self.uri, "renamed" if renamed else "unchanged", known.format, note=note)
        state = content.state
        moved = replace(
            known, uri=self.uri, stored_bytes=state.stored_bytes, mtime_ns=state.mtime_ns, inode=state.inode
        )
        if self.connection is None or self.request.dry_run:
            return outcome, None
        self.connection.execute("BEGIN")
        save_source(self.connection, moved)
        self.connection.execute("COMMIT")
        return outcome, moved

    def _read(self, content: Content, verdict: Verdict, restart: bool, action: Action) -> tuple[Outcome, Source | None]:
        known = verdict.source
        resume = None if restart else known
        content.advance_to(resume.bytes_done if resume else 0)
        takes_plain = self.job.is_named or is_log_name(self.uri)
        guess = look(content, resume.format if resume else self.request.options.format, takes_plain)
        if guess.format is None:
            return Outcome(self.uri, "skipped", note=guess.reason), None
        note = _note(self.uri, verdict)
        if self.connection is None or self.request.dry_run:
            return Outcome(self.uri, action, guess.format.name, note=note), None
        self.connection.execute("BEGIN")
        removed = NOTHING_REMOVED
        if known is not None:
            removed = remove_rows(self.connection, known.source_id, resume.lines_done if resume else 0)
            if resume is not None and not is_countable(resume, removed):
                remove_rows(self.connection, known.source_id)
                resume = None
                content.advance_to(0)
                guess = look(content, known.format)
        assert guess.format is not None
        transaction = Transaction(self, self.connection, content, guess, guess.format)
        saved = transaction.read(known, resume, removed, note)
        self.connection.execute("COMMIT")
        return transaction.outcome(action, note), saved


def _note(uri: str, verdict: Verdict) -> str:
    if verdict.twin is not None:
        return f"same content as {verdict.twin.uri}"
    if verdict.source is not None and verdict.source.uri != uri:
        return f"renamed from {verdict.source.uri}"
    return ""


class Transaction:
    """What happens between BEGIN and COMMIT for one file."""

    def __init__(
        self,
        work: FileIngest,
        connection: duckdb.DuckDBPyConnection,
        content: Content,
        guess: Guess,
        form: Format,
    ) -> None:
        self.work = work
        self.connection = connection
        self.content = content
        self.guess = guess
        self.format = form
        self.counts = Counts()
        self.rejects = 0
        self.reject_lines = 0
        self.problem = ""

    def read(self, known: Source | None, resume: Source | None, removed: Removed, note: str) -> Source:
        """Read the content from where it stands and write the ledger row; `resume` is the source it goes on from."""
        source_id = known.source_id if known else next_source_id(self.connection)
        first_line = resume.lines_done + 1 if resume else 1
        self.pieces = cut(self.content, self.guess.shape, self.format, first_line, self.work.is_thrifty)
        options = self._options(resume)
        reading = Reading(
            self.connection,
            source_id,
            Watched(self, self.pieces),
            self.guess.sample,
            options,
            options.service or service_of(self.work.uri),
            self.counts,
            first_line,
            self.content.state.mtime_ns,
            tuple(form.layouts for form in FORMATS if form.layouts is not None),
            self.work.helpers if self._is_helped() else None,
        )
        if self.content.encoding:
            reading.assume("encoding", f"{self.content.encoding}, by its byte order mark")
        with closing(self.pieces.rejected) as rejected:
            with shared_memory(self.connection) if reading.helpers else nullcontext():
                self.format.read(reading)
            rejected.insert(self.connection, source_id)
        if self.pieces.latin_1_lines:
            reading.assume("encoding", "Latin-1 in lines that are not UTF-8")
        self._mark_incomplete(source_id)
        self.rejects, self.reject_lines = count_rejects(self.connection, source_id, first_line - 1)
        self._check(source_id, first_line)
        self.problem = self.content.failure or self.content.changed_while_read() or ""
        source = self._source(source_id, options, resume, removed, note)
        save_source(self.connection, source)
        return source

    def _is_helped(self) -> bool:
        """Say whether the pieces are worth several processes; those of a document may share a line."""
        is_large = self.content.state.stored_bytes >= LARGE_BYTES
        return is_large and self.format.is_helped and self.guess.shape in ("lines", "messages")

    def _options(self, resume: Source | None) -> ReadOptions:
        if resume is None:
            return self.work.request.options
        return ReadOptions(**{each.name: resume.options.get(each.name) for each in fields(ReadOptions)})

    def _mark_incomplete(self, source_id: int) -> None:
        if self.pieces.open_line is not None and self.guess.shape in ("lines", "records"):
            self.connection.execute(
                "UPDATE rejects SET reason = 'incomplete: ' || reason WHERE source_id = ? AND line = ? AND lines > 0",
                [source_id, self.pieces.open_line],
            )

    def _check(self, source_id: int, first_line: int) -> None:
        """Hold the books: every line is blank, rejected or part of a record, and every record is a row."""
        pieces, counts = self.pieces, self.counts
        accounted = pieces.blank_lines + pieces.structure_lines + self.reject_lines + counts.record_lines
        rows = count_records(self.connection, source_id, first_line - 1)
        if pieces.lines != accounted or rows != counts.records:
            raise IngestError(
                f"read as {self.format.name}, its books do not balance: {pieces.lines} lines, of which "
                f"{pieces.blank_lines} blank, {self.reject_lines} rejected, {counts.record_lines} in records; "
                f"{counts.records} records, {rows} rows. Nothing of it was kept; this is a bug in loglens"
            )

    def _source(
        self, source_id: int, options: ReadOptions, resume: Source | None, removed: Removed, note: str
    ) -> Source:
        counts, pieces = self.counts, self.pieces
        open_records = open_record_lines(resume, removed) if resume else 0
        head = self.content.head
        return Source(
            source_id=source_id,
            uri=self.work.uri,
            format=self.format.name,
            shape=self.guess.shape,
            options={name: value for name, value in asdict(options).items() if value is not None},
            assumptions=(resume.assumptions if resume else {}) | counts.assumptions,
            stored_bytes=self.content.state.stored_bytes,
            mtime_ns=self.content.state.mtime_ns,
            inode=self.content.state.inode,
            content_bytes=self.content.position,
            content_id=self.content.digest,
            head_bytes=len(head),
            head_id=xxhash.xxh3_128_hexdigest(head),
            bytes_done=pieces.bytes_done,
            done_id=pieces.done_id,
            lines_done=pieces.lines_done,
            lines=(resume.lines_done if resume else 0) + pieces.lines,
            blank_lines=(resume.blank_lines - resume.open_blank_lines if resume else 0) + pieces.blank_lines,
            reject_lines=(resume.reject_lines - removed.reject_lines if resume else 0) + self.reject_lines,
            record_lines=(resume.record_lines - open_records if resume else 0)
            + counts.record_lines
            + pieces.structure_lines,
            records=(resume.records - removed.records if resume else 0) + counts.records,
            rejects=(resume.rejects - removed.rejects if resume else 0) + self.rejects,
            untimed=(resume.untimed - removed.untimed if resume else 0) + counts.untimed,
            unread=(resume.unread if resume else 0) + counts.unread,
            state="damaged" if self.problem else "complete",
            note="; ".join(part for part in (note, self.problem) if part) or None,
            ingested_ns=self.work.started_ns,
            begun_ns=resume.begun_ns if resume else self.work.started_ns,
            open_blank_lines=pieces.open_blank_lines,
        )

    def outcome(self, action: Action, note: str) -> Outcome:
        """Return what this reading did, for the report."""
        return Outcome(
            self.work.uri,
            action,
            self.format.name,
            lines=self.pieces.lines,
            blank_lines=self.pieces.blank_lines,
            records=self.counts.records,
            rejects=self.rejects,
            untimed=self.counts.untimed,
            unread=self.counts.unread,
            content_bytes=self.content.position,
            note="; ".join(part for part in (note, self.problem) if part),
            assumptions=self.counts.assumptions,
            is_damaged=bool(self.problem),
        )


class Watched:
    """Pieces that tell the progress how far they are."""

    def __init__(self, transaction: Transaction, pieces: CutPieces) -> None:
        self._transaction = transaction
        self._pieces = pieces

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches of the pieces, once, in order."""
        work, content = self._transaction.work, self._transaction.content
        handed = 0
        for batch in self._pieces:
            handed += batch.num_rows
            work.progress.advance(work.uri, content.stored_position, handed)
            yield batch
