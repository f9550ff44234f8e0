"""How text logs write their times, and the SQL that turns each way into nanoseconds since the epoch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from loglens.ingest.sql_text import bound, listed, quoted
from loglens.ingest.timestamps import time_is_exact_sql, time_ns_sql
from loglens.ingest.zones import ABBREVIATIONS, UTC

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

# Other names behind a time may be levels.
_ZONE = rf"(?:[+-]\d\d(?::?\d\d)?|(?:{'|'.join(ABBREVIATIONS)})\b)"
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"


@dataclass(frozen=True)
class TimeLayout:
    """One way of writing a time.

    `pattern` (RE2) matches it whole, without groups. `parts`, where it is not ISO 8601, has groups among `y`, `b` (name
    of the month), `m`, `d`, `clock` (with its fraction) and `zone`, from which it is put together. `strptime` reads
    most of them, and is quicker.
    """

    name: str
    pattern: str
    parts: str = ""
    strptime: str = ""

    def ns_sql(self, text: str, zone: str = UTC) -> str:
        """Return a SQL expression for the nanoseconds since the epoch that `text`, a SQL expression, says.

        `zone` is where times without a zone are local. Null for what is no time; the expression never fails.
        """
        if not self.parts:
            return time_ns_sql(text, zone=zone)
        slow = bound(self._iso_sql(text), "iso", time_ns_sql("iso", zone=zone))
        if not self.strptime:
            return slow
        quick = f"try_strptime({text}, {quoted(self.strptime)})"
        return f"CASE WHEN {quick} IS NOT NULL THEN epoch_ns({quick}) ELSE {slow} END"

    def is_exact_sql(self, text: str) -> str:
        """Return a SQL condition: the time loses nothing when it is cut to nanoseconds."""
        return "true" if self.parts else time_is_exact_sql(text)

    def _iso_sql(self, text: str) -> str:
        """Return the expression for the time as `YYYY-MM-DD HH:MM:SS.fraction zone`."""
        groups = re.findall(r"\?P<(\w+)>", self.parts)
        number = f"list_position({listed(MONTHS)}, lower(parts.b))" if "b" in groups else "parts.m"
        date = f"parts.y || '-' || lpad(CAST({number} AS VARCHAR), 2, '0') || '-' || lpad(parts.d, 2, '0')"
        zone = " || parts.zone" if "zone" in groups else ""
        extract = f"regexp_extract({text}, '^{self.parts}$', {listed(groups)})"
        return bound(extract, "parts", f"{date} || ' ' || parts.clock{zone}")


ISO = TimeLayout("iso", rf"\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?: ?{_ZONE})?")
EPOCH = TimeLayout("epoch", r"\d{9,19}(?:\.\d{1,9})?")
CLF = TimeLayout(
    "clf",
    rf"\d\d/[A-Z][a-z]{{2}}/\d{{4}}[: ]{_CLOCK}(?: {_ZONE})?",
    parts=r"(?P<d>\d\d)/(?P<b>[A-Z][a-z]{2})/(?P<y>\d{4})[: ](?P<clock>[\d:.,]+) ?(?P<zone>\S*)",
    strptime="%d/%b/%Y:%H:%M:%S %z",
)
SLASHED = TimeLayout(
    "slashed",
    rf"\d{{4}}/\d\d/\d\d[ T-]{_CLOCK}(?: ?{_ZONE})?",
    parts=r"(?P<y>\d{4})/(?P<m>\d\d)/(?P<d>\d\d)[ T-](?P<clock>[\d:.,]+) ?(?P<zone>\S*)",
)
CTIME = TimeLayout(
    "ctime",
    rf"[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} [ \d]\d {_CLOCK}(?: {_ZONE})? \d{{4}}",
    parts=r"[A-Za-z]{3} (?P<b>[A-Za-z]{3}) +(?P<d>\d+) (?P<clock>[\d:.,]+) (?P<zone>\S*?) ?(?P<y>\d{4})",
)
DAY_MONTH_NAME = TimeLayout(
    "day and name of month",
    rf"\d{{1,2}}[ -][A-Z][a-z]{{2}}[ -]\d{{4}},? {_CLOCK}(?: ?{_ZONE})?",
    parts=r"(?P<d>\d+)[ -](?P<b>[A-Za-z]{3})[ -](?P<y>\d{4}),? (?P<clock>[\d:.,]+) ?(?P<zone>\S*)",
)
