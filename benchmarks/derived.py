"""Derivations of a copy of a store: `python -m benchmarks.derived STORE OUT [NAME...]`, all of them or those named."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import duckdb

from loglens.derive import ALL
from loglens.deriving import derive, needed


def derive_copy(store: Path, out: Path, names: list[str]) -> None:
    """Copy a store, derive the copy from nothing, and print how many spans it has."""
    shutil.copyfile(store, out)
    derive(out, needed(names) if names else ALL, again=True)
    with duckdb.connect(out, read_only=True) as connection:
        print(*connection.execute("SELECT count(*) FROM spans").fetchall()[0])


if __name__ == "__main__":
    derive_copy(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
