"""The shape of a SQL statement in any dialect: literals and placeholders are `?`, lists are `(...)`.

Comments and the layout go, keywords are upper case, identifiers stay as they were written, without quotes where they
need none. The end of a statement that was cut off is `…`, so that it never passes for a whole one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote

from loglens.shape import Shape
from loglens.shapes.sql_form import KEYWORDS, NOTHING, VALUE, collapse_lists, fold_values, is_name, is_operand, render
from loglens.shapes.sql_tokens import Family, Token, tokens

_OPERATIONS = frozenset("SELECT INSERT UPDATE DELETE MERGE REPLACE".split())
# What stands before the name of a table, or of a variable that is set.
_NAMING = frozenset(("FROM", "INTO", "JOIN", "UPDATE", "TABLE", "DECLARE", "ONLY", "CALL", "EXEC", "EXECUTE"))
_DANGLING = frozenset(
    """ALL AND AS BETWEEN BY CASE DISTINCT ELSE FROM GROUP HAVING ILIKE IN INNER INTERVAL INTO IS JOIN LEFT LIKE LIMIT
    NOT OFFSET ON OR ORDER OUTER SELECT SET THEN UNION UPDATE USING VALUES WHEN WHERE WITH""".split()
)
# Where a statement may end with one of them after all.
_WHOLE = {("DEFAULT", "VALUES"), ("FOR", "UPDATE"), ("KEY", "UPDATE"), ("BY", "ALL")}
_CUT_MARKS = (("…",), (".", ".", "."), ("<", "truncated", ">"), ("[", "truncated", "]"), ("(", "truncated", ")"))
_VERB = re.compile(r"[A-Za-z]+")
_PLAIN_NAME = re.compile(r"[^\W\d]\w*")
_PAGING = re.compile(r"\bOFFSET \?|\bLIMIT \?, \?|\bWHERE [\w.]+ [<>]=? \? ORDER BY [\w., ]+ LIMIT \?")
_TAG = re.compile(r"([\w.%-]+)\s*=\s*'((?:[^'\\]|\\.)*)'|(?:(?<=^)|(?<=,))\s*([a-z_]+):([^,']+)")


def shape_sql(text: str, family: Family = "standard") -> Shape:
    """Return the shape of a statement; every text has one."""
    is_truncated = False
    found: list[Token] = []
    tags: dict[str, str] = {}
    has_hidden = False
    for token in tokens(text, family):
        match token.kind:
            case "space":
                pass
            case "comment":
                tags |= comment_tags(token.text)
            case "broken":
                is_truncated = True
                if token.text.startswith(("'", "$")) or (family == "mysql" and token.text.startswith('"')):
                    found.append(VALUE)
            case "placeholder" if not (token.text[0] == "@" and found and found[-1].text in _NAMING):
                has_hidden = True
                found.append(VALUE)
            case "literal" if _is_numbered(found):
                has_hidden = True
                found[-1] = VALUE
            case _:
                found.append(_named(token))
    is_truncated = _drop_end(found) or is_truncated
    short, items = collapse_lists(fold_values(found))
    shape = " ".join(filter(None, (render(short), "…" if is_truncated else "")))
    return Shape(
        text=shape,
        operation=_operation(short),
        target=_target(short),
        has_hidden=has_hidden,
        items=items,
        is_paging=_PAGING.search(shape) is not None,
        is_truncated=is_truncated,
        tags=tags,
    )


def comment_tags(comment: str) -> dict[str, str]:
    """Return what a comment says about the caller: the pairs of sqlcommenter (`key='value'`) or marginalia."""
    body = comment.strip("/*# \t\r\n-")
    return {
        unquote(match[1] or match[3]): unquote(match[2] or "").replace("\\'", "'") or (match[4] or "").strip()
        for match in _TAG.finditer(body)
    }


@lru_cache(10_000)
def _named(token: Token) -> Token:
    """Return a token as it stands in a shape: literals as `?`, keywords upper case, names without needless quotes."""
    if token.kind == "literal":
        return VALUE
    if token.kind == "word" and token.text.upper() in KEYWORDS:
        return Token("word", token.text.upper())
    if token.kind == "quoted":
        name = token.text[1:-1]
        is_plain = _PLAIN_NAME.fullmatch(name) and name.upper() not in KEYWORDS
        return Token("quoted", name if is_plain else f'"{name}"')
    return Token("word", token.text) if token.kind == "placeholder" else token


def _drop_end(found: list[Token]) -> bool:
    """Drop what says that a statement ends, or was cut off, or may be half a word; return whether it was cut off."""
    while found and found[-1].text == ";":
        found.pop()
    for mark in _CUT_MARKS:
        if tuple(token.text for token in found[-len(mark) :]) == mark:
            del found[-len(mark) :]
            is_cut = True
            break
    else:
        is_cut = _is_open(found)
    if is_cut and found and is_name(found[-1]):
        found.pop()
    return is_cut


def _is_open(found: Sequence[Token]) -> bool:
    """Say whether a statement ends where none can end: inside parentheses, or after a word that asks for more."""
    if not found:
        return False
    depth = 0
    for token in found:
        depth = depth + 1 if token.text == "(" else max(0, depth - (token.text == ")"))
    last = found[-1]
    if last.kind == "word":
        is_whole = tuple(token.text.upper() for token in found[-2:]) in _WHOLE
        return depth > 0 or (last.text in _DANGLING and not is_whole)
    return depth > 0 or (last.kind == "sign" and last.text in {",", "=", "<", ">", "<=", ">=", "<>", "!=", "||", "."})


def _is_numbered(found: Sequence[Token]) -> bool:
    """Say whether a literal is the number of a placeholder: `:1`, and not the end of a slice, `[2:3]`."""
    if not found or found[-1].text != ":":
        return False
    return not is_operand(found[-2] if len(found) > 1 else NOTHING)


def _operation(found: Sequence[Token]) -> str | None:
    """Return the verb: of the first statement that reads or writes, behind the common tables of a WITH."""
    verb: str | None = None
    depth = 0
    for at, token in enumerate(found):
        depth += (token.text == "(") - (token.text == ")")
        begins = at == 0 or found[at - 1].text == ";" or (verb == "WITH" and depth == 0)
        if begins and token.text in _OPERATIONS:
            return token.text
        if verb is None and token.kind == "word" and _VERB.fullmatch(token.text):
            verb = token.text.upper()
    return verb


def _target(found: Sequence[Token]) -> str | None:
    """Return the first table, with its schema: after FROM, INTO, UPDATE, JOIN or TABLE, outermost first."""
    names: list[tuple[int, int]] = []
    depth = 0
    for at, token in enumerate(found[:-1]):
        depth += (token.text == "(") - (token.text == ")")
        follows = found[at + 1]
        if token.kind == "word" and token.text in _NAMING and is_name(follows):
            names.append((depth, at + 1))
    if not names:
        return None
    at = min(names)[1]
    end = at + 1
    while end + 1 < len(found) and found[end].text == "." and found[end + 1].kind in {"word", "quoted"}:
        end += 2
    return "".join(token.text for token in found[at:end])
