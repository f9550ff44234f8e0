"""Where data goes: stdout, or a file that appears whole."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from loglens.answer import Answer, Drawn
from loglens.cli.console import PipeClosed, say, silence_stdout
from loglens.errors import LoglensError, NotFound
from loglens.reports import ALL, Page, Renderer

# Pieces are gathered to this many characters before they are written.
_BLOCK = 1 << 16


def choose(name: str | None, target: Path | None, drawings: Sequence[Drawn] = ()) -> Renderer | Drawn:
    """Return the renderer or drawing of a name; without a name what the suffix of the file asks for, or the table."""
    offered: list[Renderer | Drawn] = [*ALL, *drawings]
    if name is not None:
        return next(each for each in offered if each.name == name)
    suffix = target.suffix.lower() if target else ""
    return next((each for each in offered if suffix in each.suffixes), ALL[0])


def deliver(answer: Answer, chosen: Renderer | Drawn, target: Path | None) -> None:
    """Write an answer to stdout or a file, and say on stderr what is not in it."""
    page = make_page(target)
    pieces = chosen.text() if isinstance(chosen, Drawn) else chosen.render(answer, page)
    if target is None:
        write_out(pieces)
    else:
        with _opened(target) as file:
            _copy(pieces, file)
    for note in (*page.notes, *answer.notes):
        say(note)
    if answer.left_out:
        say(f"{answer.left_out:,} more row{'' if answer.left_out == 1 else 's'}; --limit 0 gives all.")


def make_page(target: Path | None) -> Page:
    """Return the page that stdout is: as wide as the terminal, or as COLUMNS says, or else without limit."""
    if target is None and sys.stdout is not None and sys.stdout.isatty():
        colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        return Page(shutil.get_terminal_size().columns, colour, is_terminal=True)
    columns = os.environ.get("COLUMNS", "")
    return Page(int(columns) if columns.isdecimal() and int(columns) else None)


def write_out(pieces: Iterable[str]) -> None:
    """Write text to stdout as UTF-8. Raises PipeClosed where nobody reads it any more."""
    if sys.stdout is None:
        raise LoglensError("Standard output is closed.")
    try:
        _copy(pieces, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError as error:
        raise PipeClosed from error
    except OSError as error:
        silence_stdout()
        raise LoglensError(f"Cannot write to standard output: {error.strerror}.") from error


def _copy(pieces: Iterable[str], file: BinaryIO) -> None:
    gathered: list[str] = []
    size = 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= _BLOCK:
            file.write("".join(gathered).encode("utf-8", "backslashreplace"))
            gathered.clear()
            size = 0
    file.write("".join(gathered).encode("utf-8", "backslashreplace"))


@contextmanager
def _opened(target: Path) -> Iterator[BinaryIO]:
    """Give a file that takes the place of `target` when all is written; pipes and devices are written directly."""
    try:
        path = target.resolve()
        if path.is_dir():
            raise NotFound(f"Cannot write {target}: it is a folder.")
        if not path.parent.is_dir():
            raise NotFound(f"Cannot write {target}: there is no folder {target.parent}.")
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
        else:
            with _replacing(path) as file:
                yield file
    except OSError as error:
        raise LoglensError(f"Cannot write {target}: {error.strerror}.") from error


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
