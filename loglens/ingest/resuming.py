"""Whether a file that has grown can be read on from where its last whole piece ended."""

from __future__ import annotations

from loglens.store.ledger import Removed, Source


def is_countable(resume: Source, removed: Removed) -> bool:
    """Say whether the counts up to lines_done follow from what was removed behind it."""
    open_lines = resume.lines - resume.lines_done
    if open_lines == 0:
        return True
    if resume.unread:
        return False
    if resume.shape in ("document", "messages"):
        return removed.rejects == 1 and removed.reject_lines == open_lines and removed.records == 0
    return (open_record_lines(resume, removed) > 0) == (removed.records > 0)


def open_record_lines(resume: Source, removed: Removed) -> int:
    """Return how many lines of records stood behind lines_done."""
    return resume.lines - resume.lines_done - resume.open_blank_lines - removed.reject_lines
