"""The names of indices, and how events are spread over them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from loglens.errors import UsageError

Layout = Literal["daily", "monthly", "index", "data-stream"]
LAYOUTS: tuple[str, ...] = get_args(Layout)
# What can be pushed: records of the store, answers, or both.
KINDS = ("all", "results", "events")
PREFIX = "loglens"
UNTIMED = "untimed"
_NAMESPACE = re.compile(r"[a-z][a-z0-9_-]{0,49}")
# Nanoseconds of 64 bits reach from 1677 to 2262.
_CENTURIES = ("1", "2")
_FORMATS = {"daily": "%Y.%m.%d", "monthly": "%Y.%m"}


@dataclass(frozen=True)
class Names:
    """How the indices of one push are called."""

    namespace: str = ""
    layout: Layout = "daily"

    def __post_init__(self) -> None:
        if self.namespace and not _NAMESPACE.fullmatch(self.namespace):
            raise UsageError(
                f"--namespace {self.namespace!r} cannot be a part of index names: give a letter, then letters, digits,"
                " - and _, all lower-case."
            )

    @property
    def prefix(self) -> str:
        """What all of them begin with."""
        return f"{PREFIX}-{self.namespace}" if self.namespace else PREFIX

    def target(self, url: str) -> str:
        """Return what the ledger calls the place a push goes to."""
        return f"{url} {self.layout} {self.prefix}"

    def stream(self, name: str) -> str:
        """Return the index of a table of events, or what its indices begin with."""
        kind = "stream-" if self.layout == "data-stream" else ""
        return f"{self.prefix}-{kind}{name.replace('_', '-')}"

    def results(self, name: str) -> str:
        """Return the index of the rows of an answer."""
        return f"{self.prefix}-results-{name.replace('_', '-')}"

    def patterns(self, name: str) -> list[str]:
        """Return the patterns of the indices of a table of events."""
        index = self.stream(name)
        if self.layout == "index":
            return [index]
        if self.layout == "data-stream":
            return [index, self.untimed(name)]
        return [f"{index}-{century}*" for century in _CENTURIES] + [self.untimed(name)]

    def untimed(self, name: str) -> str:
        """Return the index of the records without a time, where they have their own."""
        return f"{self.stream(name)}-{UNTIMED}"

    def searched(self, name: str) -> str:
        """Return the expression that searches all indices of a table of events."""
        return ",".join(self.patterns(name))

    def replaced(self, name: str) -> str:
        """Return the expression that searches those whose documents can be replaced."""
        return self.untimed(name) if self.layout == "data-stream" else self.searched(name)

    def index_sql(self, name: str, time: str) -> str:
        """Return the SQL expression for the index a record goes to."""
        index = self.stream(name)
        if self.layout == "index":
            return f"'{index}'"
        if self.layout == "data-stream":
            return f"if({time} IS NULL, '{self.untimed(name)}', '{index}')"
        written = f"strftime(make_timestamp_ns({time}), '{_FORMATS[self.layout]}')"
        return f"concat('{index}-', coalesce({written}, '{UNTIMED}'))"
