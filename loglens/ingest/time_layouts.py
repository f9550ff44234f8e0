"""How text logs write their times, and the SQL that turns each way into nanoseconds since the epoch."""

from __future__ import annotations

import re
from calendar import isleap
from dataclasses import dataclass
from datetime import UTC as UTC_ZONE
from datetime import datetime, timedelta

from loglens.ingest.sql_text import bound, listed, quoted
from loglens.ingest.timestamps import time_is_exact_sql, time_ns_sql
from loglens.ingest.zones import ABBREVIATIONS, UTC

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

# Other names behind a time may be levels.
_ZONE = rf"(?:[+-]\d\d(?::?\d\d)?|(?:{'|'.join(ABBREVIATIONS)})\b)"
_HOUR_OF_24 = (
    "CASE WHEN parts.half = '' THEN parts.h ELSE CAST(try_cast(parts.h AS INTEGER) % 12 "
    "+ CASE lower(parts.half) WHEN 'p' THEN 12 ELSE 0 END AS VARCHAR) END"
)
_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"


@dataclass(frozen=True)
class TimeLayout:
    """One way of writing a time.

    `pattern` (RE2) matches it whole, without groups. `parts`, where it is not ISO 8601, has groups among `y` (two
    digits are of this century), `b` (name of the month), `m`, `d`, `h`, `min`, `clock` (the rest, with its fraction),
    `half` (of a day of twice twelve hours) and `zone`, from which it is put together; without `y` the year, without `d`
    the date is the latest that is not after the file's own. `strptime` reads most of them, and is quicker.
    """

    name: str
    pattern: str
    parts: str = ""
    strptime: str = ""

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups in `parts`."""
        return tuple(re.findall(r"\?P<(\w+)>", self.parts))

    @property
    def lacks(self) -> str:
        """What a time of this layout does not say: `a year`, `a date`, or nothing."""
        if not self.parts or "y" in self.groups:
            return ""
        return "a year" if "d" in self.groups else "a date"

    def ns_sql(self, text: str, zone: str = UTC, written_ns: int = 0) -> str:
        """Return a SQL expression for the nanoseconds since the epoch that `text`, a SQL expression, says.

        `zone` is where times without a zone are local, `written_ns` when the file was written. Null for what is no
        time; the expression never fails.
        """
        if not self.parts:
            return time_ns_sql(text, zone=zone)
        slow = bound(self._iso_sql(text, written_ns), "iso", time_ns_sql("iso", zone=zone))
        if not self.strptime:
            return slow
        quick = f"try_strptime({text}, {quoted(self.strptime)})"
        return f"CASE WHEN {quick} IS NOT NULL THEN epoch_ns(try_cast({quick} AS TIMESTAMP_NS)) ELSE {slow} END"

    def is_exact_sql(self, text: str) -> str:
        """Return a SQL condition: the time loses nothing when it is cut to nanoseconds."""
        return "true" if self.parts else time_is_exact_sql(text)

    def _iso_sql(self, text: str, written_ns: int) -> str:
        """Return the expression for the time as `YYYY-MM-DD HH:MM:SS.fraction zone`."""
        groups = self.groups
        zone = " || parts.zone" if "zone" in groups else ""
        hour = f"lpad({_HOUR_OF_24 if 'half' in groups else 'parts.h'}, 2, '0')"
        hours = f"{hour} || ':' || parts.min || ':' || " if "h" in groups else ""
        clock = f"{hours}parts.clock{zone}"
        number = f"CAST(list_position({listed(MONTHS)}, lower(parts.b)) AS VARCHAR)" if "b" in groups else "parts.m"
        day = f"lpad({number}, 2, '0') || '-' || lpad(parts.d, 2, '0')"
        if self.lacks == "a date":
            moment = f"{_dates_sql(written_ns)} || ' ' || {clock}"
        elif self.lacks == "a year":
            moment = bound(day, "day", f"{_years_sql(written_ns)} || '-' || day || ' ' || {clock}")
        else:
            moment = f"CASE WHEN length(parts.y) = 2 THEN '20' ELSE '' END || parts.y || '-' || {day} || ' ' || {clock}"
        extract = f"regexp_extract({text}, '^{self.parts}$', {listed(groups)})"
        return bound(extract, "parts", moment)


def _latest(written_ns: int) -> datetime:
    """Return until when a record may have been written: clocks and zones differ by up to a day."""
    return datetime.fromtimestamp(written_ns // 1_000_000_000, UTC_ZONE) + timedelta(days=1)


def _years_sql(written_ns: int) -> str:
    """Return the expression for the latest year in which `day`, as `MM-DD`, is not after the file."""
    last = _latest(written_ns)
    leap = next(
        year for year in range(last.year, 0, -1) if isleap(year) and (year < last.year or f"{last:%m-%d}" >= "02-29")
    )
    return (
        f"CASE WHEN day = '02-29' THEN '{leap:04}' WHEN day <= '{last:%m-%d}' THEN '{last.year:04}' "
        f"ELSE '{last.year - 1:04}' END"
    )


def _dates_sql(written_ns: int) -> str:
    """Return the expression for the latest date on which `parts.clock` is not after the file."""
    written = _latest(written_ns) - timedelta(days=1)
    return (
        f"CASE WHEN parts.clock <= '{written:%H:%M:%S.999}' THEN '{written:%Y-%m-%d}' "
        f"ELSE '{written - timedelta(days=1):%Y-%m-%d}' END"
    )


ISO = TimeLayout("iso", rf"\d{{4}}-\d\d-\d\d[T ]{_CLOCK}(?: ?{_ZONE})?")
ISO_T = TimeLayout("iso with T", rf"\d{{4}}-\d\d-\d\dT{_CLOCK}(?:{_ZONE})?")
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
MONTH_DAY = TimeLayout(
    "month and day",
    rf"[A-Z][a-z]{{2}} [ \d]\d {_CLOCK}",
    parts=r"(?P<b>[A-Za-z]{3}) +(?P<d>\d+) (?P<clock>[\d:.,]+)",
)
MONTH_DAY_YEAR = TimeLayout(
    "month, day and year",
    rf"[A-Z][a-z]{{2}} [ \d]?\d,? \d{{4}},? {_CLOCK}(?: ?{_ZONE})?",
    parts=r"(?P<b>[A-Za-z]{3}) +(?P<d>\d+),? (?P<y>\d{4}),? (?P<clock>[\d:.,]+) ?(?P<zone>\S*)",
)
DIGITS_MONTH_DAY = TimeLayout(
    "digits of month and day", rf"\d{{4}} {_CLOCK}", parts=r"(?P<m>\d\d)(?P<d>\d\d) (?P<clock>[\d:.,]+)"
)
SHORT_YEAR = TimeLayout(
    "year, month and day, two digits each",
    rf"\d\d/\d\d/\d\d {_CLOCK}",
    parts=r"(?P<y>\d\d)/(?P<m>\d\d)/(?P<d>\d\d) (?P<clock>[\d:.,]+)",
)
COMPACT = TimeLayout(
    "digits",
    r"\d{8}[-T ]?(?:\d{6}|\d\d:\d\d:\d\d)(?:[.,]\d{1,9})?Z?",
    parts=r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)[-T ]?(?P<h>\d\d):?(?P<min>\d\d):?(?P<clock>[\d.,]+)(?P<zone>Z?)",
)
SHORT_COMPACT = TimeLayout(
    "digits, two of the year",
    r"\d{6} \d{6}",
    parts=r"(?P<y>\d\d)(?P<m>\d\d)(?P<d>\d\d) (?P<h>\d\d)(?P<min>\d\d)(?P<clock>\d\d)",
)
DAY_MONTH = TimeLayout(
    "day and month",
    rf"\d\d [A-Z][a-z]{{2}} {_CLOCK}",
    parts=r"(?P<d>\d\d) (?P<b>[A-Za-z]{3}) (?P<clock>[\d:.,]+)",
)
_NUMBERS = r"\d{1,2}/\d{1,2}/\d{4},? \d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?[AaPp]\.?[Mm]\b\.?)?"
_TWELVE = r"(?P<y>\d{4}),? (?P<h>\d+):(?P<min>\d\d):(?P<clock>[\d.,]+) ?(?P<half>[AaPp]?)\S*"
# Both fit the same texts; which it is, a whole file tells.
MONTH_FIRST = TimeLayout("month first", _NUMBERS, parts=rf"(?P<m>\d+)/(?P<d>\d+)/{_TWELVE}")
DAY_FIRST = TimeLayout("day first", _NUMBERS, parts=rf"(?P<d>\d+)/(?P<m>\d+)/{_TWELVE}")
DOTTED = TimeLayout(
    "day, month and year with points",
    rf"\d{{1,2}}\.\d{{1,2}}\.\d{{4}},? {_CLOCK}",
    parts=r"(?P<d>\d+)\.(?P<m>\d+)\.(?P<y>\d{4}),? (?P<clock>[\d:.,]+)",
)
TIME_OF_DAY = TimeLayout("time of day", _CLOCK, parts=r"(?P<clock>[\d:.,]+)")
