"""Reading one file: recognise it, read what is new, commit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from loglens.errors import IngestError
from loglens.ingest.content import Content, FileState
from loglens.ingest.helpers import Helpers
from loglens.ingest.identity import Verdict, recognise, seen_unread
from loglens.ingest.job import Job
from loglens.ingest.planned import Planned
from loglens.ingest.report import Action, Outcome, Progress
from loglens.ingest.resuming import is_countable
from loglens.ingest.sampling import look
from loglens.ingest.source_name import is_log_name
from loglens.ingest.transaction import Transaction
from loglens.store.ledger import Removed, Source, remove_rows, save_source

if TYPE_CHECKING:
    import duckdb

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
        planned: Planned | None = None,
    ) -> None:
        self.request = request
        self.job = job
        self.uri = job.uri
        self.options = request.options
        self.sources = sources
        self.connection = connection
        self.progress = progress
        self.helpers = helpers
        self.planned = planned
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
        wanted = {name: value for name, value in asdict(self.options).items() if value is not None}
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
        guess = look(content, resume.format if resume else self.options.format, takes_plain)
        if guess.format is None and content.failure:
            raise IngestError(f"{content.failure}, and nothing before it that could be read")
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
        return f"same content as {verdict.twin.uri}; its records count twice"
    if verdict.source is not None and verdict.source.uri != uri:
        return f"renamed from {verdict.source.uri}"
    return ""
