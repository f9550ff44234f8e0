"""Recognising a content that was read before: unchanged, grown, renamed, or the same under a second path.

A source is known by the hash of its unpacked content up to the last complete line (`done_id` at `bytes_done`), so
neither its path, nor its compression, nor lines added since hide it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import xxhash

from loglens.ingest.content import HEAD_BYTES, Content, FileState
from loglens.ingest.job import stored_at
from loglens.store.ledger import Source

Kind = Literal["new", "unchanged", "grown"]


@dataclass(frozen=True)
class Verdict:
    """What a content is to the ledger: `source` is the one it continues, `twin` one with the same content elsewhere."""

    kind: Kind
    source: Source | None = None
    twin: Source | None = None


def seen_unread(uri: str, state: FileState, sources: Sequence[Source]) -> Source | None:
    """Return the source of this name, where size, time and inode of its file say that nothing changed since."""
    for source in sources:
        if source.uri == uri and source.state == "complete":
            before = (source.stored_bytes, source.mtime_ns, source.inode)
            if before == (state.stored_bytes, state.mtime_ns, state.inode):
                return source
    return None


def recognise(content: Content, uri: str, sources: Sequence[Source]) -> Verdict:
    """Compare a content with the ledger, reading as much of it as needed; it may have to be rewound after."""
    best = _longest_match(content, uri, _candidates(content, uri, sources))
    if best is None:
        return Verdict("new")
    whole = _holds_all_of(content, best)
    if best.uri != uri and _still_stands(best):
        return Verdict("new", twin=best if whole and not content.peek(1) else None)
    if whole and not content.peek(1) and content.failure is None and best.state == "complete":
        return Verdict("unchanged", best)
    return Verdict("grown", best)


def _candidates(content: Content, uri: str, sources: Sequence[Source]) -> list[Source]:
    head = content.peek(HEAD_BYTES)
    ids = {size: xxhash.xxh3_128_hexdigest(head[:size]) for size in {source.head_bytes for source in sources}}
    return [
        source
        for source in sources
        if source.head_id == ids[source.head_bytes] and (source.head_bytes > 0 or source.uri == uri)
    ]


def _longest_match(content: Content, uri: str, candidates: Iterable[Source]) -> Source | None:
    """Return the source the content begins with: that of the same path first, else the one that reaches furthest."""
    best: Source | None = None
    for source in sorted(candidates, key=lambda source: (source.bytes_done, source.content_bytes, source.source_id)):
        if not content.advance_to(source.bytes_done):
            break
        matches = content.digest == source.done_id and (source.bytes_done > 0 or _holds_all_of(content, source))
        if matches and (best is None or best.uri != uri or source.uri == uri):
            best = source
    return best


def _holds_all_of(content: Content, source: Source) -> bool:
    return content.advance_to(source.content_bytes) and content.digest == source.content_id


def _still_stands(source: Source) -> bool:
    """Say whether the path of a source still holds its content."""
    path = stored_at(source.uri)
    try:
        state = FileState.of(path)
        if (state.stored_bytes, state.mtime_ns, state.inode) == (source.stored_bytes, source.mtime_ns, source.inode):
            return True
        with Content(path) as content:
            return content.advance_to(source.bytes_done) and content.digest == source.done_id
    except OSError:
        return False
