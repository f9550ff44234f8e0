"""The unpacked content of one source: read once, in order, hashed on the way."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

import xxhash

from loglens.ingest.encoding import Utf8Reader
from loglens.ingest.unpack import Unpacker

BLOCK_BYTES = 4 << 20
HEAD_BYTES = 4096


@dataclass(frozen=True)
class FileState:
    """What tells that a file is the one seen before without reading it."""

    stored_bytes: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, file: BinaryIO | Path) -> FileState:
        """Read the state of an open file or a path."""
        status = file.stat() if isinstance(file, Path) else os.fstat(file.fileno())
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


class Content:
    """A file being read: `position` and `digest` are those of the bytes handed out so far.

    `origin` is the file whose state tells of a change, where that is another: the archive this one was in.
    """

    def __init__(self, path: Path, origin: Path | None = None) -> None:
        self._origin = origin or path
        # Blocks are read whole, so a buffer in between would only copy them.
        self._file = cast("BinaryIO", path.open("rb", buffering=0))
        self.state = FileState.of(self._file if self._origin == path else self._origin)
        self._restart()

    def _restart(self) -> None:
        self._file.seek(0)
        self._unpacker = Unpacker(self._file)
        self._reader = Utf8Reader(self._unpacker)
        self._ahead = b""
        self._hash = xxhash.xxh3_128()
        self._head = b""
        self.position = 0

    @property
    def digest(self) -> str:
        """XXH3-128 of everything handed out."""
        return self._hash.hexdigest()

    def hasher(self) -> xxhash.xxh3_128:
        """Copy the hash of everything handed out, to go on from here."""
        return self._hash.copy()

    @property
    def head(self) -> bytes:
        """The first bytes handed out, at most HEAD_BYTES."""
        return self._head

    @property
    def encoding(self) -> str:
        """The encoding it is stored in, where it is not UTF-8; what is handed out is."""
        return self._reader.encoding

    @property
    def failure(self) -> str | None:
        """Why the content ended before its end, if it did."""
        return self._unpacker.failure

    @property
    def stored_position(self) -> int:
        """How far the file itself has been read, for progress."""
        return self._file.tell()

    def peek(self, size: int) -> bytes:
        """Return the next bytes, at most `size`, without handing them out."""
        pieces, have = [self._ahead], len(self._ahead)
        while have < size and (more := self._reader.read(size - have)):
            pieces.append(more)
            have += len(more)
        self._ahead = b"".join(pieces)
        return self._ahead[:size]

    def read(self, limit: int = BLOCK_BYTES) -> bytes:
        """Hand out the next bytes, at most `limit`, and none at the end."""
        if self._ahead:
            block, self._ahead = self._ahead[:limit], self._ahead[limit:]
        else:
            block = self._reader.read(limit)
        self._hash.update(block)
        self.position += len(block)
        if len(self._head) < HEAD_BYTES:
            self._head += block[: HEAD_BYTES - len(self._head)]
        return block

    def advance_to(self, position: int) -> bool:
        """Hand out bytes up to a position, again from the start if it has been passed; False if the end comes first."""
        if position < self.position:
            self._restart()
        while self.position < position:
            if not self.read(min(BLOCK_BYTES, position - self.position)):
                return False
        return True

    def changed_while_read(self) -> str | None:
        """Say how the path stopped being what was read, if it did; growing is not a change."""
        try:
            now = FileState.of(self._origin)
        except FileNotFoundError:
            return "it was removed while it was read"
        if now.inode != self.state.inode:
            return "it was replaced while it was read"
        if now.stored_bytes < self.state.stored_bytes:
            return "it was truncated while it was read"
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
