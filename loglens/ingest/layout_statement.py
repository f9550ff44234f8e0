"""The SQL that turns records of text logs into rows, level by level: match, choose, convert, keep the rest.

Every statement reads the records from `input`, a table with the columns of pieces.SCHEMA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from loglens.ingest.durations import duration_is_exact_sql, duration_ns_sql
from loglens.ingest.formats.json_columns import BOOLEANS, METHODS, id_sql
from loglens.ingest.layout import COLUMNS, Layout
from loglens.ingest.layout_match import groups_sql, match_query
from loglens.ingest.levels import severity_sql
from loglens.ingest.route_shape import route_shape_sql
from loglens.ingest.sql_text import is_word, quoted
from loglens.ingest.stack_traces import with_traces
from loglens.ingest.timestamps import time_ns_sql
from loglens.ingest.zones import UTC

# The mark of rows that another statement will read again, in `severity_number`; their lines are in `duration_ns`.
ASIDE = -2
ROW = (
    "ts_ns", "service", "instance", "severity_number", "level", "logger", "message", "trace_id", "span_id",
    "request_id", "user_id", "error_type", "error_message", "http_method", "path", "route", "status_code",
    "duration_ns", "attributes",
)  # fmt: skip


@dataclass(frozen=True)
class Dispatch:
    """The layouts that are tried on a record, the first that fits wins, and the zone of times without one.

    `written_ns` is when the file was written. `unit` is that of durations whose unit is else assumed. `aside` is a
    pattern of records that fit no layout and are to be set aside; those of the layouts named in `undecided` are too.
    `is_wrapped` says that `input` has the columns of wrapping.WRAPPED_SCHEMA.
    """

    layouts: tuple[Layout, ...]
    zone: str = UTC
    written_ns: int = 0
    unit: str | None = None
    aside: str = ""
    undecided: frozenset[str] = frozenset()
    is_wrapped: bool = False

    def unit_of(self, layout: Layout) -> str:
        """Return the unit of the durations of a layout."""
        return self.unit if self.unit is not None and layout.is_bare else layout.unit

    def numbered(self) -> Iterator[tuple[int, Layout]]:
        """Yield the layouts with their numbers, from 1."""
        yield from enumerate(self.layouts, start=1)

    def has(self, column: str) -> bool:
        """Say whether a layout has something for a column."""
        return any(column in layout.sources for layout in self.layouts)

    def choose(self, expression: Callable[[int, Layout], str | None]) -> str:
        """Return the expression that is another one for each layout; null where there is none."""
        found = {number: made for number, layout in self.numbered() if (made := expression(number, layout))}
        if len(set(found.values())) == 1 and len(found) == len(self.layouts):
            return next(iter(found.values()))
        branches = " ".join(f"WHEN {number} THEN {made}" for number, made in found.items())
        return f"CASE which {branches} END" if found else "NULL"


def insert_statement(dispatch: Dispatch) -> str:
    """Return the INSERT of records into `logs`; binds: source_id, fallback (the service of records without one).

    Records that fit no layout have their text as message. Those to be set aside carry ASIDE and their text.
    """
    special = {
        "service": "coalesce(service, outer_service, $fallback)",
        "ts_ns": f"coalesce(ts_ns, {time_ns_sql('outer_time')})" if dispatch.is_wrapped else "ts_ns",
        "instance": "coalesce(instance, outer_instance)",
        "severity_number": f"CASE WHEN is_aside THEN {ASIDE} ELSE severity_number END",
        "message": "CASE WHEN is_aside THEN text ELSE coalesce(head, message) END",
        "error_type": "coalesce(error_type, nullif(fault.type, ''))",
        "error_message": "coalesce(error_message, nullif(fault.message, ''))",
        "route": f"coalesce(http_route, {route_shape_sql('path')})" if dispatch.has("path") else "http_route",
        "duration_ns": "CASE WHEN is_aside THEN lines ELSE duration_ns END",
        "attributes": "CASE WHEN members <> '' THEN concat('{', members, '}') END",
    }
    columns = ",\n".join(f"{special.get(name, name)} AS {name}" for name in ROW)
    return f"""
        INSERT INTO logs (source_id, line, ordinal, {", ".join(ROW)})
        SELECT $source_id, line, ordinal, {columns}
        FROM ({_closed(dispatch)})
    """


def _present(text: str, layout: Layout) -> str:
    """Return the expression for a text, null where there is none."""
    for nothing in layout.absent:
        text = f"nullif({text}, {quoted(nothing)})"
    return text


def _texts(dispatch: Dispatch) -> str:
    """Return the query that adds the text of every column as `t_COLUMN`, and the attributes as JSON members."""

    def text(column: str) -> str:
        def of(number: int, layout: Layout) -> str | None:
            source = layout.sources.get(column)
            return source and _present(source.format_map(groups_sql(number, layout)), layout)

        return dispatch.choose(of)

    columns = ", ".join(f"CAST({text(column)} AS VARCHAR) AS t_{column}" for column in COLUMNS)
    more = dispatch.choose(lambda number, layout: groups_sql(number, layout).get("more"))
    members = dispatch.choose(_members)
    matched = match_query(dispatch.layouts, dispatch.is_wrapped)
    return f"SELECT *, {columns}, {more} AS more, {members} AS known FROM ({matched})"


def _members(number: int, layout: Layout) -> str | None:
    """Return the expression for the attributes of a layout, with commas between them; null where it has none."""
    groups = groups_sql(number, layout)
    parts = [[quoted(f"{_json(name)}:{_json(value)}")] for name, value in layout.constants.items()]
    for name, source in layout.attributes.items():
        text, key = source.format_map(groups), f"{_json(name)}:"
        if name in layout.numbers:
            parts.append([quoted(key), number_sql(text)])
        elif source.strip("{}") in layout.safe:
            parts.append([quoted(f'{key}"'), text, "'\"'"])
        else:
            parts.append([quoted(key), string_sql(text)])
        if layout.absent:
            present = f"{text} NOT IN ({', '.join(map(quoted, layout.absent))})"
            parts[-1] = [f"CASE WHEN {present} THEN concat({', '.join(parts[-1])}) END"]
    if not parts:
        return None
    if layout.absent:
        members = f"nullif(concat_ws(',', {', '.join(part for (part,) in parts)}), '')"
    else:
        # A record of the layout has them all, so they are put together at once.
        every = ", ',', ".join(", ".join(part) for part in parts)
        members = f"concat({every})"
    return f"CASE WHEN which = {number} THEN {members} END"


def _json(text: str) -> str:
    import json

    return json.dumps(text)


def string_sql(text: str) -> str:
    """Return a SQL expression for a text as a JSON string."""
    plain = f"NOT regexp_matches({text}, '[\"\\\\\\x00-\\x1f]')"
    return f"CASE WHEN {plain} THEN '\"' || {text} || '\"' ELSE CAST(to_json({text}) AS VARCHAR) END"


def number_sql(text: str) -> str:
    """Return a SQL expression for a text as a JSON number, as a string where it is none."""
    is_number = f"regexp_full_match({text}, '-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?')"
    return f"CASE WHEN {is_number} THEN {text} ELSE {string_sql(text)} END"


def _converted(dispatch: Dispatch) -> str:
    """Return the query that adds the values of the columns."""
    names = ("service", "instance", "level", "logger", "request_id", "user_id", "error_type", "http_route")
    values = {name: f"t_{name}" for name in names} | {
        "ts_ns": dispatch.choose(lambda _, layout: _time(layout, dispatch)),
        "severity_number": dispatch.choose(lambda _, layout: _severity(layout)),
        "message": "CASE WHEN which = 0 THEN text WHEN more <> '' THEN concat_ws(chr(10), t_message, more) "
        "ELSE t_message END",
        "trace_id": id_sql("t_trace_id"),
        "span_id": id_sql("t_span_id"),
        "error_message": f"CASE WHEN t_error_message NOT IN {BOOLEANS} THEN t_error_message END",
        "http_method": f"CASE WHEN {is_word('upper(t_http_method)', METHODS)} THEN upper(t_http_method) END",
        "path": "CASE WHEN t_path LIKE '/%' OR contains(t_path, '://') OR t_http_method IS NOT NULL THEN t_path END",
        "status_code": "CASE WHEN regexp_full_match(t_status_code, '[1-5][0-9][0-9]') "
        "THEN try_cast(t_status_code AS SMALLINT) END",
        "duration_ns": dispatch.choose(lambda _, layout: _duration(layout, dispatch)),
    }
    waiting = [str(number) for number, layout in dispatch.numbered() if layout.name in dispatch.undecided]
    aside = f"which = 0 AND regexp_matches(text, {quoted(dispatch.aside)}, 's')" if dispatch.aside else "false"
    if waiting:
        aside = f"({aside}) OR which IN ({', '.join(waiting)})"
    made = ", ".join(f"{value} AS {name}" for name, value in values.items())
    return f"SELECT *, {made}, {aside} AS is_aside FROM ({_texts(dispatch)})"


def _closed(dispatch: Dispatch) -> str:
    """Return the query that adds the attributes: those of the layout, texts that their column does not say, a trace."""
    kept = [dispatch.choose(partial(_kept, column, is_exact)) for column, is_exact in _exact(dispatch).items()]
    trace = "'\"exception.stacktrace\":' || CAST(to_json(trace) AS VARCHAR)"
    stream = "'\"log.iostream\":\"' || outer_stream || '\"'"
    members = f"concat_ws(',', {', '.join(['known', *kept, trace, stream, 'outer_members'])})"
    return f"SELECT *, {members} AS members FROM ({with_traces(_converted(dispatch))})"


def _time(layout: Layout, dispatch: Dispatch) -> str | None:
    return layout.time.ns_sql("t_time", dispatch.zone, dispatch.written_ns) if "time" in layout.sources else None


def _severity(layout: Layout) -> str | None:
    if "level" not in layout.sources:
        return None
    own = " ".join(f"WHEN {quoted(name)} THEN {number}" for name, number in layout.levels.items())
    known = severity_sql("t_level", layout.scale)
    return f"CASE t_level {own} ELSE {known} END" if own else known


def _duration(layout: Layout, dispatch: Dispatch) -> str | None:
    return duration_ns_sql("t_duration", quoted(dispatch.unit_of(layout))) if "duration" in layout.sources else None


def _exact(dispatch: Dispatch) -> dict[str, Callable[[Layout], str]]:
    """Return the conditions under which a column says all that its text said."""
    conditions: dict[str, Callable[[Layout], str]] = {
        "time": lambda layout: f"ts_ns IS NOT NULL AND {layout.time.is_exact_sql('t_time')}",
        "trace_id": lambda _: "trace_id = t_trace_id",
        "span_id": lambda _: "span_id = t_span_id",
        "error_message": lambda _: "error_message IS NOT NULL",
        "http_method": lambda _: "http_method = t_http_method",
        "path": lambda _: "path IS NOT NULL",
        "status_code": lambda _: "status_code IS NOT NULL",
        "duration": lambda layout: (
            f"duration_ns IS NOT NULL AND {duration_is_exact_sql('t_duration', quoted(dispatch.unit_of(layout)))}"
        ),
    }
    return {column: is_exact for column, is_exact in conditions.items() if dispatch.has(column)}


def _kept(column: str, is_exact: Callable[[Layout], str], _: int, layout: Layout) -> str | None:
    """Return the expression for a text as a member, where its column does not say all of it."""
    if column not in layout.sources:
        return None
    name = quoted(f"{_json(layout.kept.get(column, column))}:")
    text = f"t_{column}"
    whole = f"{text} IS NULL OR coalesce({is_exact(layout)}, false)"
    return f"CASE WHEN {whole} THEN NULL ELSE {name} || {string_sql(text)} END"
