"""What stays in `attributes`: the record without the values that columns hold whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loglens.ingest.formats.json_fields import Candidate
from loglens.ingest.formats.json_profile import Layout, Profile
from loglens.ingest.sql_text import bound, listed, quoted

Node = tuple[str, ...]

FEW_KEYS = 8
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.@ -]+")


def parents(places: Iterable[Candidate]) -> list[Node]:
    """Return the objects around nested places, outermost first."""
    found = {place.parts[:depth] for place in places for depth in range(1, len(place.parts))}
    return sorted(found, key=lambda parts: (len(parts), parts))


def path_of(node: Node) -> str:
    """Return the JSON path of an object, the record itself for an empty node."""
    return "$" + "".join(f'."{part}"' for part in node)


def merge_patch(taken: Sequence[Candidate], keys: Mapping[Node, Sequence[str]]) -> str:
    """Return the merge patch that takes places out of records whose nested objects have the given keys.

    An object of which nothing would be left goes with its members.
    """
    return json.dumps(_patch_of((), {place.parts for place in taken}, keys))


def _patch_of(node: Node, taken: set[Node], keys: Mapping[Node, Sequence[str]]) -> dict[str, Any]:
    patch: dict[str, Any] = {}
    for name in dict.fromkeys(parts[len(node)] for parts in sorted(taken) if parts[: len(node)] == node != parts):
        child = (*node, name)
        inner = {} if child in taken else _patch_of(child, taken, keys)
        is_emptied = all(inner.get(key, key) is None for key in keys.get(child, ()))
        patch[name] = None if child in taken or is_emptied else inner
    return patch


def plain_rest(patch: str, keys: Sequence[str]) -> tuple[str, ...] | None:
    """Return the top-level keys a merge patch leaves, None where it leaves parts, too many, or unusual names."""
    members = json.loads(patch)
    rest = tuple(key for key in keys if key not in members)
    is_whole = all(value is None for value in members.values())
    is_plain = all(_PLAIN_KEY.fullmatch(key) for key in rest)
    return rest if is_whole and is_plain and len(rest) <= FEW_KEYS else None


def layout_rest_sql(layout: Layout, text: str) -> str:
    """Return a SQL expression for what stays of a JSON text of a layout; finding a few keys is quicker than a patch."""
    if layout.rest is None:
        return f"json_merge_patch({text}, {quoted(layout.patch)})"
    if not layout.rest:
        return "'{}'"
    if len(layout.rest) == 1:
        (key,) = layout.rest
        member = f"CAST(json_extract({text}, {quoted(path_of((key,)))}) AS VARCHAR)"
        return f"{quoted('{' + json.dumps(key) + ':')} || {member} || '}}'"
    paths = listed(path_of((key,)) for key in layout.rest)
    members = " || ',' || ".join(
        f"{quoted(json.dumps(key) + ':')} || CAST(found[{number}] AS VARCHAR)"
        for number, key in enumerate(layout.rest, start=1)
    )
    return bound(f"json_extract({text}, {paths})", "found", f"'{{' || {members} || '}}'")


def rest_sql(profile: Profile, text: str, taken: str) -> str:
    """Return a SQL expression for a JSON text without the places whose numbers are in the list `taken`.

    Top-level keys go in one patch; nested ones one by one, and after them the objects in which nothing is left.
    """
    places = list(profile.places)
    members = listed("" if place.is_nested else f"{json.dumps(place.root)}:null," for place in places)
    # The engine's parser takes the comma behind the last member.
    patch = f"'{{' || array_to_string(list_transform({taken}, lambda number: {members}[number]), '') || '}}'"
    patched = f"CAST(json_merge_patch({text}, {patch}) AS VARCHAR)"
    nested = [number for place, number in profile.numbers.items() if place.is_nested]
    if not nested:
        return patched
    inner = f"list_filter({taken}, lambda number: list_contains({nested}, number))"
    return f"CASE WHEN list_has_any({taken}, {nested}) THEN {_without(places, patched, inner)} ELSE {patched} END"


def _without(places: Sequence[Candidate], text: str, inner: str) -> str:
    deepest = max(len(place.parts) for place in places)
    leaves = listed(path_of(place.parts) for place in places)
    steps = [f"list_transform({inner}, lambda number: {leaves}[number])"]
    for depth in range(deepest - 1, 0, -1):
        nodes = listed(path_of(place.parts[:depth]) + "?" if len(place.parts) > depth else "" for place in places)
        steps.append(f"list_transform({inner}, lambda number: {nodes}[number])")
    todo = " || ".join([f"[{text}]", *steps])
    return f"list_reduce({todo}, lambda rest, path: {_step('rest', 'path')})"


def _step(text: str, path: str) -> str:
    """Return the expression that takes a path out of a text, where it ends in `?` only if it is an empty object."""
    bare = f"rtrim({path}, '?')"
    return (
        f"CASE WHEN {path} = '' THEN {text} "
        f"WHEN suffix({path}, '?') AND json_extract_string({text}, {bare}) IS DISTINCT FROM '{{}}' THEN {text} "
        f"ELSE CAST(json_remove(CAST({text} AS JSON), {bare}) AS VARCHAR) END"
    )
