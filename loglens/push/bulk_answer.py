"""Answers to bulk requests in which nothing went wrong: they are counted, and only the others are read as JSON."""

from __future__ import annotations

# How an answer begins in which no item failed, when only the status of each item is asked for.
CLEAN = b'{"errors":false,"items":['
_END = b"]}"
_CREATED = (b'{"create":{"status":201}}', b'{"index":{"status":201}}')
_UPDATED = (b'{"index":{"status":200}}', b'{"delete":{"status":200}}')


def count_clean(answer: bytes, number: int) -> tuple[int, int] | None:
    """Return how many of a number of items are new and how many have changed; None where the answer says more."""
    created, updated = ([answer.count(item) for item in kind] for kind in (_CREATED, _UPDATED))
    counts = (*created, *updated)
    items_bytes = sum(len(item) * count for item, count in zip((*_CREATED, *_UPDATED), counts, strict=True))
    # With the commas between them the items are all there is, so that nothing else stands beside them.
    is_whole = answer.startswith(CLEAN) and len(answer) == len(CLEAN) + items_bytes + number - 1 + len(_END)
    return (sum(created), sum(updated)) if is_whole and sum(counts) == number else None
