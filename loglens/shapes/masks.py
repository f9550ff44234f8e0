r"""Calls with what differs from one to the next masked, as SQL expressions: millions of texts become few to shape.

A masked statement has the shape of the original, `shape_sql(mask(text)) == shape_sql(text)`; where quotes make that
doubtful, it is left as it is.
"""

from __future__ import annotations

import re

from loglens.shapes.sql_tokens import COMMENTS, NUMBERS, QUOTED, STRINGS, Family

# How database systems quote. Of a system that is not known, a backtick or a comparison with "text" tells.
MYSQL = ("mysql", "mariadb", "tidb", "vitess", "bigquery", "hive", "spark", "databricks")
STANDARD = (
    *("postgresql", "postgres", "redshift", "cockroachdb", "mssql", "microsoft.sql_server", "oracle", "oracle.db"),
    *("db2", "snowflake", "clickhouse", "sqlite", "duckdb", "trino", "h2", "hsqldb", "cassandra"),
)
_LOOKS_MYSQL = r'`|(?:[=<>]|\b(?i:LIKE))\s*"[^"]*"\s*(?:$|[^.\s])'

# Dollar quotes with tags, brackets around what may be a string or comment, a placeholder that runs into a string, and
# the marks that masks are made with.
_UNSURE = r"\$[A-Za-z_\x{80}-\x{10FFFF}]|\[[A-Za-z_#@][^\]]*(?:--|/\*|#|')|[:@][A-Za-z]&?'|[\x01\x02]"
_COMMENT_BEGINS = {"standard": ("--", "/*"), "mysql": ("--", "/*", "#")}
# Digits belong to names in quotes, beside letters beyond ASCII and behind some signs; not so where names are plain.
_NAMED = {"standard": r'["`\[$#\x{80}-\x{10FFFF}]|\?[0-9]', "mysql": r"[`\[$\x{80}-\x{10FFFF}]|\?[0-9]"}
_SAFE = r"[\x09-!%&(-:;->@A-Z\\\]^_a-~]|\?[\s,);]"
_PLAIN = {
    "standard": rf"""(?:{_SAFE}|'[^'\\]*'|"[A-Za-z_][0-9A-Za-z_]*"|`[A-Za-z_][0-9A-Za-z_]*`)*""",
    "mysql": rf"""(?:{_SAFE}|#|'[^'\\]*'|"[^"\\]*"|`[A-Za-z_][0-9A-Za-z_]*`)*""",
}
_BEYOND = r"\x{80}-\x{2025}\x{2027}-\x{10FFFF}"
_NAMES = (
    r"\[[A-Za-z_#@][^\[\]'\"`,]*\]"
    rf"|[0-9A-Za-z_$#]*[{_BEYOND}][{_BEYOND}0-9A-Za-z_$#]*"
    r"|[A-Za-z_][0-9A-Za-z_]*[$#][0-9A-Za-z_$#]*"
    r"|::|\?[0-9]*|\$[0-9]+|:[A-Za-z_][0-9A-Za-z_]*|@[A-Za-z_][0-9A-Za-z_$]*|#+[A-Za-z_][0-9A-Za-z_$#]*"
    r"|%(?:\([0-9A-Za-z_]+\))?[sdi]\b|%\([0-9A-Za-z_]+\)"
)


def is_mysql_sql(system: str, text: str) -> str:
    """Return the condition under which a statement quotes as MySQL does."""
    return (
        f"CASE WHEN {system} IN {MYSQL} THEN true WHEN {system} IN {STANDARD} THEN false "
        f"ELSE regexp_matches({text}, {_quoted(_LOOKS_MYSQL)}) END"
    )


def bare_sql(text: str, family: Family) -> str:
    """Return the expression for a statement without its comments, where what they are is sure."""
    return (
        f"CASE WHEN NOT ({_is_commented(text, family)}) THEN {text} "
        f"WHEN regexp_matches({text}, {_quoted(_UNSURE)}) THEN {text} ELSE {_uncommented(text, family)} END"
    )


def mask_sql(text: str, family: Family) -> str:
    """Return the expression for a statement without comments and with its literals as `0`, where that is sure."""
    literals = f"{STRINGS[family]}|{NUMBERS}"
    special = "|".join((_UNSURE, _NAMED[family], *map(re.escape, _COMMENT_BEGINS[family])))
    bare = f"CASE WHEN {_is_commented(text, family)} THEN {_uncommented(text, family)} ELSE {text} END"
    return (
        f"CASE WHEN NOT regexp_matches({text}, {_quoted(special)}) "
        f"THEN regexp_replace({text}, {_quoted(literals)}, ' 0 ', 'g') "
        f"WHEN regexp_matches({text}, {_quoted(_UNSURE)}) THEN {text} "
        f"WHEN regexp_full_match({text}, {_quoted(_PLAIN[family])}) "
        f"THEN regexp_replace({bare}, {_quoted(literals)}, ' 0 ', 'g') "
        f"ELSE {_replaced(bare, f'{literals}|({QUOTED[family]}|{_NAMES})', ' 0 ')} END"
    )


def _is_commented(text: str, family: Family) -> str:
    return " OR ".join(f"contains({text}, '{begin}')" for begin in _COMMENT_BEGINS[family])


def _uncommented(text: str, family: Family) -> str:
    return _replaced(text, f"({STRINGS[family]}|{QUOTED[family]})|{COMMENTS[family]}", " ")


def _replaced(text: str, pattern: str, by: str) -> str:
    """Return the expression for a text in which matches are replaced, but for those of the one group of the pattern."""
    marked = f"regexp_replace({text}, {_quoted(pattern)}, chr(2) || '\\1' || chr(1), 'g')"
    return f"translate(replace({marked}, chr(2) || chr(1), '{by}'), chr(1) || chr(2), '')"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
