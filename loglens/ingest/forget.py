"""Forgetting sources: everything that came from them leaves the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loglens.errors import NotFound
from loglens.ingest.job import MEMBER
from loglens.scope import FIRST_NS, When, end_to_count_from, resolve_one
from loglens.store.ledger import Source, forget_source, load_sources, newest_record_ns
from loglens.store.store import open_writer, refuse_missing


@dataclass(frozen=True)
class Forgotten:
    """A source that was removed, and how many records went with it."""

    uri: str
    records: int
    rejects: int


def forget(database: Path, names: Sequence[str] = (), before: When = None, wait_s: float = 10) -> list[Forgotten]:
    """Remove the named sources, and those whose newest record is before a time, in one transaction.

    `before` is an absolute time, or a span of time before the end of the data.

    A name is the path of a source, of the archive of sources, its end (`app.log`), or its number. Raises NotFound for
    a name without a source, and UsageError for a span of time where no record tells the end of the data, and then
    removes nothing. Ingesting a forgotten file again reads it anew.
    """
    refuse_missing(database)
    with open_writer(database, wait_s) as connection:
        sources = load_sources(connection)
        chosen = {source.source_id: source for name in names for source in _named(name, sources)}
        if before is not None:
            before_ns = resolve_one("before", before, FIRST_NS, lambda: end_to_count_from(connection))
            newest = newest_record_ns(connection)
            for source in sources:
                if newest.get(source.source_id, before_ns) < before_ns:
                    chosen[source.source_id] = source
        connection.execute("BEGIN")
        forgotten = []
        for source_id, source in sorted(chosen.items()):
            removed = forget_source(connection, source_id)
            forgotten.append(Forgotten(source.uri, removed.records, removed.rejects))
        connection.execute("COMMIT")
        connection.execute("CHECKPOINT")
    return forgotten


def _named(name: str, sources: Sequence[Source]) -> list[Source]:
    if name.isdigit():
        found = [source for source in sources if source.source_id == int(name)]
    else:
        path = str(Path(name).absolute())
        found = [source for source in sources if source.uri in (name, path)]
        found = found or [source for source in sources if source.uri.startswith((name + MEMBER, path + MEMBER))]
        found = found or [source for source in sources if source.uri.endswith(("/" + name, MEMBER + name))]
    if not found:
        raise NotFound(f"No source '{name}'. `loglens sources` lists them.")
    return found
