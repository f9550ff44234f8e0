"""Texts of spans that a type accounts for, byte by byte.

A text is read by type only if it is as long as the same values written anew in the shortest way: then nothing stands
in it that the type does not see, such as white space, a key that is there twice, or a number that is not kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from loglens.ingest.formats.span_pieces import Usual

# Microseconds whose nanoseconds are a BIGINT, and integers that a double holds.
Microseconds = Annotated[int, msgspec.Meta(ge=0, le=9 * 10**15)]
Integer = Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15)]
Text = str | None | UnsetType

encode = msgspec.json.Encoder().encode


class Typed(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """What is read by type; a member that is absent is UNSET, so that it is written as it was."""


T = TypeVar("T")


def read(decoder: msgspec.json.Decoder[T], text: bytes | msgspec.Raw) -> T | None:
    """Read a text by type, None where the type does not account for all of it."""
    try:
        found = decoder.decode(text)
    except (ValueError, RecursionError):
        return None
    return found if len(encode(found)) == memoryview(text).nbytes else None


def all_usual(spans: Iterable[Usual | None]) -> list[Usual] | None:
    """Return spans that were read, None where one could not be, or where there are none."""
    found = []
    for span in spans:
        if span is None:
            return None
        found.append(span)
    return found or None


def has_escape(text: bytes | msgspec.Raw) -> bool:
    """Say whether a text has a character by its number, which can be written in two ways that are equally long."""
    content = bytes(text)
    # The backslash alone is found several times as fast.
    return b"\\" in content and b"\\u" in content


def given(text: Text) -> str | None:
    """Return a text, None where it is absent."""
    return None if text is UNSET else text
