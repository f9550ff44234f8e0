"""What there is to read: a file, standard input, or a member of an archive."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# Between the path of an archive and the name of a member: `bundle.zip!logs/app.log`.
MEMBER = "!"


@dataclass(frozen=True)
class Job:
    """One content to read: where it is, what it is called in the ledger, and the file that tells whether it changed.

    `origin` is the file itself, or for a member the archive it was taken out of. `is_named` says that the file was
    named itself, and not found in a folder or by a pattern.
    """

    path: Path
    uri: str
    origin: Path
    is_named: bool = False


def uri_of(name: str | Path) -> str:
    """Return what a path is called in the ledger: itself, with bytes that are no UTF-8 written as \\xNN."""
    return os.fsencode(name).decode(errors="backslashreplace")


def stored_at(uri: str) -> Path:
    """Return the file a source lies in: its own, or the archive it is a member of."""
    path = Path(uri)
    if MEMBER not in uri or path.exists():
        return path
    parts = uri.split(MEMBER)
    known = (Path(MEMBER.join(parts[:end])) for end in range(1, len(parts)))
    return next((each for each in known if each.is_file()), path)
