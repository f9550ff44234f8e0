"""Encodings other than UTF-8: UTF-16 by its byte order mark, Latin-1 for what is not UTF-8."""

from __future__ import annotations

import codecs
from typing import Protocol

import numpy as np

from loglens.ingest.lines import Flags, Lines

UTF_16_MARKS = {codecs.BOM_UTF16_LE: "UTF-16 little-endian", codecs.BOM_UTF16_BE: "UTF-16 big-endian"}


def _windows(byte: int) -> str:
    """Return the character that Windows has where Latin-1 has control characters."""
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


_WINDOWS = {byte: _windows(byte) for byte in range(0x80, 0xA0)}


class Readable(Protocol):
    """Where bytes come from."""

    def read(self, limit: int) -> bytes:
        """Return the next bytes, at most `limit`, and none at the end."""
        ...


class Utf8Reader:
    """Bytes as UTF-8: as they are, or decoded where they begin with a mark of UTF-16; `encoding` names that."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._ahead = b""
        while len(self._ahead) < 2 and (more := source.read(2 - len(self._ahead))):
            self._ahead += more
        self.encoding = UTF_16_MARKS.get(self._ahead, "")
        self._decoder = codecs.getincrementaldecoder("utf-16")(errors="replace") if self.encoding else None
        if self._decoder is not None:
            self._ahead = self._decoder.decode(self._ahead).encode()

    def read(self, limit: int) -> bytes:
        """Return the next bytes, at most `limit`, and none at the end."""
        if self._decoder is None and not self._ahead:
            return self._source.read(limit)
        while len(self._ahead) < limit and (more := self._more(limit - len(self._ahead))):
            self._ahead += more
        block, self._ahead = self._ahead[:limit], self._ahead[limit:]
        return block

    def _more(self, limit: int) -> bytes:
        if self._decoder is None:
            return self._source.read(limit)
        while block := self._source.read(limit):
            if text := self._decoder.decode(block):
                return text.encode()
        return self._decoder.decode(b"", final=True).encode()


def latin_1(raw: bytes) -> str:
    """Read bytes as Latin-1, with the characters that Windows has where Latin-1 has control characters."""
    return raw.decode("latin-1").translate(_WINDOWS)


def without_half_character(last_line: bytes) -> bytes:
    """Return a last line that ends within a character of UTF-8 with its bytes as \\xNN; any other one as it is.

    It is no Latin-1: the rest of the character may still be written.
    """
    try:
        last_line.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return last_line.decode(errors="backslashreplace").encode()
    return last_line


def with_latin_1(lines: Lines, broken: Flags) -> Lines:
    """Return lines in which the broken ones, those that are not UTF-8, are read as Latin-1."""
    if not broken.any():
        return lines
    skip = int(lines.starts[0])
    pieces: list[bytes] = []
    end = 0
    for i in np.flatnonzero(broken):
        pieces += [
            lines.whole[end : lines.starts[i]],
            latin_1(lines.raw(int(i))).encode(),
        ]
        end = int(lines.ends[i])
    return Lines.of(b"".join([*pieces, lines.whole[end:]]), skip)
