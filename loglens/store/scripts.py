"""The SQL that is made in a store: its migrations, and the views and macros of the code that asks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from loglens.settings import Settings

_HEALTH_MACRO = "is_health_route"
_MEANING = re.compile(r"^COMMENT ON (?:TABLE|VIEW|COLUMN) ([\w.]+) IS '((?:[^']|'')*)';\n", re.MULTILINE)
_BEGIN = re.compile(r"^CREATE OR REPLACE TEMP (?:VIEW|MACRO) (\w+)", re.MULTILINE)
_WORD = re.compile(r"\w+", re.ASCII)
# What the SQL of a macro or view reads: columns and tables of its own may bear the name of another view.
_READ = re.compile(r"(?<=FROM )\w+|(?<=JOIN )\w+|\w+(?=\()", re.ASCII)


@cache
def scripts(folder: str) -> Sequence[tuple[str, str]]:
    """List the scripts of `views` or `migrations` as (file name, SQL), in order, without what columns mean."""
    return tuple((name, _MEANING.sub("", text)) for name, text in _texts(folder))


def meanings() -> dict[str, str]:
    """Return what each table, view and column means: `spans`, `spans.line`.

    The comments of the scripts say it. They are not made in a store: that would take most of the time to make one.
    """
    texts = [text for folder in ("migrations", "views") for _, text in _texts(folder)]
    return {name: told.replace("''", "'") for text in texts for name, told in _MEANING.findall(text)}


def _texts(folder: str) -> Sequence[tuple[str, str]]:
    found = [entry for entry in files("loglens.store").joinpath(folder).iterdir() if entry.name.endswith(".sql")]
    return [(entry.name, entry.read_text("utf-8")) for entry in sorted(found, key=lambda entry: entry.name)]


def script(folder: str, name: str) -> str:
    """Return the SQL of one script of `views` or `migrations`."""
    return files("loglens.store").joinpath(folder, name).read_text(encoding="utf-8")


def create_views(
    connection: duckdb.DuckDBPyConnection, settings: Settings | None = None, reading: Iterable[str] | None = None
) -> None:
    """Create the temporary macros and views that analyses read, from the code and the settings that ask.

    With `reading`, the statements that will be run, only those that they name, and what these are made of.
    """
    from loglens.settings import Settings

    made = _definitions((settings or Settings()).health_segments)
    for name in made if reading is None else _named(made, reading):
        connection.execute(made[name])


def _definitions(health_segments: Sequence[str]) -> dict[str, str]:
    """Return what makes each macro and view, by name; each is made of those before it."""
    made = {_HEALTH_MACRO: _health_macro(health_segments)}
    for _, text in scripts("views"):
        begins = list(_BEGIN.finditer(text))
        ends = [begin.start() for begin in begins[1:]] + [len(text)]
        made |= {begin[1]: text[begin.start() : end] for begin, end in zip(begins, ends, strict=True)}
    return made


def _named(made: dict[str, str], statements: Iterable[str]) -> list[str]:
    words = {word.lower() for statement in statements for word in _WORD.findall(statement)}
    found = []
    for name in reversed(made):
        if name in words:
            found.append(name)
            words.update(_READ.findall(made[name]))
    return found[::-1]


def _health_macro(segments: Sequence[str]) -> str:
    # Words in one text, not IN: DuckDB joins every row with a list that long, asked for or not.
    listed = "".join(segment.replace("'", "''").lower() + "/" for segment in segments if segment)
    last = "lower(split_part(rtrim(route, '/'), '/', -1))"
    found = f"contains('/{listed}', '/' || {last} || '/') OR contains(route, 'grpc.health.v1.Health/')"
    return f"CREATE OR REPLACE TEMP MACRO {_HEALTH_MACRO}(route) AS coalesce({found}, false)"
