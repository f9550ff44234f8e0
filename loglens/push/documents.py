"""Documents made inside DuckDB: each record as the two lines of a bulk request, as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loglens.arrow_columns import flags, numbers
from loglens.columns import Column, strict_json, time_text
from loglens.push.fields import ORIGIN, Field, Stream
from loglens.push.items import Items
from loglens.push.names import Names

if TYPE_CHECKING:
    import duckdb

# JSON that DuckDB keeps and RFC 8259 does not know.
_LOOSE = r"(?i)[:\[,]\s*-?(?:nan|inf)|,\s*[}\]]"
# A comma that nothing may follow, or a blank, which a value in its shortest form has behind none.
_COMMA = r",[\]}\s]"
_TIME = Column("@timestamp", "TIMESTAMP_NS")


@dataclass(frozen=True)
class Slice:
    """Some records of one source after a place in it and up to a line, in order."""

    source_id: int
    source_key: str
    uri: str
    after_line: int
    after_ordinal: int
    to_line: int
    since_ns: int
    until_ns: int
    most: int
    # Records up to this line were sent before, and have changed since.
    again_to_line: int = 0


@dataclass(frozen=True)
class Documents:
    """Records as items of a bulk request, and where the last of them stands."""

    items: Items
    last_line: int
    last_ordinal: int


def read(connection: duckdb.DuckDBPyConnection, stream: Stream, names: Names, part: Slice) -> Documents:
    """Return the documents of a slice of a table of events."""
    text = statement(stream, names)
    table: Any = connection.sql(text, params=vars(part)).to_arrow_table()
    items = Items.of_column(table["item"])
    if not len(items):
        return Documents(items, part.after_line, part.after_ordinal)
    if table["is_loose"].combine_chunks().true_count:
        loose = flags(table["is_loose"])
        items = Items.of([_strict(item) if is_loose else item for item, is_loose in zip(items, loose, strict=True)])
    return Documents(items, *(int(numbers(table[name].slice(len(items) - 1))[0]) for name in ("line", "ordinal")))


def _strict(item: bytes) -> bytes:
    action, _, document = item.partition(b"\n")
    return action + b"\n" + strict_json(document.decode()).encode() + b"\n"


def statement(stream: Stream, names: Names) -> str:
    """Return the SELECT of the items of a slice, one a row; it binds the fields of `Slice`."""
    members = ",\n                ".join(_member(field) for field in (*ORIGIN, *stream.fields))
    # A data stream takes no replacements; the index of what has no time does.
    is_fixed = f"{stream.time} IS NOT NULL" if names.layout == "data-stream" else "false"
    create = f"if(line > $again_to_line OR {is_fixed}, 'create', 'index')"
    loose = " OR ".join(_loose(field.sql) for field in stream.fields if _is_json(field))
    return f"""
        SELECT
            line                                                                AS line,
            CAST(ordinal AS BIGINT)                                             AS ordinal,
            concat(
                '{{"', {create}, '":{{"_index":"', {names.index_sql(stream.name, stream.time)},
                '","_id":"', $source_key, '-', line, '-', ordinal, '"}}}}', chr(10),
                '{{"@timestamp":', coalesce('"' || {timestamp_sql(stream.time)} || '"', 'null'),
                {members},
                '}}', chr(10)
            )                                                                   AS item,
            {loose}                                                             AS is_loose
        FROM {stream.name}
        WHERE source_id = $source_id
            AND line BETWEEN $after_line AND $to_line
            AND (line > $after_line OR ordinal > $after_ordinal)
            AND coalesce({stream.time}, $since_ns) >= $since_ns
            AND coalesce({stream.time}, $since_ns) < $until_ns
        ORDER BY line, ordinal
        LIMIT $most
    """


def _member(field: Field) -> str:
    """Return the SQL expressions for a member of a document; nulls, which a concatenation passes over, for none.

    The name stands apart from the value, so that the value is copied once.
    """
    if _is_json(field):
        # It is written as it is kept; a line break, which would end the item, is only found between its parts.
        value = f"if(contains({field.sql}, chr(10)), to_json({field.sql}), {field.sql})"
    else:
        value = f"({field.sql})" if field.type in {"long", "boolean"} else f"to_json({field.sql})"
    return f"if({field.sql} IS NULL, NULL, ',\"{field.name}\":'), {value}"


def _is_json(field: Field) -> bool:
    return field.type in {"flattened", "stored"} and field.sql != "raw"


def _loose(value: str) -> str:
    """Return the SQL expression for whether a JSON value is loose; most lack the letters, which is seen sooner."""
    words = " OR ".join(f"contains(lower({value}), '{word}')" for word in ("nan", "inf"))
    is_candidate = f"{words} OR regexp_matches({value}, '{_COMMA}')"
    return f"CASE WHEN {is_candidate} THEN regexp_matches({value}, '{_LOOSE}') ELSE false END"


def timestamp_sql(nanoseconds: str) -> str:
    """Return the SQL expression for a time as RFC 3339 with nine digits, which DuckDB's own format misplaces."""
    rest = f"(({nanoseconds} % 1000000000) + 1000000000) % 1000000000"
    whole = f"strftime(make_timestamp_ns({nanoseconds}), '%Y-%m-%dT%H:%M:%S.')"
    return f"if({nanoseconds} IS NULL, NULL, concat({whole}, lpad(CAST({rest} AS VARCHAR), 9, '0'), 'Z'))"


def settled(connection: duckdb.DuckDBPyConnection, stream: Stream, lines: Mapping[int, int]) -> dict[int, int]:
    """Return how many records each source has up to a line of it."""
    rows = connection.execute(
        f"SELECT source_id, count(*) FROM {stream.name} "
        "JOIN (SELECT unnest($sources::BIGINT[]) AS source_id, unnest($lines::BIGINT[]) AS last) AS lines "
        "USING (source_id) WHERE line <= last GROUP BY 1 ORDER BY 1",
        {"sources": list(lines), "lines": list(lines.values())},
    ).fetchall()
    return dict(rows)


def stops(connection: duckdb.DuckDBPyConnection, stream: Stream, sizes: Mapping[int, int]) -> dict[int, list[int]]:
    """Return lines that cut each source into parts of about so many records, by the number of the source.

    Reading up to a line is what keeps the way through a long source from getting longer with each step.
    """
    rows = connection.execute(
        _STOPS.format(table=stream.name), {"sources": list(sizes), "sizes": list(sizes.values())}
    ).fetchall()
    found: dict[int, list[int]] = {}
    for source_id, line in rows:
        found.setdefault(source_id, []).append(line)
    return found


_STOPS = """
    WITH blocks AS (
        SELECT
            source_id           AS source_id,
            line // 100         AS block,
            max(line)           AS line,
            count(*)            AS records
        FROM {table}
        GROUP BY ALL
    ),
    sizes AS (SELECT unnest($sources::BIGINT[]) AS source_id, unnest($sizes::BIGINT[]) AS size),
    parts AS (
        SELECT
            source_id                                                               AS source_id,
            line                                                                    AS line,
            sum(records) OVER (PARTITION BY source_id ORDER BY block) // size       AS part
        FROM blocks
        JOIN sizes USING (source_id)
    )
    SELECT source_id, max(line) AS line
    FROM parts
    GROUP BY source_id, part
    ORDER BY source_id, line
"""


def count(connection: duckdb.DuckDBPyConnection, stream: Stream, bounds: Mapping[str, Any]) -> dict[int, int]:
    """Return how many records of each source lie between two times; those without one always do."""
    rows = connection.execute(
        f"SELECT source_id, count(*) FROM {stream.name} "
        f"WHERE coalesce({stream.time}, $since_ns) >= $since_ns AND coalesce({stream.time}, $since_ns) < $until_ns "
        "GROUP BY 1 ORDER BY 1",
        {"since_ns": bounds["since_ns"], "until_ns": bounds["until_ns"]},
    ).fetchall()
    return dict(rows)


def indices(
    connection: duckdb.DuckDBPyConnection, stream: Stream, names: Names, bounds: Mapping[str, Any]
) -> dict[str, int]:
    """Return how many records between two times go to each index."""
    rows = connection.execute(
        f"SELECT {names.index_sql(stream.name, stream.time)} AS name, count(*) FROM {stream.name} "
        f"WHERE coalesce({stream.time}, $since_ns) >= $since_ns AND coalesce({stream.time}, $since_ns) < $until_ns "
        "GROUP BY 1 ORDER BY 1",
        {"since_ns": bounds["since_ns"], "until_ns": bounds["until_ns"]},
    ).fetchall()
    return dict(rows)


def between(since_ns: int, until_ns: int) -> dict[str, Any]:
    """Return the query for the documents of records between two times; those without one always are."""
    # An index knows no nanoseconds before 1970, which is also where a push without a beginning starts.
    within = {"gte": time_text(_TIME, max(since_ns, 0)), "lt": time_text(_TIME, max(until_ns, 0))}
    untimed = {"bool": {"must_not": {"exists": {"field": "@timestamp"}}}}
    return {"bool": {"should": [{"range": {"@timestamp": within}}, untimed]}}
