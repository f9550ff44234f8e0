"""One push: the server is looked at, templates are put, events and answers are sent, and what arrived is counted."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loglens.api import Lens
from loglens.columns import Column, time_text
from loglens.errors import UsageError
from loglens.nearest import did_you_mean
from loglens.push import documents, ledger, mapping, results
from loglens.push.access import Access
from loglens.push.answers import AnswerPush
from loglens.push.bulk import Bulk, Delivery, Refused
from loglens.push.events import KEY_DIGITS, EventPush
from loglens.push.fields import STREAMS, Stream
from loglens.push.items import Items
from loglens.push.names import LAYOUTS, UNTIMED, Names
from loglens.push.refusals import kind_of
from loglens.push.report import Line, PushProgress, PushReport
from loglens.push.server import Server, connect
from loglens.scope import end_of_data, end_to_count_from, resolve
from loglens.wording import counted

if TYPE_CHECKING:
    import duckdb

    from loglens.answer import Answer

# Below this many bytes an index, a server keeps more of indices than of what is in them.
_INDEX_BYTES = 100 << 20
_TIME = Column("@timestamp", "TIMESTAMP_NS")
_DRY_DOCUMENTS = 1
_FAR = 2**63 - 1


@dataclass(frozen=True)
class PushRequest:
    """What to push: all, results or events; `only` limits it to some tables and answers."""

    kind: str = "all"
    only: Sequence[str] = ()
    names: Names = field(default_factory=Names)
    since: str | None = None
    until: str | None = None

    def streams(self) -> list[Stream]:
        """Return the tables of events to push."""
        return [stream for name, stream in STREAMS.items() if self._is_wanted(name, "events")]

    def answers(self) -> list[str]:
        """Return the answers to push."""
        return [name for name in results.RESULTS if self._is_wanted(name, "results")]

    def _is_wanted(self, name: str, kind: str) -> bool:
        if self.only and name not in [word.replace("-", "_") for word in self.only]:
            return False
        return self.kind in {"all", kind}

    def refuse_unknown(self) -> None:
        """Raise UsageError for a word of `only` that names nothing, or nothing of this kind."""
        known = (*STREAMS, *results.RESULTS)
        wanted = [*(stream.name for stream in self.streams()), *self.answers()]
        for word in self.only:
            if word.replace("-", "_") not in known:
                raise UsageError(f"Nothing to push is called {word!r}. {did_you_mean(word, known)}")
            if word.replace("-", "_") not in wanted:
                raise UsageError(f"{word} is not among the {self.kind} that can be pushed; leave out {self.kind!r}.")


@dataclass(frozen=True)
class _Store:
    lens: Lens
    wait_s: float

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the database for reading its tables."""
        from loglens.store.store import open_reader

        with open_reader(self.lens.path, reading=()) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the database for one short transaction."""
        from loglens.store.store import open_writer

        with open_writer(self.lens.path, self.wait_s) as connection:
            yield connection


class Push:
    """A push of one database to one server."""

    def __init__(self, lens: Lens, access: Access, request: PushRequest, wait_s: float = 10) -> None:
        self._lens = lens
        self._access = access
        self._request = request
        self._store = _Store(lens, wait_s)
        self._run = results.Run(uuid.uuid4().hex, time.time_ns())
        self._report = PushReport()
        self._refused: list[Refused] = []

    def run(self, progress: PushProgress | None = None) -> PushReport:
        """Push, and return what became of every document; raises PushError where the server cannot be used."""
        started = time.monotonic()
        server = self._begin()
        bulk = Bulk(server)
        try:
            self._push_events(server, bulk, progress or PushProgress())
            self._push_results(server, bulk, progress or PushProgress())
        finally:
            bulk.close()
        return self._end(started)

    def retry(self) -> PushReport:
        """Send again what the server has refused before."""
        started = time.monotonic()
        server = self._begin()
        target = self._request.names.target(server.url)
        with self._store.read() as connection:
            found = ledger.load_refused(connection, target)
        line = Line("push_rejects", self._request.names.prefix, documents=len(found), sent=len(found))
        self._report.lines.append(line)
        bulk = Bulk(server)
        try:
            for is_event in (True, False):
                self._retry(bulk, target, [item for item, kind in found if kind == is_event], is_event, line)
        finally:
            bulk.close()
        line.end()
        return self._end(started)

    def _retry(self, bulk: Bulk, target: str, items: list[bytes], is_event: bool, line: Line) -> None:
        delivery = bulk.send(Items.of(items))
        refused = {each.item for each in delivery.refused}
        taken = [item for item in items if item not in refused]
        with self._store.write() as connection:
            connection.execute("BEGIN")
            ledger.drop_refused(connection, target, taken)
            if not is_event:
                ledger.save_digests(connection, target, [(*ledger.place(item), results.digest(item)) for item in taken])
            ledger.save_refused(connection, target, delivery.refused, is_event)
            connection.execute("COMMIT")
        line.refused += len(delivery.refused)
        self._count(line, delivery)

    def dry(self) -> dict[str, Any]:
        """Return what a push would do, without a server: templates, documents by index, and the first ones."""
        since_ns, until_ns = self._bounds()
        bounds = {"since_ns": since_ns, "until_ns": until_ns}
        names = self._request.names
        told: dict[str, Any] = {"templates": {}, "indices": {}, "documents": []}
        with self._store.read() as connection:
            for stream in self._request.streams():
                told["templates"] |= mapping.stream_templates(stream, names, "elasticsearch")
                told["indices"] |= documents.indices(connection, stream, names, bounds)
                told["documents"] += self._first(connection, stream, since_ns, until_ns)
        window = self._window()
        for name, answer in self._answers():
            index = names.results(name)
            told["templates"] |= results.template(name, answer, names, "elasticsearch")
            made = list(results.documents(name, answer, index, window, self._run))
            told["indices"][index] = len(made)
            told["documents"] += [each.item.decode() for each in made[:_DRY_DOCUMENTS]]
        return told

    def _first(self, connection: Any, stream: Stream, since_ns: int, until_ns: int) -> list[str]:
        rows = connection.execute(
            "SELECT source_id, content_id, uri FROM sources "
            f"SEMI JOIN {stream.name} USING (source_id) ORDER BY source_id LIMIT 1"
        ).fetchall()
        parts = [
            documents.Slice(number, content_id[:KEY_DIGITS], uri, 0, -1, _FAR, since_ns, until_ns, _DRY_DOCUMENTS)
            for number, content_id, uri in rows
        ]
        made = [documents.read(connection, stream, self._request.names, part) for part in parts]
        return [item.decode() for each in made for item in each.items]

    def _begin(self) -> Server:
        server = connect(self._access)
        self._report.server = f"{server.name} at {server.url}"
        return server

    def _end(self, started: float) -> PushReport:
        self._report.elapsed_s = time.monotonic() - started
        reasons = Counter(f"{kind_of(each.reason)} ({each.status})" for each in self._refused)
        self._report.reasons = [f"{counted(count, 'document')}: {reason}" for reason, count in reasons.most_common(3)]
        return self._report

    def _count(self, line: Line, delivery: Delivery) -> None:
        line.created += delivery.created
        line.updated += delivery.updated
        line.duplicates += delivery.duplicates
        line.retries += delivery.retries
        self._report.sent_bytes += delivery.sent_bytes
        self._refused += delivery.refused

    def _push_events(self, server: Server, bulk: Bulk, progress: PushProgress) -> None:
        names, streams = self._request.names, self._request.streams()
        bounds = self._bounds()
        with self._store.read() as connection:
            limits = {"since_ns": bounds[0], "until_ns": bounds[1]}
            indices = {stream.name: documents.indices(connection, stream, names, limits) for stream in streams}
            (stored,) = connection.execute("SELECT coalesce(sum(content_bytes), 0) FROM sources").fetchall()
        streams = [stream for stream in streams if indices[stream.name]]
        made = [mapping.stream_templates(stream, names, server.product) for stream in streams]
        mapping.install(server, {name: template for each in made for name, template in each.items()})
        self._warn_of_many(indices.values(), int(stored[0]))
        for stream in streams:
            line = Line(stream.name, names.stream(stream.name))
            self._report.lines.append(line)
            delivery = EventPush(self._store, server, bulk, stream, names, bounds).run(line, progress)
            line.retries += delivery.retries
            line.end()
            self._report.sent_bytes += delivery.sent_bytes
            self._refused += delivery.refused

    def _warn_of_many(self, found: Iterable[Mapping[str, int]], stored_bytes: int) -> None:
        timed = [[name for name in each if not name.endswith(UNTIMED)] for each in found]
        indices, is_split = sum(map(len, timed)), any(len(names) > 1 for names in timed)
        if is_split and stored_bytes < indices * _INDEX_BYTES:
            coarser = LAYOUTS[LAYOUTS.index(self._request.names.layout) + 1]
            self._report.notes.append(
                f"{indices:,} indices for {stored_bytes / 1e6:,.0f} MB of events are many for a server; "
                f"--layout {coarser} makes fewer."
            )

    def _push_results(self, server: Server, bulk: Bulk, progress: PushProgress) -> None:
        if not self._request.answers():
            return
        push = AnswerPush(self._store, server, bulk, self._request.names, self._window(), self._run)
        lines, delivery = push.run(self._answers(), progress)
        self._report.lines += lines
        self._report.sent_bytes += delivery.sent_bytes
        self._refused += delivery.refused

    def _answers(self) -> Iterator[tuple[str, Answer]]:
        scope: dict[str, Any] = {"since": self._request.since, "until": self._request.until}
        for name in self._request.answers():
            if name == results.FINDINGS:
                yield name, self._lens.findings(**scope, acked=True).answer
                continue
            with self._lens.asking(name, {**scope, "limit": 0}) as answer:
                held = answer.held()
            yield name, held

    def _bounds(self) -> tuple[int, int]:
        with self._store.read() as connection:
            return resolve(self._request.since, self._request.until, lambda: end_to_count_from(connection))

    def _window(self) -> results.Window:
        with self._store.read() as connection:
            end_ns = end_of_data(connection)
        end = None if end_ns is None else time_text(_TIME, end_ns)
        return results.Window(self._request.since, self._request.until, end)
