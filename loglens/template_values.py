"""The values of log messages: what stands in each for every `<*>` of its template."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from loglens.analysis import Row
from loglens.derive.log_templates.masks import VALUE

# With more values than this, looking for another way to match costs too much where the first one fails.
_FEW = 5
# What stands before a value that has a key, quotes included.
_KEY = re.compile(r"""(?<![\w.-])([A-Za-z_][\w.-]*)=["']?$""")


def values_of(rows: Sequence[Row]) -> list[Mapping[str, str | None]]:
    """Return, for records of one template with its `template` and their `text`, a column for each value.

    It is named by the key before it, or else value_1, value_2, ... as it is counted. Values are null in a record that
    the template does not fit word by word, as one with a list of other length.
    """
    if not rows:
        return []
    template: str = rows[0]["template"]
    names = _names(template, rows[0].keys())
    patterns = list(_patterns(template))
    return [_values(row["text"], names, patterns) for row in rows]


def _names(template: str, taken: Collection[str]) -> list[str]:
    """Return a name for each value: its key, where no other value and no column has that."""
    keys = [found[1] if (found := _KEY.search(before)) else "" for before in template.split(VALUE)[:-1]]
    numbered = [f"value_{number}" for number in range(1, len(keys) + 1)]
    used = Counter(name.lower() for name in (*keys, *numbered, *taken))
    return [key if key and used[key.lower()] == 1 else number for key, number in zip(keys, numbered, strict=True)]


def _values(text: str, names: Sequence[str], patterns: Sequence[re.Pattern[str]]) -> Mapping[str, str | None]:
    for pattern in patterns:
        found = pattern.fullmatch(text)
        if found:
            return dict(zip(names, found.groups(), strict=True))
    return dict.fromkeys(names)


def _patterns(template: str) -> Iterator[re.Pattern[str]]:
    """Yield patterns of a template: one that never looks back, then one that does."""
    first, *rest = [_constant(part) for part in template.split(VALUE)]
    if not rest:
        yield re.compile(rf"\s*{first}\s*")
        return
    *inner, last = rest
    steps = "".join(rf"(?>(.*?){part})" for part in inner)
    yield re.compile(rf"\s*{first}{steps}(.*?){last}\s*", re.DOTALL)
    if len(rest) <= _FEW:
        yield re.compile(rf"\s*{first}{'(.*?)'.join(['', *rest])}\s*", re.DOTALL)


def _constant(text: str) -> str:
    return r"\s+".join(re.escape(word) for word in re.split(r"\s+", text))
