"""The SQL that finds the layout of each record and the groups of its pattern, the first levels of layout_statement.

However many layouts there are, a level holds what one of them needs: groups stand in structs that all layouts with as
many of them share, named by their places. DuckDB holds the columns of every level for each thread, so a level with its
own columns for each layout would take all memory where a file has a few dozen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loglens.ingest.layout import OUTER, Layout, groups_of
from loglens.ingest.sql_text import listed, quoted
from loglens.ingest.tokens import ONE_PASS_GROUPS, Outside, Word, outsides

# Where every value is what stands between the quotes: there is nothing but quotes to escape. To do that and to measure
# the result takes a quarter of the time of an expression that looks for it.
_CLEAN = "strlen(CAST(to_json(text) AS VARCHAR)) = strlen(text) + len(cut) + 1"

# What is around a record, where nothing is.
_UNWRAPPED = ", ".join(f"CAST(NULL AS VARCHAR) AS {name}" for name in OUTER)

# Expressions by the name of the column they are of; each with the condition under which it is meant.
Cases = dict[str, list[tuple[str, str]]]


def match_query(layouts: tuple[Layout, ...], is_wrapped: bool = False) -> str:
    """Return the query that adds the groups of the layout that fits, and `which`, its number, 0 for none.

    The first layout that fits wins. Records of those made of tokens are cut at their quotes, which is quicker. A layout
    that is alone is found by looking for its groups, the right one of several by their patterns.
    """
    # An expression trims ten times as fast as rtrim does.
    outer = ", ".join(OUTER) if is_wrapped else _UNWRAPPED
    query = rf"SELECT line, ordinal, lines, regexp_replace(text, '\s+$', '') AS text, {outer} FROM input"
    candidates = [Candidate(number, layout, len(layouts) == 1) for number, layout in enumerate(layouts, start=1)]
    if not candidates:
        return f"SELECT *, 0 AS which FROM ({query})"
    if any(layout.tokens for layout in layouts):
        query = f"SELECT *, string_split(text, '\"') AS cut, {_CLEAN} AS is_clean FROM ({query})"
    if len(layouts) > 1:
        fits = " ".join(f"WHEN {each.fits} THEN {each.number}" for each in candidates)
        query = f"SELECT *, CASE {fits} ELSE 0 END AS which FROM ({query})"
    for step in range(max(each.steps for each in candidates)):
        query = _with_cases(query, (each.stage_cases(step) for each in candidates))
    query = _with_cases(query, (each.group_cases() for each in candidates))
    if len(layouts) == 1:
        (only,) = candidates
        query = f"SELECT *, CASE WHEN {only.group(only.layout.proof)} <> '' THEN 1 ELSE 0 END AS which FROM ({query})"
    return _with_cases(query, (each.part_cases() for each in candidates))


def groups_sql(number: int, layout: Layout) -> dict[str, str]:
    """Return where the text of each group of a layout is found."""
    each = Candidate(number, layout)
    found = {group: each.group(group) for group in layout.groups}
    for place, part in enumerate(layout.parts):
        for group in groups_of(part.pattern):
            found[group] = _member(_part_name(place, part.pattern), part.pattern, group)
    return found


def _with_cases(query: str, every: Iterable[Cases]) -> str:
    """Return a query with one more level, where there are cases for it."""
    columns: Cases = defaultdict(list)
    for cases in every:
        for name, found in cases.items():
            columns[name] += found
    if not columns:
        return query
    made = ", ".join(
        f"CASE {' '.join(f'WHEN {condition} THEN {value}' for condition, value in found)} END AS {name}"
        for name, found in columns.items()
    )
    return f"SELECT *, {made} FROM ({query})"


def _names(count: int) -> list[str]:
    return [f"g{place}" for place in range(count)]


def _extract(text: str, pattern: str, count: int) -> str:
    """Return the expression for the groups of a pattern, at least so many, as a struct."""
    found = len(groups_of(pattern))
    padded = pattern.removesuffix("$") + "()" * (count - found) + "$" if found < count else pattern
    return f"regexp_extract({text}, {quoted(padded)}, {listed(_names(max(found, count)))}, 's')"


def _member(column: str, pattern: str, group: str) -> str:
    return f"{column}.g{groups_of(pattern).index(group)}"


def _part_name(place: int, pattern: str) -> str:
    return f"p{place}_{len(groups_of(pattern))}"


def _proof_of(text: str, word: Word) -> str:
    """Return the condition that a text is a word of a layout."""
    if not word.group:
        return f"{text} = {quoted(word.text)}"
    begins = f"starts_with({text}, {quoted(word.text)})"
    return begins if word.may_be_empty else f"{begins} AND {text} <> {quoted(word.text)}"


@dataclass(frozen=True)
class Stage:
    """One expression on a piece outside of quotes, and the column its groups are in."""

    column: str
    text: str
    pattern: str
    proof: str


@dataclass(frozen=True)
class Candidate:
    """A layout that is tried, its number, and whether it is the only one."""

    number: int
    layout: Layout
    is_alone: bool = False

    @property
    def fits(self) -> str:
        """The condition that the layout fits, among others."""
        matches = f"regexp_matches(text, {quoted(self.layout.pattern)}, 's')"
        if not self.layout.tokens:
            return matches
        # What has other quotes in clear text cannot fit, and is not looked at.
        return f"(NOT is_clean OR len(cut) = {2 * len(self._outsides) - 1}) AND {matches}"

    @property
    def _outsides(self) -> tuple[Outside, ...]:
        return outsides(self.layout.tokens)

    @property
    def steps(self) -> int:
        """How many expressions one after another it takes to find the groups of a piece."""
        return max((max(1, len(piece.patterns)) for piece in self._outsides), default=0) if self.layout.tokens else 0

    @property
    def _is_cut(self) -> str:
        """The condition that the groups are in the pieces, but for what the stages find."""
        if not self.is_alone:
            return f"which = {self.number} AND is_clean"
        texts = [
            f"cut[{2 * place + 1}] = {quoted(piece.text)}"
            for place, piece in enumerate(self._outsides)
            if not (piece.words or piece.patterns)
        ]
        return " AND ".join(["is_clean", f"len(cut) = {2 * len(self._outsides) - 1}", *texts])

    def _stages(self, step: int) -> Iterator[Stage]:
        for place, outside in enumerate(self._outsides):
            if step < len(outside.patterns):
                text = f"cut[{2 * place + 1}]"
                if step:
                    text = _member(f"s{place}_{step - 1}", outside.patterns[step - 1], "rest")
                yield Stage(f"s{place}_{step}", text, outside.patterns[step], outside.proofs[step])

    @property
    def _every_stage(self) -> list[Stage]:
        return [stage for step in range(self.steps) for stage in self._stages(step)]

    def stage_cases(self, step: int) -> Cases:
        """Return the expressions that come so many steps after the first of each piece."""
        before = ""
        if step and self.is_alone:
            proofs = [f"{_member(each.column, each.pattern, each.proof)} <> ''" for each in self._stages(step - 1)]
            before = "".join(f" AND {proof}" for proof in proofs)
        return {
            stage.column: [(self._is_cut + before, _extract(stage.text, stage.pattern, ONE_PASS_GROUPS))]
            for stage in (self._stages(step) if self.layout.tokens else ())
        } | (self._inner_cases() | self._split_cases() if step == 0 else {})

    def _split_pieces(self) -> Iterator[tuple[int, Outside]]:
        yield from ((place, piece) for place, piece in enumerate(self._outsides) if piece.words)

    def _split_cases(self) -> Cases:
        return {
            f"l{place}": [(self._is_cut, f"string_split(cut[{2 * place + 1}], ' ')")]
            for place, _ in self._split_pieces()
        }

    def _proofs(self) -> Iterator[str]:
        """Yield the conditions that the pieces outside of quotes are those of the layout."""
        for each in self._every_stage:
            yield f"coalesce({_member(each.column, each.pattern, each.proof)} <> '', false)"
        for place, piece in self._split_pieces():
            yield f"len(l{place}) = {len(piece.words)}"
            for number, word in enumerate(piece.words, start=1):
                yield _proof_of(f"l{place}[{number}]", word)

    def _quoted_cuts(self) -> Iterator[tuple[str, str, str]]:
        """Yield each quoted token: its group, the piece it is, and what is to be found within it."""
        inside = [token for token in self.layout.tokens if token.is_quoted]
        for place, token in enumerate(inside):
            yield token.group, f"cut[{2 * place + 2}]", token.inner

    def _inner_cases(self) -> Cases:
        return {
            self._inner_name(cut): [(self._is_cut, _extract(cut, f"^{inner}$", 0))]
            for _, cut, inner in self._quoted_cuts()
            if inner
        }

    def _inner_name(self, cut: str) -> str:
        inner = next(inner for _, each, inner in self._quoted_cuts() if each == cut)
        return f"i{cut.strip('cut[]')}_{len(groups_of(inner))}"

    def _cut_groups(self) -> dict[str, str]:
        """Return where each group is found in the pieces."""
        found = {
            group: _member(stage.column, stage.pattern, group)
            for stage in self._every_stage
            for group in groups_of(stage.pattern)
        }
        for place, piece in self._split_pieces():
            for number, word in enumerate(piece.words, start=1):
                if word.group:
                    found[word.group] = f"substr(l{place}[{number}], {len(word.text) + 1})"
        for group, cut, inner in self._quoted_cuts():
            found[group] = cut
            found |= {name: _member(self._inner_name(cut), inner, name) for name in groups_of(inner)}
        return found | {"proof": "'proof'"}

    @property
    def _column(self) -> str:
        return f"w{len(self.layout.groups)}"

    def group(self, name: str) -> str:
        """Return where the text of a group is found."""
        return _member(self._column, self.layout.pattern, name)

    def group_cases(self) -> Cases:
        """Return the expressions for all groups of the pattern: as they were found in the pieces, or by itself."""
        extract = _extract("text", self.layout.pattern, 0)
        among = "" if self.is_alone else f"which = {self.number}"
        if not self.layout.tokens:
            return {self._column: [(among or "true", extract)]}
        groups = self._cut_groups()
        fields = ", ".join(
            f"g{place} := {groups.get(group, quoted(''))}" for place, group in enumerate(self.layout.groups)
        )
        found = self._is_cut
        if self.is_alone:
            found = " AND ".join([self._is_cut, *self._proofs()])
        whole = " AND ".join(filter(None, [among, "NOT is_clean"]))
        return {self._column: [(found, f"struct_pack({fields})"), (whole, extract)]}

    def part_cases(self) -> Cases:
        """Return the expressions for the groups within groups."""
        return {
            _part_name(place, part.pattern): [
                (f"which = {self.number}", _extract(self.group(part.group), part.pattern, 0))
            ]
            for place, part in enumerate(self.layout.parts)
        }
