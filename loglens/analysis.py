"""What an analysis is: one question, its parameters, its SQL and its columns, declared once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Value = str | int | float | bool | None
Row = dict[str, Any]
ValueType = type[str] | type[int] | type[float] | type[bool]
# A column, largest first, as a term of ORDER BY; or a term whose parameter says by what is ordered.
_LARGEST_FIRST = re.compile(r"\s*(?:\w+\.)?(\w+)\s+DESC\b")
_AS_ASKED = re.compile(r"\s*(?:CASE |if\()\$(\w+)\b.*?\bDESC\b[^,]*", re.DOTALL)
_UNIT = re.compile(r"_(?:ms|s|bytes)$")


@dataclass(frozen=True)
class Param:
    """One parameter of an analysis: its name, default and meaning on every surface.

    The type is that of the default; a parameter whose default is None takes `type`. `choices` limits the values.
    `flags` are extra command line spellings, dashes included, that each stand for one value: `{"--p99": 0.99}`.
    A `positional` parameter is a required argument of the command, before any PATH. `parse` turns text into the
    bound value (`500ms` into nanoseconds) on every surface and raises ValueError with what it expects. `reason` says
    why the default is what it is, where that is not plain: every threshold of a detector has one.
    """

    name: str
    default: Value
    help: str
    type: ValueType = str
    choices: tuple[str, ...] = ()
    flags: Mapping[str, Value] | None = None
    positional: bool = False
    metavar: str | None = None
    parse: Callable[[str], Value] | None = None
    reason: str = ""

    @property
    def python_type(self) -> ValueType:
        """The type a value must have."""
        return self.type if self.default is None else self.default.__class__


# Every analysis takes these; the names are binds of its SQL. since_ns is inclusive, until_ns exclusive, each the
# end of the representable range when not given, so that no statement needs a case for "not given".
SCOPE = ("since_ns", "until_ns", "service")


@dataclass(frozen=True)
class Drawing:
    """A way to write an answer that one analysis alone offers: the NAME of `--format NAME`, and what it is.

    `write` turns rows into text; they are those of `sql`, over the binds of the analysis, or without it those of the
    answer. `suffixes` are the file names that ask for it.
    """

    name: str
    title: str
    write: Callable[[Iterable[Row]], Iterator[str]]
    sql: str = ""
    suffixes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Follow:
    """Where a question leads: to the analysis of this name, asked about one row.

    `ask` turns the row and the accepted values into the parameters of that analysis, and the `service` it is about; it
    raises UsageError where that cannot be. `param` is the parameter of an analysis that asks for it, of its first row.
    """

    analysis: str
    ask: Callable[[Row, Mapping[str, Value]], Mapping[str, Any]]
    param: str = ""


@dataclass(frozen=True)
class Origin:
    """Where a question may come from: a row of the analysis of this name, whose `key` the parameter `param` names.

    The beginning of the key is enough. `take` turns the row into further values of the statement, and raises UsageError
    where other parameters say something else.
    """

    analysis: str
    param: str
    key: str
    take: Callable[[Row, Mapping[str, Value]], Mapping[str, Value]]


@dataclass(frozen=True)
class Analysis:
    """One question: from this object come the command, the `Lens` method, the help, the docs and the JSON shape.

    `columns` maps each column to its meaning, in order; units are in the names (`_ms`, `_s`, `_ns`, `_bytes`,
    `_ratio`). `sql` is a static SELECT whose `$name` binds are the parameters, and those of SCOPE. `prepare` is a
    first SELECT over the same binds; `bind` turns its rows and the parameters into further binds of `sql` (named in
    `bound`), `bind_arrow` its Arrow table, where they are too many for Python. Where the bind `asked_of` is empty there
    is no answer, and `sql` is not asked. `compute` turns the rows of `sql` into the rows of the answer where SQL is not
    enough; `compute_arrow` does so from an Arrow table, where they are too many for Python. `outline` makes rows from
    the binds alone, without what `sql` says of each: for who only looks for one of them. Rows in Python have times as
    integer nanoseconds and JSON as text.

    `limit` is the default number of rows, 0 for all. `many` says that rows are single records of the store: then
    the limit is pushed into the statement and the rest counted by a second one, instead of fetched and dropped.
    Such a statement may bind `$most`, how many of its rows will be looked at; null where they are only counted.
    `further` says what the columns are that only some answers have, behind those declared: further keys of the computed
    rows.
    `greyed` names a boolean column whose false rows are printed faint. `aside` names, for given parameters, the
    columns a narrow table leaves out, first to go first; those it is ordered by stay. `rows_named` is what an answer
    without rows says there is none of, where that is not the title; a drawing without it says so itself where no time
    and no service limits the question.
    `subject` names the column whose text says what a row is: those aside leave before little of it is left.
    `grouped` names columns a table prints once, above the rows that share them. `drawings` are formats that only this
    analysis offers. `needs` names the derivations whose tables the statements read: what is stale of them is derived
    before it is asked. `kept` names views that its statements read more than once and that are small: they are
    computed once. `draw` draws the rows for the terminal, in a given number of columns, where a table is not the
    picture. `draw_part` does so for computed rows whose picture is of all of them, where only so many of the first are
    within the limit. `notes` says, of all binds, what belongs to the answer and is no data. `row_sql` counts one row
    again, over its columns as binds, where `sql` does not give the rows; what it gives are columns of the row. `follow`
    is where it leads, `origin` where it comes from. `spread` says how it runs on a distributed engine. `examples` are
    command lines for the help.
    """

    name: str
    title: str
    question: str
    params: tuple[Param, ...]
    columns: Mapping[str, str]
    key: tuple[str, ...]
    sql: str
    limit: int = 20
    prepare: str | None = None
    bound: tuple[str, ...] = ()
    bind: Callable[[Sequence[Row], Mapping[str, Value]], Mapping[str, Any]] | None = None
    bind_arrow: Callable[[pa.Table, Mapping[str, Value]], Mapping[str, Any]] | None = None
    asked_of: str | None = None
    compute: Callable[[Sequence[Row], Mapping[str, Value]], Sequence[Row]] | None = None
    compute_arrow: Callable[[pa.Table, Mapping[str, Value]], Sequence[Row]] | None = None
    outline: Callable[[Mapping[str, Any]], Sequence[Row]] | None = None
    many: bool = False
    further: str = ""
    greyed: str | None = None
    subject: str | None = None
    aside: Callable[[Mapping[str, Value]], Sequence[str]] | None = None
    rows_named: str = ""
    grouped: tuple[str, ...] = ()
    drawings: tuple[Drawing, ...] = ()
    needs: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    draw: Callable[[Sequence[Row], int], str] | None = None
    draw_part: Callable[[Sequence[Row], int, int], str] | None = None
    notes: Callable[[Mapping[str, Any]], Sequence[str]] | None = None
    row_sql: str = ""
    follow: Follow | None = None
    origin: Origin | None = None
    spread: Literal["sql", "trace", "local"] = "sql"
    examples: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """Its name on the command line."""
        return self.name.replace("_", "-")

    @property
    def is_computed(self) -> bool:
        """Whether its rows are made in Python, and not by `sql` alone."""
        return self.compute is not None or self.compute_arrow is not None

    @property
    def none_of(self) -> str:
        """What its rows are called where there are none; empty where its drawing says that itself, of all there is."""
        title = "" if self.draw else self.title[0].lower() + self.title[1:]
        return self.rows_named or title

    def ordered_by(self, values: Mapping[str, Value]) -> tuple[str, ...]:
        """Return the columns whose largest values come first: what the order of the rows is read from."""
        order = self.sql.rpartition("ORDER BY")[2]
        found: list[str] = []
        if asked := _AS_ASKED.match(order):
            found += (name for name in self.columns if _UNIT.sub("", name) == values.get(asked[1]))
            order = order[asked.end() :].lstrip(",")
        for term in order.split(","):
            largest = _LARGEST_FIRST.match(term)
            if largest is None:
                break
            found += (name for name in self.columns if name == largest[1] != self.greyed)
        return tuple(dict.fromkeys(found))

    @property
    def statements(self) -> tuple[str, ...]:
        """All SQL that is run for its answer."""
        drawn = (drawing.sql for drawing in self.drawings)
        return tuple(filter(None, (self.prepare, self.sql, self.row_sql, *drawn)))
