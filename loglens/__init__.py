"""Point it at a folder of logs and traces: what is slow, what broke, and why, from one DuckDB file.

>>> import loglens
>>> lens = loglens.open("loglens.duckdb")  # doctest: +SKIP
>>> lens.slow(quantile=0.99).polars()  # doctest: +SKIP
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from loglens.errors import IngestError, LoglensError, NotFound, StoreError, StoreLocked, StoreTooNew, UsageError

if TYPE_CHECKING:
    from loglens.api import Lens
    from loglens.ingest import Ingest

    # The package itself is what is called; a type checker takes it for a mere module.
    ingest: Ingest
else:
    from loglens import ingest

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
