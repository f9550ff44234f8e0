"""Trace ids as people type them: the beginning is enough where it is the beginning of one."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.errors import NotFound, UsageError

# Trace ids that are listed where a prefix fits several; a statement asks for one more, to know whether there are more.
_LISTED = 5


def one_trace(asked: str, known: Sequence[str]) -> str:
    """Return the trace id that was asked for, of those known that begin so, in order.

    Raises NotFound where there is none, UsageError where there are several and none is just this.
    """
    ids = [trace_id for trace_id in known if trace_id.startswith(asked.lower())]
    if asked.lower() in ids:
        return asked.lower()
    if not ids:
        raise NotFound(f"No trace {asked!r}. `loglens traces` lists them.")
    if len(ids) > 1:
        listed = ", ".join(ids[:_LISTED]) + (", …" if len(ids) > _LISTED else "")
        raise UsageError(f"{asked!r} begins more than one trace id: {listed}.")
    return ids[0]
