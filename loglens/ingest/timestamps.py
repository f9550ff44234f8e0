"""Times as text or numbers into integer nanoseconds since the epoch, exactly, as SQL expressions."""

from __future__ import annotations

from loglens.ingest.sql_text import bound
from loglens.ingest.zones import UTC, abbreviation_minutes_sql, utc_ns_sql

# The extremes of 64 bits stand for infinity in a TIMESTAMP_NS and would abort an INSERT.
LAST_NS = (1 << 63) - 2

_DAY_AND_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-5][0-9](?:[.][0-9]{1,9})?"
# Years in which neither nanoseconds nor an offset reach the ends of 64 bits.
_SAFE = "(?:1[7-9][0-9]{2}|2[01][0-9]{2}|22[0-5][0-9])" + _DAY_AND_TIME.removeprefix("[0-9]{4}")
_UTC = _SAFE + "Z"
# How most times are written; a comparison by places takes a third of the time of a regular expression. The cast
# refuses what is no time, but takes any name of a zone behind a space for UTC.
_USUAL = "____-__-__T__:__:__%Z"
_NANOSECONDS = "____-__-__T__:__:__._________Z"
_OFFSET = _SAFE + "[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]"
_ANY = (
    r"\s*([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:)([0-9]{2})(?:[.,]([0-9]+))?"
    r"\s*(?:([+-])([01][0-9]|2[0-3]):?([0-5][0-9])?(?: [A-Z]{1,5})?|([A-Z]{1,5}|z))?\s*"
)

# The number of digits before the point says the unit: 11 digits of seconds reach the year 5138, 11 digits of
# milliseconds end in 1973.
_EPOCH_DIGITS = (("1,11", 9), ("12,14", 6), ("15,17", 3), ("18,19", 0))

_NO_ZONE = r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?\s*"


def time_is_usual_sql(text: str) -> str:
    """Return a SQL condition: the text looks as most times do; the functions below are told, so that they ask once."""
    return f"({text} LIKE '{_USUAL}' AND NOT contains({text}, ' '))"


def time_ns_sql(text: str, is_usual: str | None = None, zone: str = UTC) -> str:
    """Return a SQL expression for the nanoseconds since the epoch that `text`, a SQL expression of text, says.

    Reads RFC 3339 with `T` or space, point or comma, any offset, abbreviation of a zone, or none (local to `zone`),
    and epoch seconds, milliseconds, microseconds or nanoseconds by magnitude. Digits beyond nanoseconds are cut off.
    Null for anything else and outside 1677 to 2262; the expression never fails.
    """
    written = f"epoch_ns(try_cast({text} AS TIMESTAMP_NS))"
    minutes = f"CAST(substr({text}, length({text}) - 4, 2) AS BIGINT) * 60 + CAST(right({text}, 2) AS BIGINT)"
    local = f"epoch_ns(try_cast(left({text}, length({text}) - 6) AS TIMESTAMP_NS))"
    sign = f"CASE WHEN substr({text}, length({text}) - 5, 1) = '-' THEN 1 ELSE -1 END"
    usual = is_usual or time_is_usual_sql(text)
    # Where local is UTC, one test serves both.
    without = f"WHEN regexp_full_match({text}, '{_SAFE}') THEN {utc_ns_sql(written, zone)} " if zone != UTC else ""
    return (
        f"coalesce(CASE WHEN {usual} THEN {written} END, "
        f"CASE WHEN regexp_full_match({text}, '{_UTC}{'?' if zone == UTC else ''}') THEN {written} {without}"
        f"WHEN regexp_full_match({text}, '-?[0-9.]+(?:[eE][+]?[0-9]+)?') THEN {in_range_sql(_epoch_sql(text))} "
        f"WHEN regexp_full_match({text}, '{_OFFSET}') THEN {local} + {sign} * ({minutes}) * 60000000000 "
        f"WHEN regexp_full_match({text}, '{_ANY}') THEN {in_range_sql(_any_sql(text, zone))} END)"
    )


def time_is_exact_sql(text: str, is_usual: str | None = None) -> str:
    """Return a SQL condition: the time loses nothing when it is cut to nanoseconds."""
    numbers = "|".join(
        f"[0-9]{{{digits}}}(?:[.][0-9]{{0,{places}}}0*)?" if places else f"[0-9]{{{digits}}}(?:[.]0*)?"
        for digits, places in _EPOCH_DIGITS
    )
    return (
        f"CASE WHEN {is_usual or time_is_usual_sql(text)} AND length({text}) < 30 THEN true "
        f"WHEN {text} LIKE '{_NANOSECONDS}' THEN true "
        f"WHEN {text} LIKE '____-%' THEN NOT regexp_matches({text}, '[.,][0-9]{{9}}0*[1-9]') "
        f"ELSE regexp_full_match({text}, '-?(?:{numbers})') END"
    )


def lacks_zone_sql(text: str) -> str:
    """Return a SQL condition: a time of day without an offset, or with an unknown name of a zone."""
    name = f"nullif(regexp_extract({text}, ':[0-9.,]+ ?([A-Z]{{2,5}})$', 1), '')"
    unknown = f"{name} IS NOT NULL AND {abbreviation_minutes_sql(name)} IS NULL"
    return f"(regexp_full_match({text}, '{_NO_ZONE}') OR {unknown})"


def in_range_sql(ns: str) -> str:
    """Return the SQL expression of nanoseconds, null where a TIMESTAMP_NS does not hold them."""
    return bound(ns, "ns", f"CASE WHEN ns BETWEEN {-LAST_NS} AND {LAST_NS} THEN ns END")


def _epoch_sql(text: str) -> str:
    """Return the expression for a number: its digits moved to nanoseconds as text, so that nothing is rounded."""
    plain = (
        f"CASE WHEN regexp_matches({text}, '[eE]') THEN CAST(try_cast({text} AS DECIMAL(38, 9)) AS VARCHAR) "
        f"ELSE {text} END"
    )
    branches = " ".join(
        f"WHEN regexp_full_match(digits, '-?[0-9]{{{digits}}}(?:[.][0-9]*)?') THEN {places}"
        for digits, places in _EPOCH_DIGITS
    )
    fraction = "rpad(left(split_part(digits, '.', 2), places), places, '0')"
    moved = f"try_cast(split_part(digits, '.', 1) || {fraction} AS BIGINT)"
    return bound(plain, "digits", bound(f"CASE {branches} END", "places", moved))


def _any_sql(text: str, zone: str) -> str:
    """Return the expression for every other spelling, in 128 bits, so that no step can overflow."""

    names = "['day', 'minute', 'second', 'fraction', 'sign', 'hours', 'minutes', 'zone']"
    # RFC 3339 allows a leap second, which the calendar of the database does not know.
    is_leap = "CASE parts.second WHEN '60' THEN 1 ELSE 0 END"
    second = "CASE parts.second WHEN '60' THEN '59' ELSE parts.second END"
    seconds = f"epoch_us(try_cast(parts.day || ' ' || parts.minute || {second} AS TIMESTAMP)) // 1000000 + {is_leap}"
    fraction = "CAST(rpad(left(parts.fraction, 9), 9, '0') AS BIGINT)"
    minutes = "coalesce(try_cast(parts.hours AS BIGINT), 0) * 60 + coalesce(try_cast(parts.minutes AS BIGINT), 0)"
    named = abbreviation_minutes_sql("upper(parts.zone)")
    east = f"CASE parts.sign WHEN '+' THEN {minutes} WHEN '-' THEN -({minutes}) ELSE {named} END"
    whole = f"CAST({seconds} AS HUGEINT) * 1000000000 + {fraction}"
    there = f"try_cast({whole} - CAST(east AS HUGEINT) * 60000000000 AS BIGINT)"
    here = (
        f"try_cast({whole} AS BIGINT)"
        if zone == UTC
        else bound(f"try_cast({whole} AS BIGINT)", "ns", utc_ns_sql("ns", zone))
    )
    either = bound(east, "east", f"CASE WHEN east IS NULL THEN {here} ELSE {there} END")
    return bound(f"regexp_extract({text}, '{_ANY}', {names})", "parts", either)
