"""Pushing the records of one table: source by source, from where the ledger says to the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from loglens.push import documents, ledger, stale
from loglens.push.bulk import Bulk, Delivery, Refused
from loglens.push.fields import Stream
from loglens.push.items import Items
from loglens.push.ledger import Progress
from loglens.push.names import Names
from loglens.push.reader import Reader, Store
from loglens.push.report import Line, PushProgress
from loglens.push.server import WHOLE, PushError, Server
from loglens.scope import FIRST_NS, LAST_NS

# What is sent before the ledger is written: enough to keep the workers busy, few enough to send again.
ROUND_ITEMS = 50_000
ROUND_BYTES = 24 << 20
# How long the ledger may be behind: what it does not know is sent again after a fall.
SAVED_EVERY_S = 1.0
# Digits of a content that name its documents: 80 bits tell the files of a lifetime apart.
KEY_DIGITS = 20


@dataclass(frozen=True)
class Source:
    """A source with records in the table, and from where they are to be sent; `most` of them are read at once."""

    progress: Progress
    uri: str
    records: int
    most: int


@dataclass
class Round:
    """What is sent at once: items of some sources, and how far each is then."""

    items: Items
    reached: dict[int, Progress]


class EventPush:
    """One push of one table of events to one server; `bounds` are the times it is limited to."""

    def __init__(
        self, store: Store, server: Server, bulk: Bulk, stream: Stream, names: Names, bounds: tuple[int, int]
    ) -> None:
        self._store = store
        self._server = server
        self._bulk = bulk
        self._stream = stream
        self._names = names
        self._since_ns, self._until_ns = bounds
        self._target = names.target(server.url)
        # Only what was sent without a limit is known to be sent up to a place.
        self._is_whole = bounds == (FIRST_NS, LAST_NS)
        self._reader = Reader(store)
        # What has been answered for, and is not in the ledger yet.
        self._reached: dict[int, Progress] = {}
        self._refused: list[Refused] = []
        self._saved_s = time.monotonic()

    def run(self, line: Line, progress: PushProgress) -> Delivery:
        """Push what the server has not been sent yet, count what it has, and return what became of it all."""
        sources = self._sources()
        line.documents = sum(source.records for source in sources)
        known = sum(source.progress.documents for source in sources)
        progress.start(self._stream.name, line.documents - known)
        whole = Delivery()
        self._drop_refused(sources)
        for source in sources:
            self._remove_stale(source)
        try:
            self._send(sources, whole, progress)
        finally:
            self._save()
        line.sent = whole.taken + len(whole.refused)
        line.unchanged = line.documents - line.sent
        line.created, line.updated, line.duplicates = whole.created, whole.updated, whole.duplicates
        self._reconcile(sources, line)
        # What was read and not sent has no document that could be counted.
        line.missing = max(line.missing, line.documents - known - line.sent)
        return whole

    def _send(self, sources: list[Source], whole: Delivery, progress: PushProgress) -> None:
        with ThreadPoolExecutor(1) as ahead:
            waiting: tuple[Round, Future[Delivery]] | None = None
            for each in self._rounds(sources):
                # While this round is on its way the next one is read.
                sending = ahead.submit(self._bulk.send, each.items)
                if waiting:
                    self._finish(*waiting, whole, progress)
                waiting = (each, sending)
            if waiting:
                self._finish(*waiting, whole, progress)

    def _sources(self) -> list[Source]:
        with self._store.read() as connection:
            bounds = {"since_ns": self._since_ns, "until_ns": self._until_ns}
            counts = documents.count(connection, self._stream, bounds)
            rows = connection.execute(_SOURCES).fetchall()
            known = ledger.load_progress(connection, self._target, self._stream.name) if self._is_whole else {}
            refused = ledger.count_refused(connection, self._target, self._names.stream(self._stream.name))
            settled = documents.settled(connection, self._stream, {key: each.lines_done for key, each in known.items()})
        held = self._held() if known else {}
        return [
            self._source(row, counts[row[0]], known.get(row[0]), settled.get(row[0], 0), held, refused)
            for row in rows
            if row[0] in counts
        ]

    def _source(
        self,
        row: tuple[Any, ...],
        records: int,
        known: Progress | None,
        settled: int,
        held: dict[str, int],
        refused: dict[str, int],
    ) -> Source:
        number, uri, begun_ns, content_id, twin, lines_done, average_bytes = row
        # Two paths with the same content are two sources.
        key = content_id[:KEY_DIGITS] + (f"~{twin}" if twin else "")
        most = max(1, min(ROUND_ITEMS, ROUND_BYTES // max(average_bytes, 1)))
        fresh = Progress(self._target, self._stream.name, number, begun_ns, key, lines_done, 0, -1, 0, content_id)
        if known is None:
            return Source(fresh, uri, records, most)
        fresh = replace(fresh, source_key=known.source_key, again_to_line=known.again_to_line)
        if known.begun_ns != begun_ns:
            return Source(replace(fresh, again_to_line=max(known.done_line, known.again_to_line)), uri, records, most)
        if held.get(known.source_key, 0) + refused.get(known.source_key, 0) < known.documents:
            return Source(fresh, uri, records, most)
        reached = replace(known, lines_done=lines_done, content_id=content_id)
        if known.content_id != content_id and known.done_line > known.lines_done:
            reached = replace(
                reached,
                done_line=known.lines_done,
                done_ordinal=_LAST_ORDINAL,
                documents=settled,
                again_to_line=max(known.done_line, known.again_to_line),
            )
        return Source(reached, uri, records, most)

    def _drop_refused(self, sources: list[Source]) -> None:
        """Forget what was refused of records that are sent again now: they may be taken, or be others."""
        with self._store.read() as connection:
            refused = ledger.count_refused(connection, self._target, self._names.stream(self._stream.name))
        begun = [source.progress for source in sources if self._is_whole and source.progress.documents < source.records]
        again = [progress for progress in begun if progress.source_key in refused]
        if again:
            with self._store.write() as connection:
                for progress in again:
                    ledger.drop_refused_events(connection, progress, self._names.stream(self._stream.name))

    def _remove_stale(self, source: Source) -> None:
        """Remove documents of lines that have changed since, where others will not replace them.

        A data stream takes no replacements, and keeps what it has.
        """
        reached = source.progress
        if reached.again_to_line <= reached.done_line:
            return
        lines = (reached.source_key, reached.done_line + 1, reached.again_to_line)
        with self._store.read() as connection:
            places = stale.places(connection, self._stream, self._names, reached.source_id, lines)
        for items in stale.removals(self._server, self._stream, self._names, lines, places):
            refused = self._bulk.send(items).refused
            if refused:
                raise PushError(f"{self._server.url} keeps documents that are no longer true: {refused[0].reason}")

    def _rounds(self, sources: list[Source]) -> Iterator[Round]:
        # Less than what is read at once, as parts come out a little longer than asked for.
        sizes = {source.progress.source_id: max(1, source.most * 9 // 10) for source in sources}
        stops = documents.stops(self._reader.connection(), self._stream, sizes)
        parts: list[Items] = []
        places: dict[int, Progress] = {}
        for source in sources:
            for items, reached in self._parts(source, stops[source.progress.source_id]):
                parts.append(items)
                places[reached.source_id] = reached
                if sum(map(len, parts)) >= ROUND_ITEMS // 2 or sum(e.size_bytes for e in parts) >= ROUND_BYTES // 2:
                    yield Round(Items.together(parts), places)
                    parts, places = [], {}
        if parts:
            yield Round(Items.together(parts), places)

    def _parts(self, source: Source, stops: list[int]) -> Iterator[tuple[Items, Progress]]:
        """Yield the items of a source that are to be sent, each time with how far the source is then."""
        reached = source.progress
        if reached.documents == source.records:
            return
        for stop in stops:
            found = None
            while stop >= reached.done_line and (found is None or len(found.items) == source.most):
                part = self._slice(source, reached, stop)
                found = documents.read(self._reader.connection(), self._stream, self._names, part)
                reached = replace(
                    reached,
                    done_line=found.last_line,
                    done_ordinal=found.last_ordinal,
                    documents=reached.documents + len(found.items),
                )
                yield found.items, reached

    def _slice(self, source: Source, reached: Progress, stop: int) -> documents.Slice:
        return documents.Slice(
            reached.source_id,
            reached.source_key,
            source.uri,
            reached.done_line,
            reached.done_ordinal,
            stop,
            self._since_ns,
            self._until_ns,
            source.most,
            reached.again_to_line,
        )

    def _finish(self, sent: Round, sending: Future[Delivery], whole: Delivery, progress: PushProgress) -> None:
        """Wait for a round; others can write to the database while the server takes its time."""
        if not sending.done():
            self._reader.let_go()
        delivery = sending.result()
        self._reached |= sent.reached
        self._refused += delivery.refused
        whole.add(delivery)
        progress.advance(len(sent.items), delivery.retries, len(delivery.refused))
        if time.monotonic() - self._saved_s > SAVED_EVERY_S:
            self._save()

    def _save(self) -> None:
        """Write how far the rounds came; killed before that, they are sent again and known by their ids."""
        self._reader.let_go()
        if self._reached and (self._is_whole or self._refused):
            with self._store.write() as connection:
                connection.execute("BEGIN")
                ledger.save_refused(connection, self._target, self._refused)
                if self._is_whole:
                    ledger.save_progress(connection, self._reached.values())
                connection.execute("COMMIT")
        self._reached, self._refused, self._saved_s = {}, [], time.monotonic()

    def _reconcile(self, sources: list[Source], line: Line) -> None:
        """Count what the server has of each source against what there is."""
        held = self._held()
        with self._store.read() as connection:
            refused = ledger.count_refused(connection, self._target, self._names.stream(self._stream.name))
        for source in sources:
            key = source.progress.source_key
            line.refused += refused.get(key, 0)
            line.missing += max(0, source.records - refused.get(key, 0) - held.get(key, 0))

    def _held(self) -> dict[str, int]:
        """Return how many documents of each source the server has, once it has made them searchable."""
        path, quiet = f"/{self._names.searched(self._stream.name)}", "ignore_unavailable=true&allow_no_indices=true"
        self._server.call("POST", f"{path}/_refresh?{quiet}", missing={})
        body: dict[str, Any] = {
            "size": 0,
            "aggs": {"sources": {"terms": {"field": "loglens.source", "size": _MOST_SOURCES}}},
        }
        if not self._is_whole:
            body["query"] = documents.between(self._since_ns, self._until_ns)
        found = self._server.call("POST", f"{path}/_search?{quiet}&{WHOLE}", body, missing={})
        buckets = found.get("aggregations", {}).get("sources", {}).get("buckets", [])
        return {bucket["key"]: bucket["doc_count"] for bucket in buckets}


_SOURCES = """
    SELECT
        source_id                                                               AS source_id,
        uri                                                                     AS uri,
        begun_ns                                                                AS begun_ns,
        content_id                                                              AS content_id,
        row_number() OVER (PARTITION BY content_id ORDER BY source_id) - 1      AS twin,
        lines_done                                                              AS lines_done,
        content_bytes // greatest(records, 1)                                   AS average_bytes
    FROM sources
    ORDER BY source_id
"""
_LAST_ORDINAL = 2**31 - 1
# The most buckets a server gives at once.
_MOST_SOURCES = 65_000
