"""Numbers as a sentence says them: 34 ms, 6.3 s, 97 %, three times."""

from __future__ import annotations

from loglens.columns import Column, time_text

_TIME = Column("ts", "TIMESTAMP_NS")
_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000


def duration(ms: float) -> str:
    """Return a length of time with two or three digits and the unit that suits it."""
    if ms < 999.5:
        return f"{_digits(ms)} ms"
    if ms < 99_500:
        return f"{_digits(ms / 1000)} s"
    for unit_ms, unit, next_ms in ((_MINUTE_MS, "min", _HOUR_MS * 1.5), (_HOUR_MS, "h", _DAY_MS * 1.5)):
        if ms < next_ms:
            return f"{_digits(ms / unit_ms)} {unit}"
    return f"{_digits(ms / _DAY_MS)} days"


def percent(ratio: float) -> str:
    """Return a share of 0 to 1 in percent."""
    return f"{_digits(100 * ratio)} %"


def some_of(ratio: float, noun: str) -> str:
    """Return a share of many things as the subject of a sentence in the plural: 42 % of requests, 2 in 100 requests."""
    if ratio >= 0.1:
        return f"{percent(ratio)} of {noun}s"
    base = next(base for base in (100, 1000, 10_000, 100_000, 10**12) if ratio * base >= 1)
    return f"{_digits(ratio * base)} in {base:,} {noun}s"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, in the plural where it is not one."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def factor(ratio: float) -> str:
    """Return how many times as much: 3.4 times, 186 times."""
    return f"{_digits(ratio)} times"


def moment(time_ns: int) -> str:
    """Return a time to the second, in UTC."""
    text = time_text(_TIME, time_ns // 10**9 * 10**9)
    return text.replace("T", " ").replace("Z", " UTC")


def moments(first_ns: int, last_ns: int) -> str:
    """Return from when to when, to the second, with the day once where it is one."""
    first, last = moment(first_ns), moment(last_ns)
    if first == last:
        return first
    day, _, time = last.partition(" ")
    return f"{first.removesuffix(' UTC')} to {time if first.startswith(day) else last}"


def amount(name: str, value: float) -> str:
    """Return a number with the unit that the end of a name says: `_ms`, `_s`, `_ratio`, or none."""
    if name.endswith("_ms"):
        return duration(value)
    if name.endswith("_s"):
        return duration(value * 1000)
    if name.endswith("_ratio"):
        return percent(value)
    return "below 0.001" if 0 < value < 0.001 else _digits(value)


def _digits(value: float) -> str:
    if value >= 9.95 or value == 0:
        return f"{value:,.0f}"
    if value >= 0.0995:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.1g}"
