"""From files to rows: formats, exactly-once reading, and the books that prove it.

The package can be called: `loglens.ingest("logs/")` is what it is for, `loglens.ingest.run` one of its modules.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loglens.ingest.report import IngestReport


class Ingest(ModuleType):
    """This package, as something to call."""

    def __call__(
        self,
        paths: str | Path | Iterable[str | Path],
        db: str | Path | None = None,
        *,
        again: bool = False,
        format: str | None = None,
        duration_unit: str | None = None,
        service: str | None = None,
        timezone: str | None = None,
    ) -> IngestReport:
        """Read files, folders and globs into a database and return what became of each; again adds only what is new.

        `again` replaces what was read before, `format` names the format instead of looking at the content, and
        `duration_unit` (ns, us, ms or s) is that of durations whose key names none, `service` that of records that name
        none, and `timezone` (`Europe/Berlin`, `+02:00`) that of times without one; UsageError is raised for an unknown
        zone.
        """
        from loglens.ingest.reader import ReadOptions
        from loglens.ingest.run import IngestRequest, ingest
        from loglens.ingest.zones import accept_zone
        from loglens.settings import load_settings

        named = [paths] if isinstance(paths, (str, Path)) else paths
        options = ReadOptions(format, duration_unit, service, timezone and accept_zone(timezone))
        database = Path(db or load_settings().db)
        return ingest(IngestRequest([str(path) for path in named], database, options, again=again))


sys.modules[__name__].__class__ = Ingest
