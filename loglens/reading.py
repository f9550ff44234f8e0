"""Reading paths: into a database that stays, or into one that answers a question and goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from loglens.api import Lens
from loglens.errors import IngestError
from loglens.settings import load_settings

if TYPE_CHECKING:
    from loglens.ingest.report import IngestReport


def ingest_paths(
    paths: str | Path | Iterable[str | Path],
    db: str | Path | None = None,
    *,
    again: bool = False,
    format: str | None = None,
    duration_unit: str | None = None,
) -> IngestReport:
    """Read paths into a database and return the report; running it again adds only what is new."""
    from loglens.ingest.reader import ReadOptions
    from loglens.ingest.run import IngestRequest, ingest

    named = [paths] if isinstance(paths, (str, Path)) else paths
    database = Path(db or load_settings().db)
    options = ReadOptions(format, duration_unit)
    return ingest(IngestRequest([str(path) for path in named], database, options, again=again))


@contextmanager
def reading(paths: Iterable[str | Path]) -> Iterator[tuple[Lens, IngestReport]]:
    """Read paths into a temporary database and give a Lens on it, with the report of the reading.

    Raises IngestError where nothing could be read.
    """
    from loglens.store.store import temporary_store

    with temporary_store() as store:
        report = ingest_paths(paths, store)
        if not store.exists():
            reasons = [f"{outcome.path}: {outcome.note}" for outcome in report.outcomes]
            raise IngestError("Nothing to read. " + "; ".join(reasons))
        yield Lens(store, load_settings()), report
