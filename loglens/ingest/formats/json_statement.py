"""The SQL that turns pieces of JSON logs into rows, level by level: parse, find, convert, take out, keep the rest.

Every statement reads the pieces from `input`, a table with the columns of json_pieces.SCHEMA.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

from loglens.ingest.formats.json_columns import (
    TYPES,
    Conversion,
    conversions,
    is_serilog,
    marks,
    route,
    traceback_type,
    unit,
)
from loglens.ingest.formats.json_fields import KEYS, Candidate
from loglens.ingest.formats.json_marks import BROKEN, OBJECT, PLAIN
from loglens.ingest.formats.json_patch import layout_rest_sql, parents, path_of, rest_sql
from loglens.ingest.formats.json_profile import Layout, Profile
from loglens.ingest.levels import LEVEL_NAMES
from loglens.ingest.sql_text import KEPT_STATEMENTS, bound, is_among, is_word, listed, quoted

# Marks of rows that are on their way elsewhere, in `severity_number`; their lines are in `duration_ns`.
REJECTED, ASIDE, ASIDE_INEXACT = -1, -2, -3
UNREADABLE = "not JSON: nothing the engine can read"
COLUMNS = (
    "ts_ns", "service", "instance", "severity_number", "level", "logger", "message", "trace_id", "span_id",
    "request_id", "user_id", "error_type", "error_message", "http_method", "path", "route", "status_code",
    "duration_ns", "attributes", "raw",
)  # fmt: skip


@lru_cache(maxsize=KEPT_STATEMENTS)
def insert_statement(profile: Profile, exact: str = "", rest: str = "") -> str:
    """Return the INSERT of pieces into `logs`; of the query `exact` with the expression `rest`, where these are given.

    Broken ones carry REJECTED, their fault as message and their text; those with known keys the profile has not carry
    ASIDE or ASIDE_INEXACT and their text. Binds: source_id, fallback (the service of records that name none), and
    unit (of bare durations, or null) where the profile has such.
    """
    mark = f"CASE WHEN is_broken THEN {REJECTED} WHEN is_inexact THEN {ASIDE_INEXACT} ELSE {ASIDE} END"
    trimmed = "rtrim(written, chr(10) || chr(13))"
    special = {
        "service": "coalesce(service, $fallback)",
        "severity_number": f"CASE WHEN is_marked THEN {mark} ELSE {_severity(profile)} END",
        "message": (
            f"CASE WHEN is_broken THEN coalesce(fault, {quoted(UNREADABLE)}) "
            f"WHEN kind = {PLAIN} THEN {trimmed} ELSE message END"
        ),
        "error_type": traceback_type() if profile.of("error_message") else "error_type",
        "route": route() if profile.of("path") else "http_route",
        "duration_ns": "CASE WHEN is_marked THEN lines ELSE duration_ns END",
        "attributes": "CASE WHEN rest <> '{}' THEN rest END",
        "raw": f"CASE WHEN is_marked OR is_inexact OR has_twice OR is_doubled THEN {trimmed} END",
    }
    columns = ",\n".join(f"{special.get(name, name)} AS {name}" for name in COLUMNS)
    rest = rest or _rest(profile)
    return f"""
        INSERT INTO logs (source_id, line, ordinal, {", ".join(COLUMNS)})
        SELECT $source_id, line, ordinal, {columns}
        FROM (
            SELECT *, CASE WHEN kind = {OBJECT} AND NOT is_marked THEN {rest} END AS rest
            FROM (
                SELECT
                    *,
                    is_broken OR is_unseen AS is_marked,
                    CASE WHEN known = 0 THEN {taken_sql(profile)} END AS taken
                FROM ({exact or records_query(profile)})
            )
        )
    """


def _severity(profile: Profile) -> str:
    """Return the expression for the severity number; Serilog does not write that of INFO."""
    if not profile.named("time", "@t"):
        return "severity_number"
    is_silent = "t_level IS NULL" if profile.of("level") else "true"
    return f"coalesce(severity_number, CASE WHEN {is_serilog(profile)} AND {is_silent} THEN {LEVEL_NAMES['info']} END)"


def taken_sql(profile: Profile) -> str:
    """Return the expression for the numbers of the places whose values are all in columns."""
    taken = ", ".join(
        f"CASE WHEN c_{column} THEN {_place(profile, column)} ELSE 0 END" for column in KEYS if profile.of(column)
    )
    return f"list_filter(CAST([{taken}] AS INTEGER[]), lambda number: number > 0)"


def _rest(profile: Profile) -> str:
    """Return the expression for what no column holds; lines of a known layout have a ready patch."""
    numbers: dict[str, list[int]] = {}
    for number, layout in enumerate(profile.layouts, start=1):
        numbers.setdefault(_layout_rest(profile, layout), []).append(number)
    ready = " ".join(f"WHEN {is_among('known', known)} THEN {rest}" for rest, known in numbers.items())
    rest = rest_sql(profile, "text", "taken")
    return f"CASE {ready} ELSE {rest} END" if ready else rest


def _layout_rest(profile: Profile, layout: Layout) -> str:
    rest = f"CAST({layout_rest_sql(layout, 'text')} AS VARCHAR)"
    if layout.last is None:
        return rest
    # Behind a text there would be a quote before the last brace: what was found is an object, as it stands there.
    whole = f"{quoted('{' + json.dumps(layout.last) + ':')} || found[{profile.looked_at[layout.last]}] || '}}'"
    return f"CASE WHEN suffix(text, '}}}}' || chr(10)) THEN {whole} ELSE {rest} END"


def _layout(profile: Profile) -> str:
    """Return the query that adds the keys of each object, as lists and as one text; null for what cannot be parsed."""
    objects = f"CASE WHEN kind = {OBJECT} THEN text END"
    keys = f"try(json_keys({objects}))" if profile.is_flat else f"try(json_keys({objects}, {_nodes(profile)}))"
    return (
        f"SELECT *, CAST(own_keys AS VARCHAR) AS layout FROM (SELECT *, {keys} AS own_keys FROM ({profile.pieces_sql}))"
    )


def _found(profile: Profile) -> str:
    """Return the query that adds the texts found in each object, those of the places first."""
    paths = [place.json_path for place in profile.places]
    paths += [path_of((key,)) for key, number in profile.looked_at.items() if number > len(profile.places)]
    # An object for every line: of a line without any, DuckDB would take the first text of all for each place.
    record = "CASE WHEN layout IS NOT NULL THEN text ELSE '{}' END"
    opened = " OR ".join(f"coalesce(found[{profile.looked_at[key]}] LIKE '{{%', false)" for key in profile.closed)
    known = is_word("layout", dict.fromkeys(layout.keys for layout in profile.layouts))
    is_known = f"{known} AND NOT is_opened" if profile.layouts else "false"
    return f"""
        SELECT
            *,
            {is_known} AS is_known,
            layout IS NOT NULL AND NOT is_known AS is_new,
            kind = {BROKEN} OR kind = {OBJECT} AND layout IS NULL AS is_broken
        FROM (
            SELECT *, {opened or "false"} AS is_opened
            FROM (
                SELECT
                    *,
                    json_extract_string({record}, {listed(paths or ["$.message"])})
                        AS found
                FROM ({_layout(profile)})
            )
        )
    """


def _parsed(profile: Profile) -> str:
    """Return the query that adds what is to be known about the keys of records of no known layout."""
    keys = "CASE WHEN is_new THEN [own_keys] END" if profile.is_flat else "own_keys"
    return f"""
        SELECT
            *,
            CASE
                WHEN is_new THEN len(list_filter(every_key, lambda names: list_unique(names) < len(names))) > 0
                ELSE false
            END AS has_twice,
            CASE
                WHEN is_new THEN is_opened OR list_has_any(every_key[1], {listed(profile.unseen_roots)})
                ELSE false
            END AS is_unseen
        FROM (SELECT *, {keys} AS every_key FROM ({_found(profile)}))
    """


def _nodes(profile: Profile) -> str:
    return listed(map(path_of, [(), *parents(profile.places)]))


def _picked(profile: Profile) -> str:
    """Return the query that adds for each column the number of the place it is taken from, 0 for none."""
    picks = "".join(f", {_first(profile, places)} AS p_{column}" for column in KEYS if (places := profile.of(column)))
    return f"SELECT *{picks} FROM ({_parsed(profile)})"


def _first(profile: Profile, places: Sequence[Candidate]) -> str:
    """Return the expression for the number of the first place with a value; objects that hold places are none."""
    objects = set(parents(profile.places))
    branches = []
    for place in places:
        text = f"found[{profile.numbers[place]}]"
        is_text = ""
        if place.parts in objects:
            is_text = f" AND CASE WHEN {text} LIKE '{{%' THEN NOT json_valid({text}) ELSE true END"
        is_beside = f" AND found[{profile.looked_at[place.beside]}] IS NOT NULL" if place.beside else ""
        branches.append(f"WHEN {text} IS NOT NULL{is_text}{is_beside} THEN {profile.numbers[place]}")
    return f"CASE {' '.join(branches)} ELSE 0 END"


def _texts(profile: Profile) -> str:
    """Return the query that adds the text of every column."""
    texts = "".join(f", {_text(profile, column)} AS t_{column}" for column in KEYS if profile.of(column))
    return f"SELECT *{texts} FROM ({_picked(profile)})"


def exact_query(profile: Profile, texts: str) -> str:
    """Return the query that adds values to one with the texts and the numbers of the places of all columns.

    Beside the value of every column there is `c_COLUMN`, whether it says all that the text said.
    """
    taken = "".join(f", {_is_whole(made)} AS c_{column}" for column, made in conversions(profile).items())
    units = f", {unit(profile)} AS unit" if profile.of("duration") else ""
    found = {name: value for made in conversions(profile).values() for name, value in made.values.items()}
    values = ", ".join(f"{found.get(name, f'CAST(NULL AS {kind})')} AS {name}" for name, kind in TYPES.items())
    told = "".join(f", {condition} AS {name}" for name, condition in marks(profile).items())
    return f"SELECT *{taken} FROM (SELECT *, {values} FROM (SELECT *{told} FROM (SELECT *{units} FROM ({texts}))))"


def _place(profile: Profile, column: str) -> str:
    """Return the expression for the number of the place a column that has a value was taken from."""
    first, *others = profile.of(column)
    is_sure = not others and first.beside is None and first.parts not in parents(profile.places)
    return str(profile.numbers[first]) if is_sure else f"p_{column}"


def _text(profile: Profile, column: str) -> str:
    """Return the expression for the text of a column; a time with many digits as it was written."""
    found = f"found[{_place(profile, column)}]"
    if column != "time":
        return found
    keys = "|".join(dict.fromkeys(key.split(".")[-1] for key in KEYS["time"]))
    written = rf"""regexp_extract(text, '"(?:{keys})"\s*:\s*(-?[0-9]+[.][0-9]+)', 1)"""
    is_same = f"try_cast(written AS DOUBLE) = try_cast({found} AS DOUBLE)"
    longer = bound(written, "written", f"CASE WHEN {is_same} THEN written ELSE {found} END")
    is_long = f"NOT contains({found}, ':') AND regexp_full_match({found}, '-?[0-9]{{5,}}[.][0-9]{{5,}}')"
    return f"CASE WHEN {is_long} THEN {longer} ELSE {found} END"


def records_query(profile: Profile) -> str:
    """Return the query that adds which columns have all of their values, and the known layout of each line."""
    inner = exact_query(profile, _texts(profile))
    mask = mask_sql(profile)
    if not profile.layouts or not mask:
        return f"SELECT *, 0 AS known FROM ({inner})"
    known = " ".join(
        f"WHEN layout = {quoted(layout.keys)} AND mask = {profile.mask(layout.places)} THEN {number}"
        for number, layout in enumerate(profile.layouts, start=1)
    )
    return f"""
        SELECT *, CASE WHEN is_known THEN CASE {known} ELSE 0 END ELSE 0 END AS known
        FROM (SELECT *, {mask} AS mask FROM ({inner}))
    """


def mask_sql(profile: Profile) -> str:
    """Return the expression for the places that were taken, as bits of one number; empty where there are none."""
    return " + ".join(
        f"CASE WHEN c_{column} THEN {_bits(profile, column)} ELSE 0 END" for column in KEYS if profile.of(column)
    )


def _bits(profile: Profile, column: str) -> str:
    """Return the expression for what a column that has a value adds to the mask."""
    place, before = _place(profile, column), profile.numbers[profile.of(column)[0]] - 1
    if place.isdigit():
        return str(1 << profile.shifts[column])
    return f"(CAST({place} - {before} AS BIGINT) << {profile.shifts[column]})"


def _is_whole(made: Conversion) -> str:
    """Return the condition that the values of a column are there and say all that the text said."""
    has_values = " AND ".join(f"{name} IS NOT NULL" for name in made.values)
    return has_values if made.is_exact == "true" else f"CASE WHEN {has_values} THEN {made.is_exact} ELSE false END"
