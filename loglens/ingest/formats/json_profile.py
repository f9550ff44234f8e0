"""What the beginning of a file tells about the rest: which known keys it uses, and in which combinations."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from loglens.ingest.formats.json_fields import Candidate, candidates, known_roots
from loglens.ingest.formats.json_wrappers import Wrapper, pieces_query
from loglens.ingest.zones import UTC

# Where lines of one layout had their values from is one 64-bit number, of a few bits for each column.
MASK_BITS = 62


@dataclass(frozen=True)
class Layout:
    """Lines with the same keys in the same order whose known values all went into columns.

    `keys` are the keys as the engine writes their list, `places` the numbers of the places that values were taken
    from, `patch` what takes them out of such a line. `rest` are the keys that stay, where they stay whole and are few
    and plain; `last` is the one that stays alone, where it is the last of the record.
    """

    keys: str
    places: tuple[int, ...]
    patch: str
    rest: tuple[str, ...] | None
    last: str | None


@dataclass(frozen=True)
class Profile:
    """The places where a file was seen to hold values of columns, by priority, and its usual layouts.

    `keys` are the known top-level keys it has, `closed` those that were never seen to hold an object with places. A
    line reads the same with every profile that has its keys; lines with known keys a profile has not, or with an object
    under a closed one, are set aside for one that has. Places are numbered from 1. `opens` are the wrappers that are
    opened first, from outside to inside. Times without a zone are local to `zone`.
    """

    places: tuple[Candidate, ...]
    keys: frozenset[str] = frozenset()
    closed: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = field(default=())
    opens: tuple[tuple[Wrapper, ...], ...] = ()
    zone: str = UTC

    @classmethod
    def of_keys(
        cls, keys: Iterable[str], objects: Collection[str], opens: tuple[tuple[Wrapper, ...], ...] = ()
    ) -> Profile:
        """Return the profile of lines with these top-level keys once opened, some of which hold objects."""
        present = known_roots() & set(keys)
        nested = {place.root for place in candidates() if place.is_nested}
        return cls(
            tuple(
                place
                for place in candidates()
                if place.root in present
                and (place.root in objects or not place.is_nested)
                and (place.beside is None or place.beside in present)
            ),
            present,
            tuple(sorted((present & nested) - set(objects))),
            opens=opens,
        )

    @property
    def pieces_sql(self) -> str:
        """The query for the pieces with their wrappers opened."""
        return pieces_query(self.opens)

    @cached_property
    def is_flat(self) -> bool:
        """True where the keys of the record itself tell layouts apart."""
        return not any(place.is_nested for place in self.places)

    @cached_property
    def numbers(self) -> dict[Candidate, int]:
        """The number of every place."""
        return {candidate: number for number, candidate in enumerate(self.places, start=1)}

    @cached_property
    def unseen_roots(self) -> list[str]:
        """The known top-level keys the profile has not."""
        return sorted(known_roots() - self.keys)

    @cached_property
    def looked_at(self) -> dict[str, int]:
        """The numbers of top-level keys that are looked at whole, places among them; others follow the places."""
        whole = {place.root: number for place, number in self.numbers.items() if not place.is_nested}
        wanted = [
            *self.closed,
            *(place.beside for place in self.places if place.beside is not None),
            *(layout.last for layout in self.layouts if layout.last is not None),
        ]
        others = [key for key in dict.fromkeys(wanted) if key not in whole]
        return whole | {key: number for number, key in enumerate(others, start=len(self.places) + 1)}

    @cached_property
    def shifts(self) -> dict[str, int]:
        """Where the bits of each column begin in a mask; a column has as many as its places need, and none for none."""
        shifts, width = {}, 0
        for column in dict.fromkeys(place.column for place in self.places):
            shifts[column] = width
            width += len(self.of(column)).bit_length()
        return shifts | {"": width}

    @property
    def can_have_layouts(self) -> bool:
        """True where a mask has room for every column."""
        return self.shifts[""] <= MASK_BITS

    def mask(self, numbers: Collection[int]) -> int:
        """Return the mask of lines that had their values from the places of these numbers."""
        taken = {place for place, number in self.numbers.items() if number in numbers}
        return sum((self.of(place.column).index(place) + 1) << self.shifts[place.column] for place in taken)

    def of(self, column: str) -> list[Candidate]:
        """Return the places of a column, by priority."""
        return [place for place in self.places if place.column == column]

    def named(self, column: str, key: str) -> list[int]:
        """Return the numbers of the places of one key of a column."""
        return [number for place, number in self.numbers.items() if place.column == column and place.key == key]
