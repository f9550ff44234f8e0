"""The skeleton of a JSON record: its keys and brackets, with gaps for the values, and what of it stays in `attributes`.

Only records without a backslash have one, without a key twice in an object, and without numbers side by side in a list.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from loglens.ingest.formats.json_fields import Candidate
from loglens.ingest.formats.json_patch import Node, parents
from loglens.ingest.formats.json_profile import Profile
from loglens.ingest.skeletons import Skeleton

QUOTE = b'"'
_LEXEME = re.compile(rb'\s+|"[^"]*"|[-0-9tfn][^\s,}\]]*|[{}\[\],:]')
_LITERALS = (b"true", b"false", b"null")

# A place in a record: behind which text, and how far from where that begins.
Mark = tuple[int, int]


@dataclass(frozen=True)
class Piece:
    """What of a record stays in `attributes`, as it stands between two places."""

    begin: Mark
    end: Mark


@dataclass(frozen=True)
class RecordSkeleton:
    """A skeleton of records with the gaps that columns have their texts from.

    `gaps` are the number of the gap and of the place of each column, `bare` the gaps with numbers and literals, `taken`
    the numbers of the places whose values are whole in columns. `rest` is what stays: pieces of the record, and texts
    between them; `is_spaced` says that there is white space between values.
    """

    skeleton: Skeleton
    gaps: tuple[tuple[str, int, int], ...]
    bare: tuple[int, ...]
    taken: tuple[int, ...]
    rest: tuple[str | Piece, ...]
    is_spaced: bool

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What of the record stays as it stands there."""
        return tuple(each for each in self.rest if isinstance(each, Piece))

    def gap(self, column: str) -> int | None:
        """Return the number of the gap of a column, None for none."""
        return next((gap for name, gap, _ in self.gaps if name == column), None)

    def place(self, column: str) -> int:
        """Return the number of the place of a column, 0 for none."""
        return next((place for name, _, place in self.gaps if name == column), 0)


@dataclass
class _Value:
    """A value while a record is read: where its member begins and it ends, its gap, and the members of an object."""

    begin: Mark
    key: str = ""
    end: Mark = (0, 0)
    gap: int | None = None
    is_literal: bool = False
    members: dict[str, _Value] | None = None


@dataclass
class _Record:
    """A record read so far: the texts and the gaps between them."""

    texts: list[bytes] = field(default_factory=lambda: [b""])
    bare: list[int] = field(default_factory=list)
    is_spaced: bool = False

    @property
    def mark(self) -> Mark:
        """Where it stands."""
        return len(self.texts) - 1, len(self.texts[-1])

    def add(self, text: bytes) -> None:
        """Go on with a text that all such records have."""
        self.texts[-1] += text

    def add_gap(self) -> int:
        """Go on with a gap; return its number."""
        self.texts.append(b"")
        return len(self.texts) - 2


class _Unfit(Exception):
    """A record has no skeleton."""


class _Reader:
    """Reads one record."""

    def __init__(self, text: bytes) -> None:
        self.record = _Record()
        self._lexemes = self._read(text)
        self._ahead = next(self._lexemes, b"")

    def _read(self, text: bytes) -> Iterator[bytes]:
        place = 0
        while place < len(text):
            found = _LEXEME.match(text, place)
            if found is None:
                raise _Unfit
            place = found.end()
            yield found[0]

    def _next(self) -> bytes:
        """Return the next lexeme, with white space before it added to the record."""
        while self._ahead[:1].isspace():
            self.record.add(self._ahead)
            self.record.is_spaced = True
            self._ahead = next(self._lexemes, b"")
        lexeme, self._ahead = self._ahead, next(self._lexemes, b"")
        return lexeme

    def value(self, lexeme: bytes, value: _Value) -> _Value:
        """Read a value that begins with a lexeme."""
        if lexeme == b"{":
            self._members(value)
        elif lexeme == b"[":
            self._elements()
        elif lexeme[:1] == QUOTE:
            self.record.add(QUOTE)
            value.gap = self.record.add_gap()
            self.record.add(QUOTE)
        elif lexeme[:1] in b"-0123456789tfn" and lexeme:
            if len(self.record.texts) > 1 and QUOTE not in self.record.texts[-1]:
                raise _Unfit
            value.gap, value.is_literal = self.record.add_gap(), lexeme in _LITERALS
            self.record.bare.append(value.gap)
        else:
            raise _Unfit
        value.end = self.record.mark
        return value

    def _members(self, value: _Value) -> None:
        self.record.add(b"{")
        value.members = {}
        lexeme = self._next()
        while lexeme != b"}":
            key, begin = lexeme[1:-1].decode(), self.record.mark
            if key in value.members or lexeme[:1] != QUOTE:
                raise _Unfit
            self.record.add(lexeme)
            self.record.add(self._next())
            value.members[key] = self.value(self._next(), _Value(begin, key))
            if (lexeme := self._next()) == b",":
                self.record.add(lexeme)
                lexeme = self._next()
        self.record.add(b"}")

    def _elements(self) -> None:
        self.record.add(b"[")
        lexeme = self._next()
        while lexeme != b"]":
            self.value(lexeme, _Value(self.record.mark))
            if (lexeme := self._next()) == b",":
                self.record.add(lexeme)
                lexeme = self._next()
        self.record.add(b"]")

    def whole(self) -> _Value:
        """Read the record to its end."""
        value = self.value(self._next(), _Value((0, 0)))
        if self._next() or value.members is None:
            raise _Unfit
        return value


def skeleton_of(text: bytes, profile: Profile, taken: Collection[int]) -> RecordSkeleton | None:
    """Return the skeleton of a JSON object, None where it has none.

    `taken` are the numbers of the places whose values are whole in columns.
    """
    if b"\\" in text:
        return None
    reader = _Reader(text.strip())
    try:
        record = reader.whole()
        gaps = tuple(_gaps(record, profile))
    except (_Unfit, RecursionError):
        return None
    texts = tuple(reader.record.texts)
    if set(taken) - {place for _, _, place in gaps} or not all(QUOTE in each for each in texts[1:-1]):
        return None
    nodes = {profile.places[number - 1].parts for number in taken}
    return RecordSkeleton(
        Skeleton(texts, (0,) * (len(texts) - 1), QUOTE),
        gaps,
        tuple(reader.record.bare),
        tuple(taken),
        tuple(_rest(record, (), nodes)),
        reader.record.is_spaced,
    )


def _gaps(record: _Value, profile: Profile) -> Iterator[tuple[str, int, int]]:
    """Yield each column with the gap and the number of the first place that has a value."""
    objects = set(parents(profile.places))
    for column in dict.fromkeys(place.column for place in profile.places):
        for place in profile.of(column):
            value = _at(record, place.parts)
            if value is None or not _is_beside(record, place) or (value.members is not None and place.parts in objects):
                continue
            if value.gap is None or value.is_literal:
                raise _Unfit
            yield column, value.gap, profile.numbers[place]
            break


def _is_beside(record: _Value, place: Candidate) -> bool:
    if place.beside is None:
        return True
    value = _at(record, (place.beside,))
    if value is not None and value.is_literal:
        raise _Unfit
    return value is not None


def _at(record: _Value, parts: Node) -> _Value | None:
    value: _Value | None = record
    for part in parts:
        value = value.members.get(part) if value is not None and value.members is not None else None
    return value


def _rest(value: _Value, node: Node, taken: Collection[Node]) -> list[str | Piece]:
    """Return the members of an object that stay, with commas between them: whole ones together, others part by part."""
    found: list[str | Piece] = []
    is_run = False
    for key, member in (value.members or {}).items():
        child = (*node, key)
        if child in taken:
            is_run = False
            continue
        if not any(place[: len(child)] == child for place in taken):
            if is_run and isinstance(found[-1], Piece):
                found[-1] = Piece(found[-1].begin, member.end)
            else:
                found += [*([","] if found else []), Piece(member.begin, member.end)]
            is_run = True
            continue
        is_run = False
        if inner := _rest(member, child, taken):
            found += [*([","] if found else []), f'"{key}":{{', *inner, "}"]
    return found
