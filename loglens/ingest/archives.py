"""Archives: the members of tar and zip files, packed or not, one after another, each as a file of its own."""

from __future__ import annotations

import errno
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from loglens.ingest.discover import Filter
from loglens.ingest.job import MEMBER, Job, uri_of
from loglens.ingest.report import Outcome
from loglens.ingest.unpack import MAX_RATIO, RATIO_FLOOR_BYTES, Unpacker

Kind = Literal["tar", "zip"]

# Archives within archives are opened down to this depth.
DEEPEST = 3
# What only documents and programs hold that are zip files inside.
NO_LOGS = {
    "META-INF/MANIFEST.MF": "a Java archive",
    "[Content_Types].xml": "an office document",
    "mimetype": "an office document",
}
_BLOCK = tarfile.BLOCKSIZE


def kind_of(path: Path) -> Kind | None:
    """Say by its content whether a file is an archive, packed or not."""
    try:
        with path.open("rb", buffering=0) as file:
            if file.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):
                return "zip"
            file.seek(0)
            unpacker, head = Unpacker(file), b""
            while len(head) < _BLOCK and (more := unpacker.read(_BLOCK - len(head))):
                head += more
    except OSError:
        return None
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return None
    return "tar"


@dataclass(frozen=True)
class Opened:
    """How archives of one run are opened: which members are wanted, and which need not be taken out again."""

    wanted: Filter
    is_known: Callable[[str, Path], bool]


def members(job: Job, opened: Opened, depth: int = 1) -> Iterator[Job | Outcome]:
    """Yield the members of an archive, each in a file that is gone with the next; what is not read, as an outcome.

    A file that is no archive is yielded as it is.
    """
    kind = kind_of(job.path) if depth <= DEEPEST else None
    if kind is None:
        yield job
        return
    listed = _zip_members(job, opened) if kind == "zip" else _tar_members(job, opened)
    try:
        for member in listed:
            if isinstance(member, Job):
                yield from members(member, opened, depth + 1)
            else:
                yield member
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        yield Outcome(job.uri, "failed", note=f"damaged {kind} archive, what came before is in: {error}")


def _zip_members(job: Job, opened: Opened) -> Iterator[Job | Outcome]:
    with zipfile.ZipFile(job.path) as archive:
        names = set(archive.namelist())
        if reason := next((reason for name, reason in NO_LOGS.items() if name in names), None):
            yield Outcome(job.uri, "skipped", note=reason)
            return
        for info in archive.infolist():
            if info.is_dir():
                continue
            uri = uri_of(f"{job.uri}{MEMBER}{info.filename}")
            reason = _refused(info.filename, info.file_size, info.compress_size, opened)
            if reason or opened.is_known(uri, job.origin):
                yield Outcome(uri, "skipped", note=reason) if reason else Outcome(uri, "unchanged")
                continue
            try:
                with archive.open(info) as content, _taken_out(content, info.file_size) as path:
                    yield Job(path, uri, job.origin)
            except (RuntimeError, NotImplementedError, OSError) as error:
                yield _not_taken_out(uri, error)


def _tar_members(job: Job, opened: Opened) -> Iterator[Job | Outcome]:
    with job.path.open("rb", buffering=0) as file:
        unpacker = Unpacker(file)
        with tarfile.open(fileobj=cast("IO[bytes]", _Stream(unpacker)), mode="r|") as archive:
            for info in archive:
                if info.isdir():
                    continue
                uri = uri_of(f"{job.uri}{MEMBER}{info.name}")
                reason = "not a regular file" if not info.isreg() else _refused(info.name, info.size, None, opened)
                if reason or opened.is_known(uri, job.origin):
                    yield Outcome(uri, "skipped", note=reason) if reason else Outcome(uri, "unchanged")
                    continue
                content = archive.extractfile(info)
                assert content is not None
                try:
                    with content, _taken_out(content, info.size) as path:
                        yield Job(path, uri, job.origin)
                except OSError as error:
                    yield _not_taken_out(uri, error)
        if unpacker.failure:
            raise tarfile.ReadError(unpacker.failure)


def _not_taken_out(uri: str, error: Exception) -> Outcome:
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        reason = f"{tempfile.gettempdir()} has no room for it ({error.strerror}); TMPDIR names another folder"
        return Outcome(uri, "failed", note=reason)
    return Outcome(uri, "failed", note=f"cannot be taken out: {error}")


class _Stream:
    """What tarfile asks of a stream, over an unpacker."""

    def __init__(self, unpacker: Unpacker) -> None:
        self._unpacker = unpacker

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes, and none at the end."""
        return self._unpacker.read(size)


def _refused(name: str, size: int, packed: int | None, opened: Opened) -> str | None:
    """Return why a member is not taken out, or None."""
    below = name.removeprefix("./")
    if any(part.startswith(".") and part != ".." for part in Path(below).parts):
        return "hidden"
    if packed is not None and size > RATIO_FLOOR_BYTES and size > MAX_RATIO * packed:
        return f"unpacks to more than {MAX_RATIO:,} times its size; take it out by hand if it is meant to"
    return opened.wanted.refuses(Path(below), below)


@contextmanager
def _taken_out(content: IO[bytes], size: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="loglens-") as folder:
        free = shutil.disk_usage(folder).free
        if size > free:
            raise OSError(errno.ENOSPC, f"{size >> 20:,} MiB needed, {free >> 20:,} MiB free")
        path = Path(folder) / "member"
        with path.open("wb") as file:
            shutil.copyfileobj(content, file, 4 << 20)
        yield path
