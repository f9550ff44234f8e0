"""What sets the failed requests of a burst apart from those that succeeded in the same time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loglens.analysis import Row
from loglens.differences import Difference, differences
from loglens.explain.read import read_attributes
from loglens.explain.words import OUTCOME, is_text, value_text
from loglens.wording import percent

if TYPE_CHECKING:
    import pyarrow as pa

# From this share of the requests on for which either holds, two differences are one.
_SAME = 0.95


def apart(part: pa.Table, members: Sequence[Row]) -> list[str]:
    """Return the attributes that differ, in words, the most telling first; `part` are the rows of one burst.

    Of those that hold for nearly the same requests only the first is told.
    """
    import numpy as np

    is_tail = np.array([row["is_tail"] for row in members], dtype=bool)
    if is_tail.all() or not is_tail.any():
        return []
    attributes = [each for each in read_attributes(part, len(members)) if not OUTCOME.search(each.name)]
    told: list[Difference] = []
    for each in differences(attributes, is_tail):
        if not any(_is_same(each, other) for other in told):
            told.append(each)
    return [_told(each) for each in told]


def _is_same(one: Difference, other: Difference) -> bool:
    if one.holds is None or other.holds is None:
        return False
    return int((one.holds & other.holds).sum()) >= _SAME * int((one.holds | other.holds).sum())


def _told(found: Difference) -> str:
    said = " and ".join(is_text(each.attribute, value_text(each)) for each in found.conditions)
    return f"{said} ({percent(found.tail_ratio)}, else {percent(found.body_ratio)})"
