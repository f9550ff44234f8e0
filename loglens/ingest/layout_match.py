"""The SQL that finds the layout of each record and the groups of its pattern, the first level of layout_statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loglens.ingest.layout import OUTER, Layout, groups_of
from loglens.ingest.sql_text import listed, quoted
from loglens.ingest.tokens import outsides

# Where every value is what stands between the quotes.
_CLEAN = "NOT regexp_matches(text, '[\\\\\\x00-\\x1f]')"


# What is around a record, where nothing is.
_UNWRAPPED = ", ".join(f"CAST(NULL AS VARCHAR) AS {name}" for name in OUTER)


def match_query(layouts: tuple[Layout, ...], is_wrapped: bool = False) -> str:
    """Return the query that adds the groups of each layout as a struct, and `which`, the number of the one that fits.

    A layout is tried on what those before it did not fit; those made of tokens first, cut at the quotes.
    """
    # An expression trims ten times as fast as rtrim does.
    outer = ", ".join(OUTER) if is_wrapped else _UNWRAPPED
    query = rf"SELECT line, ordinal, lines, regexp_replace(text, '\s+$', '') AS text, {outer} FROM input"
    quick = [number for number, layout in enumerate(layouts, start=1) if layout.tokens]
    if quick:
        query = f"SELECT *, string_split(text, '\"') AS cut, {_CLEAN} AS is_clean FROM ({query})"
    before: list[str] = []
    for number in quick:
        query = _cut_query(number, layouts[number - 1], before, query)
        before.append(f"NOT q{number}")
    known = list(before)
    for number, layout in enumerate(layouts, start=1):
        # Where the pieces did not fit, the whole cannot either, unless something is hidden in a value.
        conditions = ["NOT is_clean", *known] if layout.tokens else known
        query = f"SELECT *, {_groups_struct(number, layout, conditions)} AS e{number} FROM ({query})"
        known.append(f"coalesce(e{number}.{layout.proof}, '') = ''")
    which = " ".join(
        f"WHEN e{number}.{layout.proof} <> '' THEN {number}" for number, layout in enumerate(layouts, start=1)
    )
    query = f"SELECT *, {f'CASE {which} ELSE 0 END' if which else '0'} AS which FROM ({query})"
    for number, layout in enumerate(layouts, start=1):
        for place, part in enumerate(layout.parts):
            text = f"e{number}.{part.group}"
            extract = _extract(text, part.pattern)
            query = f"SELECT *, CASE WHEN which = {number} THEN {extract} END AS e{number}_{place} FROM ({query})"
    return query


def groups_sql(number: int, layout: Layout) -> dict[str, str]:
    """Return where the text of each group of a layout is found."""
    found = {group: f"e{number}.{group}" for group in layout.groups}
    for place, part in enumerate(layout.parts):
        found |= {group: f"e{number}_{place}.{group}" for group in groups_of(part.pattern)}
    return found


def _extract(text: str, pattern: str) -> str:
    return f"regexp_extract({text}, {quoted(pattern)}, {listed(groups_of(pattern))}, 's')"


def _groups_struct(number: int, layout: Layout, conditions: list[str]) -> str:
    """Return the expression for the groups of a layout: as they were found in the pieces, or by its pattern."""
    extract = _extract("text", layout.pattern)
    tried = f"WHEN {' AND '.join(conditions)} THEN {extract}" if conditions else f"ELSE {extract}"
    if layout.tokens:
        found = _found(number, layout)
        fields = ", ".join(f"{group} := {found.get(group, quoted(''))}" for group in layout.groups)
        return f"CASE WHEN q{number} THEN struct_pack({fields}) {tried} END"
    return f"CASE {tried} END" if conditions else extract


@dataclass(frozen=True)
class _Stage:
    """One expression on a piece outside of quotes."""

    name: str
    text: str
    pattern: str
    proof: str


def _stages(number: int, layout: Layout) -> Iterator[_Stage]:
    for place, outside in enumerate(outsides(layout.tokens)):
        text = f"cut[{2 * place + 1}]"
        for step, (pattern, proof) in enumerate(zip(outside.patterns, outside.proofs, strict=True)):
            name = f"s{number}_{place}_{step}"
            yield _Stage(name, text, pattern, proof)
            text = f"{name}.rest"


def _found(number: int, layout: Layout) -> dict[str, str]:
    """Return where each group is found in the pieces."""
    found = {group: f"{stage.name}.{group}" for stage in _stages(number, layout) for group in groups_of(stage.pattern)}
    inside = [token for token in layout.tokens if token.is_quoted]
    for place, token in enumerate(inside):
        found[token.group] = f"cut[{2 * place + 2}]"
        found |= {group: f"i{number}_{place}.{group}" for group in groups_of(token.inner)}
    return found | {"proof": "'proof'"}


def _cut_query(number: int, layout: Layout, before: list[str], query: str) -> str:
    """Return the query that finds the groups of a layout in the pieces, and `q`, whether it fits."""
    pieces = outsides(layout.tokens)
    texts = [f"cut[{2 * place + 1}] = {quoted(piece.text)}" for place, piece in enumerate(pieces) if not piece.patterns]
    fits = " AND ".join([*before, "is_clean", f"len(cut) = {2 * len(pieces) - 1}", *texts])
    stages = list(_stages(number, layout))
    for stage in stages:
        query = (
            f"SELECT *, CASE WHEN {fits} THEN {_extract(stage.text, stage.pattern)} END AS {stage.name} FROM ({query})"
        )
        fits = f"{stage.name}.{stage.proof} <> ''"
    proofs = " AND ".join(f"{stage.name}.{stage.proof} <> ''" for stage in stages) or fits
    query = f"SELECT *, coalesce({proofs}, false) AS q{number} FROM ({query})"
    for place, token in enumerate(token for token in layout.tokens if token.is_quoted):
        if token.inner:
            extract = _extract(f"cut[{2 * place + 2}]", f"^{token.inner}$")
            query = f"SELECT *, CASE WHEN q{number} THEN {extract} END AS i{number}_{place} FROM ({query})"
    return query
