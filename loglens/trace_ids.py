"""Ids as people type them: the beginning is enough where it is the beginning of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loglens.errors import NotFound, UsageError
from loglens.scope import told_limits

# Ids that are listed where a prefix fits several; a statement asks for one more, to know whether there are more.
_LISTED = 5


def one_id(noun: str, asked: str, known: Sequence[str], scope: Mapping[str, Any]) -> str:
    """Return the id of a trace, a template or an error that was asked for, of those known that begin so, in order.

    `scope` are the binds of the time and service that were asked for.

    Raises NotFound where there is none, UsageError where there are several and none is just this.
    """
    ids = [each for each in known if each.startswith(asked.lower())]
    if asked.lower() in ids:
        return asked.lower()
    if not ids:
        raise NotFound(f"No {noun} {asked!r}{told_limits(scope)}. `loglens {noun}s` lists them.")
    if len(ids) > 1:
        listed = ", ".join(ids[:_LISTED]) + (", …" if len(ids) > _LISTED else "")
        raise UsageError(f"{asked!r} begins more than one {noun} id: {listed}.")
    return ids[0]
