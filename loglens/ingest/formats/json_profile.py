"""What the beginning of a file tells about the rest: which known keys it uses, and in which combinations."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from loglens.ingest.formats.json_fields import Candidate, candidates

# Each place of a value that lines of one layout move into a column is a bit of a 64-bit mask.
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

    `closed` are top-level keys that were never seen to hold an object with places. A line reads the same with every
    profile that has its keys; lines with known keys a profile has not, or with an object under a closed one, are set
    aside for one that has. Places are numbered from 1.
    """

    places: tuple[Candidate, ...]
    closed: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = field(default=())

    @classmethod
    def of_keys(cls, keys: Iterable[str], objects: Collection[str]) -> Profile:
        """Return the profile of lines with these top-level keys, some of which hold objects."""
        present = set(keys)
        nested = {place.root for place in candidates() if place.is_nested}
        return cls(
            tuple(
                place
                for place in candidates()
                if place.root in present and (place.root in objects or not place.is_nested)
            ),
            tuple(sorted((present & nested) - set(objects))),
        )

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
        seen = {place.root for place in self.places} | set(self.closed)
        return list(dict.fromkeys(place.root for place in candidates() if place.root not in seen))

    @cached_property
    def looked_at(self) -> dict[str, int]:
        """The numbers of top-level keys that are looked at whole, places among them; others follow the places."""
        whole = {place.root: number for place, number in self.numbers.items() if not place.is_nested}
        wanted = [*self.closed, *(layout.last for layout in self.layouts if layout.last is not None)]
        others = [key for key in dict.fromkeys(wanted) if key not in whole]
        return whole | {key: number for number, key in enumerate(others, start=len(self.places) + 1)}

    @property
    def can_have_layouts(self) -> bool:
        """True where the numbers of all places fit into a mask."""
        return len(self.places) <= MASK_BITS

    def of(self, column: str) -> list[Candidate]:
        """Return the places of a column, by priority."""
        return [place for place in self.places if place.column == column]

    def named(self, column: str, key: str) -> list[int]:
        """Return the numbers of the places of one key of a column."""
        return [number for place, number in self.numbers.items() if place.column == column and place.key == key]
