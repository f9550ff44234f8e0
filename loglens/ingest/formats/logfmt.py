"""logfmt: keys with values, in an order of each program's own, which is learned from the first records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from loglens.ingest.formats.json_fields import KEYS, habit, scale_of, unit_of
from loglens.ingest.layout import COLUMNS, Layout, Layouts
from loglens.ingest.text_log import text_format
from loglens.ingest.tokens import HARMLESS, Token, pattern_of

_KEY = r"[A-Za-z_@][\w.@/:-]*"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_BARE = r'[^\s"]\S*'
_PAIR = re.compile(rf"(?P<key>{_KEY})=(?P<value>{_QUOTED}|{_BARE}|)(?P<gap>[ \t]+|$)", re.DOTALL)
_TOLD = ("time", "level", "message")
LEARNED_LAYOUTS = 64


@dataclass
class Pair:
    """A key of a line with what stands before it, whether its value is in quotes, and values it had."""

    before: str
    key: str
    is_quoted: bool
    values: list[str]


def pairs_of(line: str) -> list[Pair] | None:
    """Return the pairs of a line, None where it is not made of pairs, or has a key twice, or is no log."""
    pairs: list[Pair] = []
    place, before = 0, ""
    while place < len(line):
        found = _PAIR.match(line, place)
        if found is None:
            return None
        value = found["value"]
        pairs.append(Pair(before, found["key"], value[:1] == '"', [value]))
        place, before = found.end(), found["gap"]
    keys = [pair.key for pair in pairs]
    return pairs if len(set(keys)) == len(keys) and _is_log(keys) else None


def _is_log(keys: Sequence[str]) -> bool:
    """Say whether keys are those of a log record: two of the usual kinds, at least."""
    return sum(any(key in KEYS[column] for key in keys) for column in _TOLD) >= 2


def learn(lines: Sequence[str]) -> tuple[Layout, ...]:
    """Return a layout for each of the usual orders of keys."""
    seen: dict[tuple[tuple[str, str, bool], ...], list[Pair]] = {}
    counts: Counter[tuple[tuple[str, str, bool], ...]] = Counter()
    for line in lines:
        if (pairs := pairs_of(line)) is not None:
            shape = tuple((pair.before, pair.key, pair.is_quoted) for pair in pairs)
            for known, pair in zip(seen.setdefault(shape, pairs), pairs, strict=True):
                known.values += pair.values if known is not pair else []
            counts[shape] += 1
    return tuple(_layout(seen[shape]) for shape, _ in counts.most_common(LEARNED_LAYOUTS))


def _layout(pairs: Sequence[Pair]) -> Layout:
    keys = [pair.key for pair in pairs]
    taken = {column: key for column in COLUMNS if (key := next((key for key in KEYS[column] if key in keys), None))}
    tokens = [_token(pair, f"v{place}") for place, pair in enumerate(pairs)]
    sources = {key: _source(token) for key, token in zip(keys, tokens, strict=True)}
    unit = unit_of(taken["duration"]) if "duration" in taken else None
    return Layout(
        name="logfmt: " + " ".join(keys),
        pattern=pattern_of(tokens),
        columns={column: sources[key] for column, key in taken.items()},
        attributes={key: sources[key] for key in keys if key not in taken.values()},
        absent=(),
        scale=scale_of(taken.get("level", "")),
        unit=unit or habit(taken),
        is_bare="duration" in taken and unit is None,
        kept=taken,
        safe=frozenset(token.group for token in tokens if token.is_harmless),
        tokens=tuple(tokens),
    )


def _token(pair: Pair, group: str) -> Token:
    values = [value[1:-1] for value in pair.values] if pair.is_quoted else pair.values
    is_harmless = all(map(HARMLESS.fullmatch, values))
    return Token(f"{pair.before}{pair.key}=", group, pair.is_quoted, is_harmless=is_harmless, may_be_empty="" in values)


def _source(token: Token) -> str:
    """Return the SQL of a value, without escapes."""
    value = f"{{{token.group}}}"
    if token.is_harmless or not token.is_quoted:
        return value
    plain = f"try(json_extract_string('\"' || {value} || '\"', '$'))"
    return f"CASE WHEN contains({value}, chr(92)) THEN coalesce({plain}, {value}) ELSE {value} END"


FORMAT = text_format(
    name="logfmt",
    title="logfmt: key=value pairs",
    marks="nothing but key=value pairs, of which at least two are a time, a level or a message",
    example='time=2026-01-15T09:00:00Z level=info msg="request done" method=GET path=/users/17 status=200 took=12ms\n',
    layouts=Layouts(learn=learn, head=rf"^{_KEY}=(?:{_QUOTED}|{_BARE}|)[ \t]+{_KEY}="),
    certainty=0.9,
)
