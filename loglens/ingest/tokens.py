"""Records whose values stand in a fixed order, some of them in quotes: their pattern, and a quicker way through it.

Cut at its quotes, such a record falls into pieces that alternately stand outside and inside of them. What is inside is
a value as it is. What is outside is split at its spaces, where every value is a word that may have a key before it; or
it is matched by expressions with so few groups that RE2 needs one pass for them, which takes a third of the time of one
expression for all. That holds where no quote, backslash or control character is in a value; the pattern of the whole
takes the others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# RE2 finds this many groups in one pass.
ONE_PASS_GROUPS = 4
HARMLESS = re.compile(r'[^"\\\x00-\x1f]*')
_WORD = r'[^\s"\\\x00-\x1f]'
_INSIDE = r'[^"\\\x00-\x1f]*'
_ESCAPED = r'(?:[^"\\]|\\.)*'


@dataclass(frozen=True)
class Token:
    """One value: the text before and after it, the group it is found in, and whether it stands in quotes.

    `pattern` (RE2) is what it looks like where that is not any word, `inner` finds groups within it that may be absent.
    `is_harmless` says that no value seen has a quote, a backslash or a control character, `may_be_empty` that one
    is empty.
    """

    before: str
    group: str
    is_quoted: bool = False
    pattern: str = ""
    inner: str = ""
    is_harmless: bool = True
    may_be_empty: bool = False
    after: str = ""

    def value(self) -> str:
        """Return the pattern of the value within its group."""
        if self.pattern:
            return self.pattern
        if self.is_quoted:
            return _INSIDE if self.is_harmless else _ESCAPED
        return f"{_WORD}{'*' if self.may_be_empty else '+'}" if self.is_harmless else r"[^\s\"]\S*"

    def whole(self) -> str:
        """Return the pattern of the value with the text before it."""
        inner = f"{self.inner}|" if self.inner else ""
        group = f"(?P<{self.group}>{inner}{self.value()})"
        return literal(self.before) + (f'"{group}"' if self.is_quoted else group) + literal(self.after)


def literal(text: str) -> str:
    """Return the pattern of a text."""
    return re.escape(text).replace(r"\ ", " ")


@dataclass(frozen=True)
class Word:
    """What stands between two spaces: a text, and behind it the value of a group, if there is one."""

    text: str
    group: str = ""
    may_be_empty: bool = False


@dataclass(frozen=True)
class Outside:
    """A piece outside of quotes: its text where it has no values, else its words or the expressions that find them.

    All but the last of the expressions end in a group `rest` for the next. `proofs` are groups of them that are not
    empty in a match, one for each.
    """

    text: str = ""
    words: tuple[Word, ...] = ()
    patterns: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()


def pattern_of(tokens: Sequence[Token]) -> str:
    """Return the pattern of a whole record; further lines are in the group `more`.

    The text before the first value is the group `proof`, where there is such a text.
    """
    first = literal(tokens[0].before)
    start = f"(?P<proof>{first}){tokens[0].whole().removeprefix(first)}" if first else tokens[0].whole()
    return f"^{start}{''.join(token.whole() for token in tokens[1:])}" + r"(?:\n(?P<more>.*))?$"


def outsides(tokens: Sequence[Token]) -> tuple[Outside, ...]:
    """Return the pieces outside of quotes; between them stand the quoted tokens."""
    found: list[Outside] = []
    bare: list[Token] = []
    for token in tokens:
        if token.is_quoted:
            found.append(_outside(bare, token.before))
            bare = []
        else:
            bare.append(token)
    return (*found, _outside(bare, ""))


def _outside(tokens: Sequence[Token], after: str) -> Outside:
    if not tokens:
        return Outside(text=after)
    if words := _words(tokens, after):
        return Outside(words=words)
    patterns: list[str] = []
    proofs: list[str] = []
    rest = list(tokens)
    while rest:
        has_proof = any(not token.may_be_empty for token in rest[: ONE_PASS_GROUPS - 1])
        room = ONE_PASS_GROUPS - (0 if has_proof else 1)
        some, rest = (rest, []) if len(rest) <= room else (rest[: room - 1], rest[room - 1 :])
        proof = next((token.group for token in some if not token.may_be_empty), "proof")
        first = literal(some[0].before)
        start = f"(?P<proof>{first})" if proof == "proof" else first
        groups = some[0].whole().removeprefix(first) + "".join(token.whole() for token in some[1:])
        end = "(?P<rest>.*)" if rest else literal(after)
        patterns.append(f"^{start}{groups}{end}$")
        proofs.append(proof)
    return Outside(patterns=tuple(patterns), proofs=tuple(proofs))


def _words(tokens: Sequence[Token], after: str) -> tuple[Word, ...]:
    """Return the words of a piece, none where it has other values or what is between them is more than a space."""
    heads = [token.before for token in tokens]
    is_parted = re.fullmatch(r" ?\S*", heads[0]) and all(re.fullmatch(r" \S*", head) for head in heads[1:])
    has_others = any(token.pattern or token.inner or token.after for token in tokens)
    if not is_parted or has_others or not re.fullmatch(r"(?: \S*)?", after):
        return ()
    before = [Word("")] if heads[0].startswith(" ") else []
    behind = [Word(after[1:])] if after else []
    values = [Word(token.before.removeprefix(" "), token.group, token.may_be_empty) for token in tokens]
    return (*before, *values, *behind)
