"""The SQL for JSON records that were cut, whose texts are columns of `input`; see json_cutting.Cutter."""

from __future__ import annotations

from collections.abc import Sequence

from loglens.ingest.formats.json_cutting import Cutter
from loglens.ingest.formats.json_fields import KEYS
from loglens.ingest.formats.json_marks import OBJECT
from loglens.ingest.formats.json_patch import rest_sql
from loglens.ingest.formats.json_profile import Profile
from loglens.ingest.formats.json_skeleton import RecordSkeleton
from loglens.ingest.formats.json_statement import exact_query, insert_statement, mask_sql
from loglens.ingest.sql_text import is_among, quoted


def cut_insert_statement(profile: Profile, cutter: Cutter) -> str:
    """Return the INSERT of records that were cut into `logs`; binds are those of json_statement.insert_statement."""
    known = " ".join(
        f"WHEN skeleton = {number} AND mask = {profile.mask(each.taken)} THEN {number}"
        for number, each in enumerate(cutter.skeletons, start=1)
    )
    exact = exact_query(profile, _texts(profile, cutter))
    exact = f"SELECT *, CASE {known} ELSE 0 END AS known FROM (SELECT *, {mask_sql(profile)} AS mask FROM ({exact}))"
    return insert_statement(profile, exact, _rest(profile, cutter))


def _texts(profile: Profile, cutter: Cutter) -> str:
    """Return the query that adds the number of the place of each column, and what other statements find out."""
    columns = [name for name in KEYS if profile.of(name)]
    added = [f"{_by_skeleton([each.place(name) for each in cutter.skeletons])} AS p_{name}" for name in columns]
    added += [f"CAST(NULL AS VARCHAR) AS t_{name}" for name in columns if name not in cutter.columns]
    never = ("is_inexact", "has_twice", "is_doubled", "is_broken", "is_unseen")
    added += [f"false AS {name}" for name in never]
    return f"""
        SELECT *, {", ".join(added)}, {OBJECT} AS kind, CAST(NULL AS VARCHAR) AS fault, text AS written
        FROM input
    """


def _by_skeleton(numbers: Sequence[int]) -> str:
    """Return the expression for one of some numbers, by the skeleton of a line."""
    if len(set(numbers)) == 1:
        return str(numbers[0])
    which: dict[int, list[int]] = {}
    for skeleton, number in enumerate(numbers, start=1):
        which.setdefault(number, []).append(skeleton)
    usual = max(which, key=lambda number: len(which[number]))
    branches = " ".join(
        f"WHEN {is_among('skeleton', skeletons)} THEN {number}"
        for number, skeletons in which.items()
        if number != usual
    )
    return f"CASE {branches} ELSE {usual} END"


def _rest(profile: Profile, cutter: Cutter) -> str:
    """Return the expression for what no column holds: pieces of the record, or what a patch leaves of it."""
    numbers: dict[str, list[int]] = {}
    for number, skeleton in enumerate(cutter.skeletons, start=1):
        numbers.setdefault(_whole_rest(skeleton), []).append(number)
    ready = " ".join(f"WHEN {is_among('known', known)} THEN {rest}" for rest, known in numbers.items())
    return f"CASE {ready} ELSE {rest_sql(profile, 'text', 'taken')} END"


def _whole_rest(skeleton: RecordSkeleton) -> str:
    parts, number = ["{"], 0
    for part in skeleton.rest:
        if isinstance(part, str):
            parts[-1] += part
        else:
            parts += [f"rest_{number}", ""]
            number += 1
    parts[-1] += "}"
    texts = [quoted(part) if place % 2 == 0 else part for place, part in enumerate(parts)]
    whole = " || ".join(text for text in texts if text != "''")
    return f"CAST(json({whole}) AS VARCHAR)" if skeleton.is_spaced else whole
