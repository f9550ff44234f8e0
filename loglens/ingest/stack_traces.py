"""Stack traces within a message: cut off from it, with the type and the message of the error they tell of."""

from __future__ import annotations

from loglens.ingest.sql_text import quoted

_CLASS = r"(?:[A-Za-z_$][\w$]*[./:\\]+)*[A-Za-z_$][\w$]*"
_KNOWN = r"(?:Exception|Error|Throwable|Failure|Fault|Interrupt|Exit|Warning)"
# How the first line of a trace begins, in the languages of continuation.py.
_BEGINS = (
    r"(?:Traceback \(most recent call last\):"
    rf"|(?:Exception in thread \"[^\"\n]*\" )?{_CLASS}{_KNOWN}(?:[:( ][^\n]*)?(?:\n|$)"
    rf"|{_CLASS}(?:: [^\n]*)?\n\s+at \S"
    r"|\s+at \S|goroutine \d+ \[|Caused by: |#0 |\[stacktrace\]|stack backtrace:"
    r"|[\w.$/*()@<>~\[\],{} -]+\n\s+\S+\.go:\d)"
)
_SPLIT = rf"^(?P<head>.*?)\n(?P<trace>\n*{_BEGINS}.*)$"
_FIRST = rf"^\s*(?:Exception in thread \"[^\"\n]*\" )?(?P<type>{_CLASS})(?:: (?P<message>[^\n]*))?(?:\n|$)"
_LAST = rf"(?:^|\n)(?P<type>{_CLASS})(?:: (?P<message>[^\n]*))?\s*$"
_WITHIN = rf"(?P<type>{_CLASS}{_KNOWN})(?:: (?P<message>[^\n]*))?\s*$"
_NAMES = "['type', 'message']"


def with_traces(query: str) -> str:
    """Return a query that adds the columns `head`, `trace` and `fault` to one with `message` and `lines`.

    `trace` is the stack trace within a message, `head` the message before it, both null where there is none; `fault`
    has the fields `type` and `message` of the error. A message that is a trace itself has its first line as head.
    """
    split = f"regexp_extract(message, {quoted(_SPLIT)}, ['head', 'trace'], 's')"
    is_trace = f"regexp_matches(message, {quoted('^' + _BEGINS)}, 's')"
    return f"""
        SELECT
            *,
            CASE
                WHEN trace IS NULL THEN NULL
                WHEN contains(trace, 'Traceback (most recent call last):')
                THEN regexp_extract(trace, {quoted(_LAST)}, {_NAMES})
                WHEN regexp_matches(trace, '^\\s+at |^goroutine |^#0 |^\\[stacktrace\\]|^[^\\n]*\\n\\s+\\S+[.]go:')
                THEN regexp_extract(head, {quoted(_WITHIN)}, {_NAMES})
                ELSE regexp_extract(trace, {quoted(_FIRST)}, {_NAMES})
            END AS fault
        FROM (
            SELECT
                *,
                CASE
                    WHEN is_trace THEN split_part(message, chr(10), 1)
                    WHEN split.trace <> '' THEN split.head
                END AS head,
                CASE WHEN is_trace THEN message WHEN split.trace <> '' THEN ltrim(split.trace, chr(10)) END AS trace
            FROM (
                SELECT *, CASE WHEN may_hold AND NOT is_trace THEN {split} END AS split
                FROM (
                    SELECT *, CASE WHEN may_hold THEN {is_trace} ELSE false END AS is_trace
                    FROM (SELECT *, contains(message, chr(10)) AS may_hold FROM ({query}))
                )
            )
        )
    """
