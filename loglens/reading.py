"""Reading paths into a database that answers a question and goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from loglens import ingest
from loglens.api import Lens
from loglens.errors import IngestError
from loglens.settings import load_settings

if TYPE_CHECKING:
    from loglens.ingest.report import IngestReport


# So many files are named of those there was nothing to read in.
_NAMED = 5


@contextmanager
def reading(paths: Iterable[str | Path]) -> Iterator[tuple[Lens, IngestReport]]:
    """Read paths into a temporary database and give a Lens on it, with the report of the reading.

    Raises IngestError where nothing could be read.
    """
    from loglens.ingest.report import READ
    from loglens.store.store import temporary_store

    with temporary_store() as store:
        report = ingest(paths, store)
        if not report.having(*READ):
            raise IngestError(f"Nothing to read. {_reasons(report) or 'No log, trace or metric was found.'}")
        yield Lens(store, load_settings()), report


def _reasons(report: IngestReport) -> str:
    outcomes = report.having("failed") + report.having("skipped")
    named = [f"{outcome.path}: {outcome.note}" for outcome in outcomes[:_NAMED]]
    more = [f"and {len(outcomes) - _NAMED:,} more"] if len(outcomes) > _NAMED else []
    return "; ".join([*named, *more])
