"""What a call is when its parameters are left out: the shape by which calls are grouped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import xxhash


@dataclass(frozen=True)
class Shape:
    """The shape of one call.

    `text` is its normal form, `operation` the verb and `target` the table, key pattern or collection, where there is
    one. `has_hidden` says that some parameters are placeholders, so that equal texts need not be equal calls. `items`
    is the longest list of rows or values in the call: what it does at once. `is_paging` says that it asks for the next
    page of something; `is_truncated`, that its end is missing. `tags` are what comments say about the caller.
    """

    text: str
    operation: str | None = None
    target: str | None = None
    has_hidden: bool = False
    items: int = 1
    is_paging: bool = False
    is_truncated: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


def shape_id(kind: str, text: str) -> int:
    """Return the number of a shape, an unsigned 64-bit integer: the same in every store, on every machine."""
    return xxhash.xxh3_64_intdigest(f"{kind}\0{text}".encode())
