"""Durations as text or numbers into integer nanoseconds, as SQL expressions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loglens.ingest.sql_text import bound, listed


@dataclass(frozen=True)
class Unit:
    """One unit of time: its nanoseconds, the fraction digits that still make whole ones, and its spellings in text."""

    name: str
    ns: int
    digits: int
    spellings: tuple[str, ...]

    @property
    def spelled(self) -> str:
        """The pattern of its spellings in any case; a capital M alone may be anything but a minute."""
        longest_first = sorted(self.spellings, key=len, reverse=True)
        in_any_case = f"(?i:{'|'.join(spelling for spelling in longest_first if spelling != 'm')})"
        return f"{in_any_case}|m" if "m" in self.spellings else in_any_case


UNITS = (
    Unit("ns", 1, 0, ("ns", "nsec", "nsecs", "nanos", "nanosecond", "nanoseconds")),
    Unit("us", 1_000, 3, ("us", "µs", "μs", "usec", "usecs", "micros", "microsecond", "microseconds")),
    Unit("ms", 1_000_000, 6, ("ms", "msec", "msecs", "millis", "millisecond", "milliseconds")),
    Unit("s", 1_000_000_000, 9, ("s", "sec", "secs", "second", "seconds")),
    Unit("m", 60_000_000_000, 10, ("m", "min", "mins", "minute", "minutes")),
    Unit("h", 3_600_000_000_000, 11, ("h", "hr", "hrs", "hour", "hours")),
)
UNIT_NAMES = {"ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds", "s": "seconds"}

_EXPONENT = "(?:[eE][+-]?[0-9]{1,3})?"
_NUMBER = rf"[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+){_EXPONENT}"
# Minutes last: what other units begin with is no unit yet.
_SPELLED = "|".join(unit.spelled for unit in sorted(UNITS, key=lambda unit: "m" in unit.spellings))
_PART = rf"((?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+){_EXPONENT})\s*({_SPELLED})"
# A little above 64 bits, and far below what the decimals hold.
_TOO_LONG = "9.3e18"
_TEXT = rf"\s*([+-]?)\s*(?:{_PART}\s*)+"


def _exact_part(unit: Unit) -> str:
    number = rf"(?:[0-9]+(?:[.][0-9]{{0,{unit.digits}}}0*)?|[.][0-9]{{0,{unit.digits}}}0*)"
    return rf"{number}\s*(?:{unit.spelled})"


_EXACT_TEXT = rf"\s*[+-]?\s*(?:(?:{'|'.join(map(_exact_part, UNITS))})\s*)+"


def _by_unit(unit: str, values: Mapping[str, int | str]) -> str:
    """Return the value of a unit; a constant where the unit is one."""
    if unit.startswith("'") and unit.strip("'") in values:
        return str(values[unit.strip("'")])
    branches = " ".join(f"WHEN '{name}' THEN {value}" for name, value in values.items())
    return f"CASE {unit} {branches} END"


def unit_ns_sql(unit: str) -> str:
    """Return a SQL expression for the nanoseconds of `unit`, a SQL expression of a unit's name."""
    return _by_unit(unit, {known.name: known.ns for known in UNITS})


def duration_is_plain_sql(text: str, unit: str) -> str:
    """Return a SQL condition: a short number with no more digits than make whole nanoseconds, as most durations are.

    The functions below are told, so that they ask once.
    """
    # Together below 1e15 nanoseconds, where a double errs by less than a quarter of one.
    patterns = {known.name: f"[0-9]{{1,{max(15 - known.digits, 1)}}}{_fraction(known.digits)}" for known in UNITS}
    matches = {name: f"regexp_full_match({text}, '{pattern}')" for name, pattern in patterns.items()}
    return f"coalesce({_by_unit(unit, matches)}, false)"


def _fraction(digits: int) -> str:
    return f"(?:[.][0-9]{{1,{digits}}})?" if digits else ""


def duration_ns_sql(text: str, unit: str, is_plain: str | None = None) -> str:
    """Return a SQL expression for the nanoseconds of a duration; both arguments are SQL expressions of text.

    A number counts in `unit` (a name of UNITS); text such as `1.2s`, `350MS`, `1e-3s` or `1h2m3.5s` says its own.
    Rounded half up to nanoseconds. Null for anything else and beyond 64 bits; the expression never fails.
    """
    ns = unit_ns_sql(unit)
    rough = f"try_cast({text} AS DOUBLE) * {ns}"
    exact = f"try_cast(round(try_cast({text} AS DECIMAL(38, 15)) * {ns}, 0) AS BIGINT)"
    # Below 1e15 the error of a double stays under a quarter of a nanosecond, so that rounding repairs it.
    plain = f"CAST(round(CAST({text} AS DOUBLE) * {ns}) AS BIGINT)"
    return (
        f"CASE WHEN {is_plain or duration_is_plain_sql(text, unit)} THEN {plain} "
        f"WHEN regexp_full_match({text}, '{_NUMBER}') THEN "
        f"CASE WHEN abs({rough}) < 1e15 THEN CAST(round({rough}) AS BIGINT) "
        f"WHEN abs({rough}) < {_TOO_LONG} THEN {exact} END "
        f"WHEN regexp_full_match({text}, '{_TEXT}') THEN {_text_sql(text)} END"
    )


def duration_is_exact_sql(text: str, unit: str, is_plain: str | None = None) -> str:
    """Return a SQL condition: the duration is a whole number of nanoseconds as it is written."""
    digits = _by_unit(unit, {known.name: known.digits for known in UNITS})
    return (
        f"CASE WHEN {is_plain or duration_is_plain_sql(text, unit)} THEN true "
        f"WHEN regexp_full_match({text}, '[+-]?[0-9]*[.]?[0-9]*') "
        f"THEN length(rtrim(split_part({text}, '.', 2), '0')) <= {digits} "
        f"ELSE regexp_full_match({text}, '{_EXACT_TEXT}') END"
    )


def _text_sql(text: str) -> str:
    """Return the expression for a text with units: the sum of its parts, in decimals wide enough for all of them."""
    pairs = f"list_zip(regexp_extract_all({text}, '{_PART}', 1), regexp_extract_all({text}, '{_PART}', 2))"
    spellings = [(spelling, unit.ns) for unit in UNITS for spelling in unit.spellings]
    ns = (
        f"{[ns for _, ns in spellings]}[list_position({listed(spelling for spelling, _ in spellings)}, lower(part[2]))]"
    )
    fits = f"try_cast(part[1] AS DOUBLE) * ns < {_TOO_LONG}"
    part = bound(ns, "ns", f"CASE WHEN {fits} THEN try_cast(part[1] AS DECIMAL(38, 15)) * ns ELSE NULL END")
    sign = f"CASE WHEN regexp_matches({text}, '^\\s*-') THEN -1 ELSE 1 END"
    whole = "len(parts) = list_count(parts)"
    total = f"CASE WHEN {whole} THEN try_cast({sign} * round(list_sum(parts), 0) AS BIGINT) END"
    return bound(f"list_transform({pairs}, lambda part: {part})", "parts", total)
