"""Finding the files that paths, folders and patterns stand for."""

from __future__ import annotations

import fnmatch
import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Skipped:
    """Something that was found and not read."""

    path: Path
    reason: str
    is_failure: bool = False


@dataclass
class Found:
    """The files to read, those among them that were named, what was left out, and what was named and does not exist."""

    files: list[Path] = field(default_factory=list)
    named: set[Path] = field(default_factory=set)
    skipped: list[Skipped] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Filter:
    """Which files of a folder are wanted, by patterns over their names and their paths below the folder."""

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    database: Path | None = None

    def refuses(self, path: Path, below: str) -> str | None:
        """Return why a file is not wanted, or None."""
        if self.database is not None and path.name.startswith(self.database.name):
            own = path.resolve().parent == self.database.resolve().parent
            if own and path.name.removeprefix(self.database.name) in ("", ".wal", ".tmp"):
                return "the database itself"
        if self.include and not _matches(self.include, path.name, below):
            return "not in --include"
        if _matches(self.exclude, path.name, below):
            return "in --exclude"
        return None


def _matches(patterns: Sequence[str], name: str, below: str) -> bool:
    return any(fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(below, pattern) for pattern in patterns)


def discover(paths: Sequence[str], wanted: Filter) -> Found:
    """List the files behind paths, folders (recursively) and glob patterns, each once, in a stable order."""
    found = Found()
    seen: dict[Path, Path] = {}
    for named in paths:
        if named == STANDARD_INPUT:
            continue
        # pathlib's glob refuses absolute patterns.
        matches = [named] if os.path.lexists(named) else sorted(glob.glob(named, recursive=True))  # noqa: PTH207
        if not matches:
            found.missing.append(named)
        for match in matches:
            for entry in _entries(Path(match), wanted):
                _sort_in(entry, found, seen, is_named=match == named and entry == Path(match))
    return found


def _sort_in(entry: Path | Skipped, found: Found, seen: dict[Path, Path], is_named: bool) -> None:
    if isinstance(entry, Skipped):
        found.skipped.append(entry)
        return
    real, path = entry.resolve(), Path(os.path.abspath(entry))  # noqa: PTH100 - keeps the name of a link
    if is_named:
        found.named.add(path)
    if real not in seen:
        seen[real] = path
        found.files.append(path)
    elif seen[real] != path:
        found.skipped.append(Skipped(entry, "read already, under another name"))


def _entries(path: Path, wanted: Filter) -> Iterator[Path | Skipped]:
    if os.path.isdir(path):  # noqa: PTH112 - no error where nobody may look
        yield from _walk(path, path, wanted)
        return
    if skipped := _unreadable(path, is_named=True):
        yield skipped
    else:
        reason = wanted.refuses(path, path.name)
        yield Skipped(path, reason) if reason else path


def _walk(folder: Path, top: Path, wanted: Filter) -> Iterator[Path | Skipped]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        yield Skipped(folder, f"cannot be listed: {error.strerror}", is_failure=True)
        return
    for entry in entries:
        if entry.name.startswith("."):
            yield Skipped(entry, "hidden")
        elif os.path.isdir(entry):  # noqa: PTH112 - as above
            if entry.is_symlink():
                yield Skipped(entry, "linked folder")
            else:
                yield from _walk(entry, top, wanted)
        elif skipped := _unreadable(entry, is_named=False):
            yield skipped
        else:
            reason = wanted.refuses(entry, entry.relative_to(top).as_posix())
            yield Skipped(entry, reason) if reason else entry


def _unreadable(path: Path, is_named: bool) -> Skipped | None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if os.path.islink(path):  # noqa: PTH114 - as above
            return Skipped(path, "a link to nothing", is_failure=is_named)
        return Skipped(path, f"cannot be read: {error.strerror}", is_failure=True)
    return None if stat.S_ISREG(mode) else Skipped(path, "not a regular file")
