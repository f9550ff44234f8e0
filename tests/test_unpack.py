"""Packed files: every member is read, and damage costs only what comes after it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loglens.ingest.content import Content
from loglens.ingest.unpack import PACKINGS

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}
TEXT = random.Random(3).randbytes(1000) * 700 + b"end of the first member\n"


def read_all(path: Path, limit: int) -> tuple[bytes, str | None]:
    with Content(path) as content:
        blocks = []
        while block := content.read(limit):
            assert len(block) <= limit
            blocks.append(block)
        return b"".join(blocks), content.failure


def test_every_packing_has_a_case() -> None:
    assert {name for name, _, _ in PACKINGS} == set(PACK)


@pytest.mark.parametrize("name", PACK)
@pytest.mark.parametrize("limit", [777, 100_000, 4 << 20])
def test_concatenated_members_are_read_to_the_end(name: str, limit: int, tmp_path: Path) -> None:
    path = tmp_path / "packed"
    path.write_bytes(PACK[name](TEXT) + PACK[name](b"") + PACK[name](b"second\n"))
    assert read_all(path, limit) == (TEXT + b"second\n", None)


@pytest.mark.parametrize("name", PACK)
def test_a_truncated_file_gives_what_it_holds_and_says_so(name: str, tmp_path: Path) -> None:
    path = tmp_path / "packed"
    path.write_bytes(PACK[name](TEXT)[:-3])
    unpacked, failure = read_all(path, 50_000)
    assert TEXT.startswith(unpacked)
    assert len(unpacked) > len(TEXT) - 200_000
    assert failure == f"truncated {name} data"


@pytest.mark.parametrize("name", PACK)
def test_garbage_after_the_last_member_is_damage(name: str, tmp_path: Path) -> None:
    path = tmp_path / "packed"
    path.write_bytes(PACK[name](TEXT) + b"no member starts like this")
    unpacked, failure = read_all(path, 1 << 20)
    assert unpacked == TEXT
    assert failure is not None
    assert failure.startswith(f"damaged {name} data")


@pytest.mark.parametrize("name", PACK)
def test_zero_padding_is_no_damage(name: str, tmp_path: Path) -> None:
    path = tmp_path / "packed"
    path.write_bytes(PACK[name](TEXT) + b"\0" * 600_000)
    assert read_all(path, 1 << 20) == (TEXT, None)


def test_the_identity_is_that_of_the_unpacked_content(tmp_path: Path) -> None:
    digests = set()
    for name, pack in {"plain": bytes, **PACK}.items():
        path = tmp_path / name
        path.write_bytes(pack(TEXT))
        with Content(path) as content:
            assert content.advance_to(len(TEXT))
            digests.add(content.digest)
    assert len(digests) == 1


def test_peeking_hands_nothing_out_and_advancing_back_starts_again(tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.write_bytes(b"0123456789")
    with Content(path) as content:
        assert content.peek(4) == b"0123"
        assert content.position == 0
        assert content.read(3) == b"012"
        assert content.advance_to(8)
        assert not content.advance_to(11)
        assert content.advance_to(2)
        assert content.read() == b"23456789"
