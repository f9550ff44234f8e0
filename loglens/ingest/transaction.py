"""What happens between BEGIN and COMMIT for one file: read it, check that every line is accounted for, book it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Protocol

import xxhash

from loglens.errors import IngestError
from loglens.ingest.content import Content
from loglens.ingest.cutting import cut
from loglens.ingest.formats import FORMATS
from loglens.ingest.helpers import LARGE_BYTES, Helpers
from loglens.ingest.pieces import CutPieces
from loglens.ingest.planned import SMALL_BYTES, Planned
from loglens.ingest.reader import Counts, Format, Reading, ReadOptions
from loglens.ingest.report import Action, Outcome, Progress
from loglens.ingest.resuming import open_record_lines
from loglens.ingest.sampling import Guess
from loglens.ingest.source_name import service_of
from loglens.store.ledger import Removed, Source, count_records, count_rejects, next_source_id, save_source
from loglens.store.store import shared_memory

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class Work(Protocol):
    """The file that is read, for whom, and how."""

    uri: str
    options: ReadOptions
    started_ns: int
    progress: Progress
    helpers: Helpers | None
    planned: Planned | None
    is_thrifty: bool


class Transaction:
    """The reading of one content into an open transaction."""

    def __init__(
        self,
        work: Work,
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
            self.work.planned if self.content.state.stored_bytes <= SMALL_BYTES else None,
        )
        if self.content.encoding:
            reading.assume("encoding", f"{self.content.encoding}, by its byte order mark")
        with closing(self.pieces.rejected) as rejected:
            with shared_memory(self.connection) if reading.helpers else nullcontext():
                self.format.read(reading)
            rejected.insert(self.connection, source_id)
        if self.pieces.latin_1_lines:
            reading.assume("encoding", "Latin-1 in what is not UTF-8")
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
            return self.work.options
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
            # What a piece holds has passed to the store when the next ones are asked for; lines do as they are.
            work.progress.advance(work.uri, content.stored_position, max(handed, self._transaction.counts.passed))
            yield batch
