"""Level names and numbers into OpenTelemetry severity numbers, as a SQL expression.

| written as | scale | becomes |
|---|---|---|
| a name, in any case, also in blanks or brackets | names below; a step as in slog's `INFO+2` is added | 1 to 24 |
| a name of OpenTelemetry's: `INFO2`, `SEVERITY_NUMBER_INFO2` | 2 to 4 after it are the next ones | 1 to 24 |
| a number under `level` and the like | see LEVEL_NUMBERS: its size says whose it is | |
| a number under `levelno` | Python: 10 debug to 50 critical | see PYTHON_NUMBERS |
| a number under `severity`, `priority`, `syslog…` | syslog: 0 emergency to 7 debug | see SYSLOG_NUMBERS |
| a number under `severity_number` | OpenTelemetry: 1 to 24 | itself |
"""

from __future__ import annotations

from typing import Literal

from loglens.ingest.sql_text import bound, is_word

Scale = Literal["level", "python", "syslog", "otel"]

LEVEL_NAMES = {
    "info": 9, "debug": 5, "warn": 13, "error": 17, "warning": 13, "trace": 1, "fatal": 21, "critical": 21,
    "notice": 10, "information": 9, "informational": 9, "verbose": 1, "err": 17, "crit": 18, "alert": 19,
    "emerg": 21, "emergency": 21, "panic": 21, "dpanic": 21, "severe": 17, "fine": 5, "finer": 1, "finest": 1,
    "config": 5, "success": 9, "inf": 9, "dbg": 5, "wrn": 13, "trc": 1, "ftl": 21, "pnc": 21,
    "i": 9, "d": 5, "w": 13, "e": 17, "t": 1, "f": 21, "c": 21,
}  # fmt: skip
PYTHON_NUMBERS = {5: 1, 10: 5, 20: 9, 25: 10, 30: 13, 40: 17, 50: 21}
SYSLOG_NUMBERS = {7: 5, 6: 9, 5: 10, 4: 13, 3: 17, 2: 18, 1: 19, 0: 21}
# Pino and bunyan count in tens, Python alike, Monolog in hundreds, logback in thousands.
LEVEL_NUMBERS = {
    10: 1, 20: 5, 30: 9, 40: 13, 50: 17, 60: 21,
    100: 5, 200: 9, 250: 10, 300: 13, 400: 17, 500: 18, 550: 19, 600: 21,
    5000: 1, 10000: 5, 20000: 9, 30000: 13, 40000: 17,
}  # fmt: skip
OTEL_NUMBERS = {number: number for number in range(1, 25)}

SCALES: dict[Scale, dict[int, int]] = {
    "level": LEVEL_NUMBERS,
    "python": PYTHON_NUMBERS,
    "syslog": SYSLOG_NUMBERS,
    "otel": OTEL_NUMBERS,
}
# A name as some write it: with blanks or in brackets, as the enum of OpenTelemetry, with a step of its (`INFO2`) or of
# slog's (`INFO+2`).
_WRITTEN = r"^\s*[\[(<]?\s*(?:(?i)SEVERITY_NUMBER_)?([A-Za-z]+)([2-4]|[+-][0-9]{1,2})?\s*[\])>]?:?\s*$"
_STEPPED = ("trace", "debug", "info", "warn", "error", "fatal")
# Names that most records have are compared one by one, which is quick; the others are looked up.
_COMMON_NAMES = ("info", "debug", "warn", "error", "warning")


def severity_sql(text: str, scale: Scale) -> str:
    """Return a SQL expression for the severity number (1 to 24) that a level, a SQL expression of text, means.

    `scale` says how numbers count. Null for what is no level.
    """
    common = " ".join(f"WHEN '{name}' THEN {LEVEL_NAMES[name]}" for name in _COMMON_NAMES)
    numbers = " ".join(f"WHEN '{number}' THEN {severity}" for number, severity in SCALES[scale].items())
    return (
        f"CASE lower({text}) {common} ELSE "
        f"CASE WHEN regexp_full_match({text}, '[0-9]{{1,5}}') THEN CASE {text} {numbers} END "
        f"ELSE coalesce({_named_sql(text)}, {_written_sql(text)}) END END"
    )


def _written_sql(text: str) -> str:
    """Return the expression of a name with something around it."""
    name, step = (f"regexp_extract({text}, '{_WRITTEN}', {group})" for group in (1, 2))
    stepped = is_word(f"lower({name})", _STEPPED)
    shift = (
        f"CASE WHEN {step} = '' THEN 0 WHEN {step} NOT IN ('2', '3', '4') THEN CAST({step} AS INTEGER) "
        f"WHEN {stepped} THEN CAST({step} AS INTEGER) - 1 END"
    )
    within = "CASE WHEN severity IS NOT NULL THEN least(greatest(severity, 1), 24) END"
    return bound(f"{_named_sql(name)} + ({shift})", "severity", within)


def _named_sql(text: str) -> str:
    names = ", ".join(f"'{name}'" for name in LEVEL_NAMES)
    return f"{list(LEVEL_NAMES.values())}[list_position([{names}], lower({text}))]"
