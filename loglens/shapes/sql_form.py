"""The normal form of the tokens of a statement: literals folded, lists collapsed, written with the same spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loglens.shapes.sql_tokens import Token

KEYWORDS = frozenset(
    """ADD ALL ALTER ANALYZE AND ANY ARRAY AS ASC BEGIN BETWEEN BY CALL CASE CLOSE COMMIT CONFLICT CONSTRAINT COPY
    CREATE CROSS DECLARE DEFAULT DELETE DESC DISTINCT DO DROP DUPLICATE ELSE END ESCAPE EXCEPT EXEC EXECUTE EXISTS
    EXPLAIN FALSE FETCH FOR FOREIGN FROM FULL GROUP HAVING ILIKE IN INNER INSERT INTERSECT INTERVAL INTO IS JOIN LATERAL
    LEFT LIKE LIMIT LOCK MATCH MERGE NATURAL NOT NOTHING NULL OFFSET ON ONLY OR ORDER OUTER OVER PARTITION PREPARE
    PRIMARY RECURSIVE REFERENCES RELEASE REPLACE RETURNING RIGHT ROLLBACK SAVEPOINT SELECT SET SHOW SOME TABLE THEN TOP
    TRUE TRUNCATE UNION UNIQUE UPDATE USE USING VALUES VIEW WHEN WHERE WITH""".split()
)
NOTHING = Token("sign", "")
VALUE = Token("literal", "?")
_LIST = Token("literal", "(...)")
_ARRAY = Token("literal", "[...]")
_DATES = frozenset(("DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "DATETIME"))
_CONSTANTS = frozenset(("NULL", "TRUE", "FALSE"))
_CALLABLE = frozenset(("ANY", "ARRAY"))
_NO_SPACE_BEFORE = frozenset((",", ";", ")", "]", ".", "::"))
_NO_SPACE_AFTER = frozenset(("(", "[", ".", "::", ""))


def is_name(token: Token) -> bool:
    """Say whether a token is a name, and not a keyword."""
    return token.kind == "quoted" or (token.kind == "word" and token.text not in KEYWORDS)


def is_operand(token: Token) -> bool:
    """Say whether an operator may follow: behind names, values and closed brackets."""
    return token.kind == "literal" or token.text in {")", "]"} or is_name(token)


def fold_values(found: Sequence[Token]) -> list[Token]:
    """Return tokens with constants as values, and with signs, points and types of literals made part of them."""
    out: list[Token] = []
    for number, token in enumerate(found):
        before = out[-1] if out else NOTHING
        is_constant = token.text in _CONSTANTS and token.kind == "word"
        if token.kind == "literal" or (is_constant and before.text not in {"IS", "NOT", "SET", "DEFAULT"}):
            while out and _belongs_to_literal(out):
                out.pop()
            out.append(VALUE)
        elif token.text != "." or before.kind != "literal" or _goes_on(found[number + 1 : number + 2]):
            out.append(token)
    return out


def _belongs_to_literal(out: Sequence[Token]) -> bool:
    last = out[-1]
    before = out[-2] if len(out) > 1 else NOTHING
    is_after_operand = is_operand(before)
    if last.text in {"-", "+", "."}:
        return not is_after_operand
    return last.kind == "word" and last.text.upper() in _DATES and not is_after_operand and before.text != "."


def _goes_on(following: Sequence[Token]) -> bool:
    return bool(following) and (is_name(following[0]) or following[0].text == "*")


def collapse_lists(found: Sequence[Token]) -> tuple[list[Token], int]:
    """Return tokens with lists of values as `(...)`, and how many members the longest list had."""
    ends = _ends(found)
    out: list[Token] = []
    longest = 1
    # Brackets in brackets are looked through again and again: no text may make that long.
    patience = 10 * len(found)
    at = 0
    while at < len(found):
        before = found[at - 1].text if at else ""
        if found[at].text == "(" and before == "VALUES":
            rows, at = _rows(found, at, ends)
            longest = max(longest, len(rows))
            for number, row in enumerate(dict.fromkeys(rows)):
                out += [Token("sign", ","), *row] if number else row
            continue
        inside = found[at + 1 : ends[at]] if patience > 0 and _begins_list(found, at) else []
        patience -= len(inside)
        if found[at].text == "[" and before != "ARRAY" and len(inside) == 1 and is_name(inside[0]):
            # Brackets that are but the quotes of a name: behind a word without a space, as in SELECT[a].
            out += inside
        elif _is_all_values(inside):
            longest = max(longest, _members(inside))
            out.append(_LIST if before == "IN" else _ARRAY)
        else:
            out.append(found[at])
            at += 1
            continue
        at = ends[at] + 1
    return out, longest


def _rows(found: Sequence[Token], at: int, ends: Mapping[int, int]) -> tuple[list[tuple[Token, ...]], int]:
    """Return the rows of a VALUES list and where it ends; a row of values alone is `(...)`."""
    rows: list[tuple[Token, ...]] = []
    while at < len(found) and found[at].text == "(":
        row = tuple(found[at : ends[at] + 1])
        rows.append((_LIST,) if _is_all_values(found[at + 1 : ends[at]]) else row)
        at = ends[at] + 1
        # A statement that was cut off may end with the comma before the next row.
        if at < len(found) and found[at].text == "," and found[at + 1 : at + 2] in ([], [Token("sign", "(")]):
            at += 1
    return rows, at


def _ends(found: Sequence[Token]) -> dict[int, int]:
    """Return where each bracket closes; the end of the tokens where it does not."""
    ends: dict[int, int] = {}
    open_ones: list[int] = []
    for at, token in enumerate(found):
        if token.text in {"(", "["}:
            open_ones.append(at)
            ends[at] = len(found)
        elif token.text in {")", "]"} and open_ones:
            ends[open_ones.pop()] = at
    return ends


def _begins_list(found: Sequence[Token], at: int) -> bool:
    if found[at].text == "(":
        return at > 0 and found[at - 1].text == "IN"
    return found[at].text == "[" and not _is_subscript(found, at)


def _is_all_values(members: Sequence[Token]) -> bool:
    return any(token.kind == "literal" for token in members) and all(
        token.kind == "literal"
        or token.text in {",", "(", ")", "::", "DEFAULT", "NULL", "[", "]", "ARRAY"}
        or (number and members[number - 1].text == "::")
        for number, token in enumerate(members)
    )


def _members(members: Sequence[Token]) -> int:
    depth = 0
    count = 1
    for number, token in enumerate(members):
        depth += (token.text == "(") - (token.text == ")")
        count += token.text == "," and depth == 0 and number + 1 < len(members)
    return count


def _is_subscript(found: Sequence[Token], at: int) -> bool:
    return at > 0 and (is_name(found[at - 1]) or found[at - 1].text in {")", "]"})


def render(found: Sequence[Token]) -> str:
    """Return tokens as one line, with spaces where people put them."""
    parts: list[str] = []
    before = NOTHING
    for token in found:
        is_call = token.text in {"(", "[", "[...]"} and (is_name(before) or before.text in _CALLABLE)
        is_tight = token.text in _NO_SPACE_BEFORE or before.text in _NO_SPACE_AFTER or is_call
        parts.append(token.text if is_tight else " " + token.text)
        before = token
    return "".join(parts)
