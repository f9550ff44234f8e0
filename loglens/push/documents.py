"""Documents made inside DuckDB: each record as the two lines of a bulk request, as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from loglens.columns import strict_json
from loglens.push.fields import ORIGIN, Field, Stream
from loglens.push.names import Names

if TYPE_CHECKING:
    import duckdb

# JSON that DuckDB keeps and RFC 8259 does not know.
_LOOSE = r"(?i)[:\[,]\s*-?(?:nan|inf)|,\s*[}\]]"


@dataclass(frozen=True)
class Slice:
    """Some records of one source after a place in it, in order."""

    source_id: int
    source_key: str
    uri: str
    after_line: int
    after_ordinal: int
    since_ns: int
    until_ns: int
    most: int
    # Records up to this line were sent before, and have changed since.
    again_to_line: int = 0


@dataclass(frozen=True)
class Documents:
    """Records as items of a bulk request, and where the last of them stands."""

    items: list[bytes]
    last_line: int
    last_ordinal: int


def read(connection: duckdb.DuckDBPyConnection, stream: Stream, names: Names, part: Slice) -> Documents:
    """Return the documents of a slice of a table of events."""
    text = statement(stream, names)
    # A data stream takes no replacements, and so its statement has no bind for them.
    binds = {name: value for name, value in vars(part).items() if f"${name}" in text}
    table: Any = connection.sql(text, params=binds).to_arrow_table()
    items = table["item"].cast(pa.binary()).to_pylist()
    loose = table["is_loose"].to_numpy()
    for place in loose.nonzero()[0].tolist():
        action, _, document = items[place].partition(b"\n")
        items[place] = action + b"\n" + strict_json(document.decode()).encode() + b"\n"
    if not items:
        return Documents([], part.after_line, part.after_ordinal)
    return Documents(items, table["line"][-1].as_py(), table["ordinal"][-1].as_py())


def statement(stream: Stream, names: Names) -> str:
    """Return the SELECT of the items of a slice, one a row; it binds the fields of `Slice`."""
    members = ",\n                ".join(_member(field) for field in (*ORIGIN, *stream.fields))
    create = "'create'" if names.layout == "data-stream" else "if(line <= $again_to_line, 'index', 'create')"
    loose = " OR ".join(
        f"coalesce(regexp_matches({field.sql}, '{_LOOSE}'), false)"
        for field in stream.fields
        if field.type in {"flattened", "stored"} and field.sql != "raw"
    )
    return f"""
        SELECT
            line                                                                AS line,
            ordinal                                                             AS ordinal,
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
            AND (line > $after_line OR line = $after_line AND ordinal > $after_ordinal)
            AND coalesce({stream.time}, $since_ns) >= $since_ns
            AND coalesce({stream.time}, $since_ns) < $until_ns
        ORDER BY line, ordinal
        LIMIT $most
    """


def _member(field: Field) -> str:
    """Return the SQL expression for a member of a document; a null, which a concatenation passes over, for none."""
    return f"if({field.sql} IS NULL, NULL, concat(',\"{field.name}\":', to_json({field.sql})))"


def timestamp_sql(nanoseconds: str) -> str:
    """Return the SQL expression for a time as RFC 3339 with nine digits, which DuckDB's own format misplaces."""
    rest = f"(({nanoseconds} % 1000000000) + 1000000000) % 1000000000"
    whole = f"strftime(make_timestamp_ns({nanoseconds}), '%Y-%m-%dT%H:%M:%S.')"
    return f"if({nanoseconds} IS NULL, NULL, concat({whole}, lpad(CAST({rest} AS VARCHAR), 9, '0'), 'Z'))"


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
