"""Time zones: the abbreviations that logs write, and local times moved to UTC, as SQL expressions."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loglens.errors import UsageError
from loglens.ingest.sql_text import listed, quoted

UTC = "UTC"

# Minutes east of Greenwich. Where an abbreviation stands for several zones, it is that of most log writers.
ABBREVIATIONS = {
    "UTC": 0, "GMT": 0, "Z": 0, "UT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "MET": 60, "CEST": 120,
    "MEST": 120, "EET": 120, "EEST": 180, "MSK": 180, "TRT": 180, "SAST": 120, "WAT": 60, "EAT": 180, "GST": 240,
    "PKT": 300, "IST": 330, "NPT": 345, "WIB": 420, "ICT": 420, "HKT": 480, "SGT": 480, "PHT": 480, "AWST": 480,
    "JST": 540, "KST": 540, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
    "AKST": -540, "AKDT": -480, "HST": -600, "AST": -240, "ADT": -180, "NST": -210, "NDT": -150, "BRT": -180,
    "ART": -180, "CLT": -240, "COT": -300, "PET": -300,
}  # fmt: skip

_NAMED = re.compile(r":[\d.,]+ ?(?:[+-]\d\d(?::?\d\d)?|([A-Za-z]{1,5}))\b")
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)


def accept_zone(name: str) -> str:
    """Return the name of a zone as it is kept: an IANA name, or an offset such as `+05:30`.

    Raises UsageError for what is neither.
    """
    if offset := _OFFSET.fullmatch(name.strip()):
        sign, hours, minutes = offset.groups(default="00")
        if int(hours) <= 14 and int(minutes) < 60:
            return f"{sign}{int(hours):02}:{minutes}"
    try:
        return ZoneInfo(name.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"No time zone '{name}'. Give a name such as Europe/Berlin, or an offset as +02:00."
        ) from error


def lacks_zone(time: str) -> bool:
    """Say whether a time of day is written without an offset, or with an unknown abbreviation of a zone."""
    named = _NAMED.search(time)
    return ":" in time and (named is None or (named[1] is not None and named[1].upper() not in ABBREVIATIONS))


def abbreviation_minutes_sql(abbreviation: str) -> str:
    """Return a SQL expression for the minutes east of Greenwich of an abbreviation; null for an unknown one."""
    minutes = list(ABBREVIATIONS.values())
    return f"{minutes}[list_position({listed(ABBREVIATIONS)}, {abbreviation})]"


def utc_ns_sql(local_ns: str, zone: str) -> str:
    """Return a SQL expression for the nanoseconds since the epoch of a local time, given as if it were UTC."""
    if zone == UTC:
        return local_ns
    if offset := _OFFSET.fullmatch(zone):
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return f"{local_ns} {'-' if offset[1] == '+' else '+'} {minutes * 60_000_000_000}"
    shifted = f"epoch_us(timezone({quoted(zone)}, make_timestamp({local_ns} // 1000)))"
    return f"try({shifted} * 1000 + ({local_ns} - {local_ns} // 1000 * 1000))"
