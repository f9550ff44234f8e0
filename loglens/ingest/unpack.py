"""Unpacking gzip, zstd, bz2 and xz streams, member after member, keeping whatever came before damage."""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

if sys.version_info >= (3, 14):  # pragma: no cover
    from compression import zstd
else:
    from backports import zstd

INPUT_BYTES = 256 << 10
# No log packs this well; what does is meant to fill a disk. Small files of one repeated line may.
MAX_RATIO = 1000
RATIO_FLOOR_BYTES = 256 << 20


class Decoder(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool:
        """True when the member has ended."""
        ...

    @property
    def needs_input(self) -> bool:
        """True when nothing handed in is left to unpack."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What came after the end of the member."""
        ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Unpack what is left and `data`, up to `max_length` bytes."""
        ...


class GzipDecoder:
    """zlib's gzip decoder with the surface of its siblings."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        """True when the member has ended."""
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        """True when nothing handed in is left to unpack."""
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """What came after the end of the member."""
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Unpack what is left and `data`, up to `max_length` bytes."""
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max(max_length, 0))


PACKINGS: tuple[tuple[str, bytes, Callable[[], Decoder]], ...] = (
    ("gzip", b"\x1f\x8b\x08", GzipDecoder),
    ("zstd", b"\x28\xb5\x2f\xfd", zstd.ZstdDecompressor),
    ("bz2", b"BZh", bz2.BZ2Decompressor),
    ("xz", b"\xfd7zXZ\x00", lzma.LZMADecompressor),
)

DAMAGE = (zlib.error, OSError, EOFError, lzma.LZMAError, zstd.ZstdError)


class Unpacker:
    """The unpacked bytes of a file; `failure` says what went wrong when it ended early."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.failure: str | None = None
        magic = file.read(6)
        file.seek(0)
        self.packing: str | None = None
        self._make: Callable[[], Decoder] | None = None
        for name, start, make in PACKINGS:
            if magic.startswith(start):
                self.packing, self._make = name, make
        self._decoder = self._make() if self._make else None
        self._input = b""
        self._unpacked_bytes = 0
        self._ended = False

    def read(self, limit: int) -> bytes:
        """Return the next bytes, at most `limit`, and none at the end."""
        if self._decoder is None:
            return self._file.read(limit)
        while not self._ended:
            try:
                if unpacked := self._step(limit):
                    self._unpacked_bytes += len(unpacked)
                    if self._unpacked_bytes > max(RATIO_FLOOR_BYTES, MAX_RATIO * self._file.tell()):
                        self._end(f"unpacks to more than {MAX_RATIO:,} times its size; read up to there")
                    return unpacked
            except DAMAGE as error:
                self._end(f"damaged {self.packing} data: {error}")
        return b""

    def _step(self, limit: int) -> bytes:
        assert self._decoder is not None
        assert self._make is not None
        if self._decoder.eof:
            self._input = self._after_padding(self._decoder.unused_data + self._input)
            if not self._input:
                self._end(None)
                return b""
            self._decoder = self._make()
        if not self._input and self._decoder.needs_input:
            self._input = self._file.read(INPUT_BYTES)
        given, self._input = self._input, b""
        unpacked = self._decoder.decompress(given, limit)
        if not unpacked and not given and not self._decoder.eof:
            self._end(f"truncated {self.packing} data")
        return unpacked

    def _after_padding(self, ahead: bytes) -> bytes:
        """Return what follows the zeros that tapes and block devices pad members with."""
        while not (ahead := ahead.lstrip(b"\0")):
            ahead = self._file.read(INPUT_BYTES)
            if not ahead:
                return b""
        return ahead

    def _end(self, failure: str | None) -> None:
        self.failure = failure
        self._ended = True
