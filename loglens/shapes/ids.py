"""Ids inside keys, names and destinations: what differs from one call to the next, as `{id}`."""

from __future__ import annotations

import re

# A UUID; a run of letters and digits with two digits or of twenty characters; a digit that stands alone. In the syntax
# that Python's `re` and RE2 share. `v1`, `s3` and `oauth2` are words.
IDS = (
    r"[_-]?(?:\b|_)[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"
    r"|[_-]?[0-9A-Za-z]*[0-9][A-Za-z]*[0-9][0-9A-Za-z]*"
    r"|[_-]?[0-9A-Za-z]{20,}"
    r"|[_-]?\b[0-9]\b|_[0-9]\b"
)
_IDS = re.compile(IDS, re.ASCII)


def mask_ids(text: str) -> str:
    """Return a text with its ids as `{id}`; `user_17` and `user-4` are both `user{id}`."""
    return _IDS.sub("{id}", text)
