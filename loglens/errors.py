"""Everything loglens raises on purpose.

    LoglensError            exit 1: something named does not exist or could not be read to its end
    ├── UsageError          exit 2: the words of the call are off
    ├── NotFound            a path, database, trace, source or column that is not there
    ├── StoreError          the database cannot be used
    │   ├── StoreLocked     another process holds it
    │   └── StoreTooNew     written by a newer loglens
    └── IngestError         a source could not be read

Each message says what was tried, on what, and what to do about it.
"""

from __future__ import annotations

# What is said, and the exit code, where Ctrl-C was no error but a wish.
STOPPED, INTERRUPTED = "Stopped.", 130


class LoglensError(Exception):
    """Anything that went wrong in a way a user can act on."""

    exit_code = 1


class UsageError(LoglensError):
    """A parameter has a value that cannot be used."""

    exit_code = 2


class NotFound(LoglensError):
    """Something that was named does not exist."""


class StoreError(LoglensError):
    """The database cannot be opened, read or written."""


class StoreLocked(StoreError):
    """Another process holds the database."""


class StoreTooNew(StoreError):
    """The database was written by a newer loglens."""


class IngestError(LoglensError):
    """A source could not be read."""
