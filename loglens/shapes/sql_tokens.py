r"""The tokens of a statement in any SQL dialect: one pass, total, so that every text is some tokens.

Two families differ in what quotes mean. In `mysql` a backslash escapes inside strings, double quotes are strings and
`#` begins a comment; in `standard` double quotes are identifiers. What literals and comments look like is written in
the syntax that Python's `re` and RE2 share, because DuckDB masks them before statements come here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple, cast

Family = Literal["standard", "mysql"]
Kind = Literal["space", "comment", "literal", "quoted", "broken", "placeholder", "word", "sign"]


class Token(NamedTuple):
    """One token: what it is, and its text; a broken one is a string or comment that never ends."""

    kind: Kind
    text: str


_UUID = r"\b[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}\b"
_CLOCK = r"[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_DATE = rf"\b[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:{_CLOCK})?\b"
_NUMBER = r"\b[0-9](?:[eE][+-][0-9]|\.[0-9]|[0-9A-Za-z_])*"
NUMBERS = f"{_UUID}|{_DATE}|{_NUMBER}"

_ESCAPED = r"'(?:[^'\\]|\\[\s\S]|'')*'"
# In Oracle's q'[it's]' what closes it belongs to what opens it.
_Q_STRING = r"\b[Nn]?[Qq]'(?:\[[\s\S]*?\]|\([\s\S]*?\)|\{[\s\S]*?\}|<[\s\S]*?>|![\s\S]*?!|\|[\s\S]*?\|)'"
STRINGS: dict[Family, str] = {
    "standard": rf"{_Q_STRING}|\b[Ee]{_ESCAPED}|(?:\b(?:[NnXxBbRr]|[Uu]&))?'(?:[^']|'')*'|\$\$[\s\S]*?\$\$",
    "mysql": rf'(?:\b(?:[NnXxBb]|_[A-Za-z0-9]+ ?))?{_ESCAPED}|"(?:[^"\\]|\\[\s\S]|"")*"',
}
QUOTED: dict[Family, str] = {"standard": '"(?:[^"]|"")*"|`[^`]*`', "mysql": "`[^`]*`"}
COMMENTS: dict[Family, str] = {
    "standard": r"--[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+/",
    "mysql": r"(?:--|#)[^\n]*|/\*(?:[^*]|\*+[^*/])*\*+/",
}

# Python only, from here: look-behinds and back references.
_LETTER = r"A-Za-z_\u0080-\u2025\u2027-\U0010ffff"
_TAGGED = rf"\$(?P<tag>[{_LETTER}][0-9{_LETTER}]*)\$[\s\S]*?\$(?P=tag)\$"
_BRACKETED = r"(?<![0-9A-Za-z_)\]\"])\[[A-Za-z_#@][^\[\]'\"`,]*\]"
_PLACEHOLDERS = (
    r"\?[0-9]*(?!\|[^|]|&[^&])",
    r"\$[0-9]+|[$@][A-Za-z_][0-9A-Za-z_$]*",
    r":[A-Za-z_][0-9A-Za-z_]*",
    r"%(?:\([0-9A-Za-z_]+\))?[sdi](?![0-9A-Za-z_])",
)
_SIGNS = r"<=>|[-#]>>?|<@|@>|@@|::|:=|[<>=!]=|<>|<<|>>|=>|\|\||&&|!?~\*?|\?[|&]|[\s\S]"


@cache
def _grammar(family: Family) -> re.Pattern[str]:
    hash_sign = "#" if family == "standard" else ""
    kinds: dict[Kind, str] = {
        "space": r"\s+",
        "comment": COMMENTS[family],
        "literal": f"{STRINGS[family]}|{_TAGGED}|{NUMBERS}",
        "quoted": f"{QUOTED[family]}|{_BRACKETED}",
        "broken": r"(?:['\"`]|\$\$|/\*)[\s\S]*",
        "placeholder": "|".join(_PLACEHOLDERS),
        "word": rf"(?:@@|##?(?=[{_LETTER}]))?[{_LETTER}][0-9{_LETTER}${hash_sign}]*",
        "sign": _SIGNS,
    }
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in kinds.items()), re.ASCII)


def tokens(text: str, family: Family) -> Iterator[Token]:
    """Yield the tokens of a text; together they are the text."""
    match = _grammar(family).match
    before = Token("sign", "")
    at = 0
    while found := match(text, at):
        token = Token(cast(Kind, found.lastgroup), found[0])
        at += len(token.text)
        if token.text[0] in ":%@[" and token.kind != "sign" and _is_operand(before):
            # An operator behind an operand: a::int, metadata:key, a % s, table@link, a[1].
            yield Token("sign", token.text[0])
            if token.text[0] in ":@":
                token = Token("word", token.text[1:])
            else:
                at -= len(token.text) - 1
                token = Token("sign", token.text[0])
                before = token
                continue
        yield token
        if token.kind not in {"space", "comment"} or before.kind != "literal":
            before = token


def _is_operand(before: Token) -> bool:
    """Say whether what stands directly before, or a literal with space between, can be followed by an operator."""
    return before.kind in {"literal", "word", "quoted"} or before.text in {")", "]"}
