"""Which lines go on with the record before them: indented ones, and the unindented parts of stack traces.

| language | unindented lines of its traces |
|---|---|
| Java | `java.lang.Error: message`, `Caused by: ...`, `... 12 more` |
| Python | `Traceback (most recent call last):`, `ValueError: message`, `During handling of ...` |
| Go | `goroutine 1 [running]:`, `main.run(0x1)` above a place in a `.go` file, `created by ...`, `exit status 2` |
| Node, .NET | `TypeError: message`, `System.Exception: message`, `--- End of stack trace ...`, a closing brace |
| PHP, Rust, Ruby | `[stacktrace]`, `Stack trace:`, `#0 /var/www/...`, `stack backtrace:`, `note: run with ...` |
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from loglens.ingest.layout import Layouts
from loglens.ingest.lines import Flags, Lines, Places, column, flags_of, texts

# Lines that only ever stand within a record.
_WITHIN = (
    r"^(?:Caused by: |Suppressed: |\.\.\. \d+ (?:more|common frames)|at [\w.$<>]+\(|During handling of the above exc"
    r"|The above exception was the|--- End of |goroutine \d+ \[|\[signal |created by \S+|exit status \d+|\[stacktrace\]"
    r"|Stack trace:\s*$"
    r"|\[previous exception\]|#\d+ |stack backtrace:|note: run with `RUST_|[}\])]+[;,\"']*\s*$|\"}\s*$)"
)
_CHAINED = r"^(?:During handling of the above exc|The above exception was the|\[previous exception\])"
_TRACEBACK = r"^Traceback \(most recent call last\):"
_EXCEPTION = (
    r"^(?:Traceback \(most recent call last\):|(?:[A-Za-z_$][\w$]*[./])*[A-Za-z_$][\w$]*"
    r"(?:Exception|Error|Throwable|Failure|Fault|Interrupt|Exit|Warning)\b(?:[:( ]|\s*$))"
)
# The last line of a traceback names an exception of any name.
_NAMED = r"^[A-Za-z_][\w.]*(?::|\s*$)"
_FRAME = r"^\s+at \S"
_GO_PLACE = r"^\s+\S+\.go:\d+"
_GO_CALL = r"^[\w.$/*()@<>~\[\],{} -]+\s*$"
# Whatever begins like a record of a logger: a time, a level, a key with a value, a priority.
_HEADED = (
    r"^[\[(<\"]?(?:\d{2,4}[-/.:]\d|\d{9}|[A-Z][a-z]{2} [ \d]\d[ ,]|[IWEF]\d{4} |\d{1,3}>|[A-Za-z_.@]+=|"
    r"(?i:trace|debug|info|notice|warn|warning|err|error|fatal|critical|crit|severe)\b[\]): |-])"
)
_INDENTS = np.isin(np.arange(256), list(b" \t"))
# Records of most loggers begin with a digit, `{` or `<`, and these no part of a trace does.
_PLAIN_STARTS = np.isin(np.arange(256), list(b"0123456789{< \t"))


def record_starts(lines: Lines, starts: Places, ends: Places, layouts: Layouts | None = None) -> Flags:
    """Say which of some lines, none of them blank, begin a record; the first does.

    A line after one that begins with `{` begins a record, since a JSON object ends with its line. `layouts` may know
    more of the lines of their format.
    """
    if layouts is not None and layouts.begins:
        begun = _matches(texts(lines, starts, ends, pa.binary()), np.arange(len(starts)), layouts.begins)
        begun[:1] = True
        return begun
    first = lines.data[starts]
    indented = _INDENTS[first]
    suspects = np.flatnonzero(~_PLAIN_STARTS[first])
    goes_on = indented.copy()
    if len(suspects):
        text = texts(lines, starts, ends, pa.binary())
        goes_on |= _matches(text, suspects, _WITHIN)
        exceptions = _matches(text, suspects, _EXCEPTION)
        if exceptions.any() or indented.any():
            goes_on |= _traces(text, goes_on, indented, exceptions)
    if layouts is not None and layouts.within:
        goes_on |= _matches(texts(lines, starts, ends, pa.binary()), np.arange(len(starts)), layouts.within)
    goes_on[1:] &= first[:-1] != ord("{")
    goes_on[:1] = False
    return ~goes_on


def _traces(lines: pa.BinaryArray, goes_on: Flags, indented: Flags, exceptions: Flags) -> Flags:
    """Find the heads of traces that belong to a record, the last lines of tracebacks, and the calls of Go."""
    places = np.flatnonzero(indented)
    named = np.flatnonzero(_above(_matches(lines, places, _FRAME)) & ~goes_on)
    heads = (exceptions & _above(goes_on) | _matches(lines, named, _NAMED)) & ~goes_on
    found = np.zeros(len(goes_on), bool)
    after_indent = np.flatnonzero(np.append(False, indented[:-1]) & ~goes_on)
    if len(after_indent):
        unindented = _latest(~indented)
        above = unindented[np.maximum(after_indent - 1, 0)]
        in_traceback = after_indent[_matches(lines, np.unique(above[above >= 0]), _TRACEBACK)[above]]
        found |= _matches(lines, in_traceback, _NAMED)
    calls = np.flatnonzero(_above(_matches(lines, places, _GO_PLACE)) & ~indented)
    found |= _matches(lines, calls, _GO_CALL)
    if heads.any():
        logged = _latest(~(goes_on | heads | found))
        places = np.flatnonzero(heads)
        above, before = logged[places], np.maximum(places - 1, 0)
        found[places] |= _matches(lines, np.unique(above[above >= 0]), _HEADED)[above] & (above >= 0)
        found[places] |= _matches(lines, before, _CHAINED)[before]
    return found


def _above(flags: Flags) -> Flags:
    """Say which lines stand right above a flagged one."""
    return np.append(flags[1:], False)


def _latest(flags: Flags) -> Places:
    """Return for each place the last one up to it that is flagged, -1 where there is none."""
    return np.maximum.accumulate(np.where(flags, np.arange(len(flags)), -1))


def _matches(lines: pa.BinaryArray, places: Places, pattern: str) -> Flags:
    """Say which lines are among the places and match a pattern."""
    flags = np.zeros(len(lines), bool)
    if len(places):
        some = lines if len(places) == len(lines) else lines.take(column(places))
        flags[places] = flags_of(pc.match_substring_regex(some, pattern))
    return flags
