"""Point it at a folder of logs and traces: what is slow, what broke, and why, from one DuckDB file.

>>> import loglens
>>> lens = loglens.open("loglens.duckdb")  # doctest: +SKIP
>>> lens.slow(quantile=0.99).polars()  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

# The function below shares its name with this package; a package already imported no longer takes the name over.
import loglens.ingest  # noqa: F401
from loglens.errors import IngestError, LoglensError, NotFound, StoreError, StoreLocked, StoreTooNew, UsageError

if TYPE_CHECKING:
    from loglens.api import Lens
    from loglens.ingest.report import IngestReport

__version__ = "0.1.0"

__all__ = [
    "IngestError",
    "LoglensError",
    "NotFound",
    "StoreError",
    "StoreLocked",
    "StoreTooNew",
    "UsageError",
    "ingest",
    "open",
]


def open(path: str | Path | None = None) -> Lens:
    """Return a Lens on a database; the default is LOGLENS_DB, the `db` of the settings, or loglens.duckdb.

    Raises NotFound where there is no such file.
    """
    from loglens.api import open_lens

    return open_lens(path)


def ingest(
    paths: str | Path | Iterable[str | Path],
    db: str | Path | None = None,
    *,
    again: bool = False,
    format: str | None = None,
    duration_unit: str | None = None,
) -> IngestReport:
    """Read files, folders and globs into a database and return what became of each; again adds only what is new.

    `again` replaces what was read before, `format` names the format instead of looking at the content, and
    `duration_unit` (ns, us, ms or s) is that of durations whose key names none.
    """
    from loglens.reading import ingest_paths

    return ingest_paths(paths, db, again=again, format=format, duration_unit=duration_unit)
