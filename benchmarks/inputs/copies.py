"""A file several times over, plain or packed: `python -m benchmarks.inputs.copies OUT COPIES SOURCE`.

The name of OUT decides: .gz and .zst are packed once and written as so many members, which unpackers read as one.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from pathlib import Path


def packed(source: Path, target: Path) -> Path:
    """Pack a file the way the name of the target says and return the packed one; a plain one stays as it is."""
    member = target.with_suffix(target.suffix + ".member")
    if target.suffix == ".gz":
        with source.open("rb") as plain, gzip.open(member, "wb", compresslevel=1) as file:
            shutil.copyfileobj(plain, file, 1 << 20)
    elif target.suffix == ".zst":
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        with source.open("rb") as plain, zstd.open(member, "wb") as file:
            shutil.copyfileobj(plain, file, 1 << 20)
    else:
        return source
    return member


def write_copies(target: Path, copies: int, source: Path) -> None:
    """Write the file that often, one after another."""
    member = packed(source, target)
    with target.open("wb") as file:
        for _ in range(copies):
            with member.open("rb") as part:
                shutil.copyfileobj(part, file, 1 << 20)
    if member != source:
        member.unlink()


if __name__ == "__main__":
    write_copies(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
