"""What changed near the onset of a burst, in words: what is of its own service first."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.analysis import Row
from loglens.text import cut
from loglens.wording import moment

# A new version tells more than a record of a deploy, that more than a start, which may be its effect.
_ORDER = ("version", "event", "restart")
# So many changes are told, each in at most so many columns.
_TOLD = 3
_WIDEST = 100


def told_changes(changes: Sequence[Row], service: str | None) -> str | None:
    """Return the changes that are likeliest to matter, the first of a kind first; None where there are none."""
    ranked = sorted(
        changes,
        key=lambda row: (
            row["service"] != service,
            _ORDER.index(row["name"]),
            row["at_ns"],
            row["value"],
        ),
    )
    return "; ".join(_told(row) for row in ranked[:_TOLD]) or None


def _told(row: Row) -> str:
    what = "version " if row["name"] == "version" else ""
    said = cut(f"{what}{row['value']}", _WIDEST)
    _, _, at = moment(row["at_ns"]).partition(" ")
    return f"{row['service'] or '(no service)'}: {said} ({at})"
