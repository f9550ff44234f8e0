"""From texts to shapes: mask in DuckDB what differs between them, shape in Python what is left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from loglens.shape import shape_id
from loglens.shapes import shape_call
from loglens.shapes.ids import IDS
from loglens.shapes.masks import bare_sql, is_mysql_sql, mask_sql
from loglens.shapes.traits import is_routine, is_write
from loglens.store.store import fetch_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb
    import pyarrow as pa

    from loglens.derivation import Progress

TABLES = ("fresh", "unshaped", "shaped")
_CHUNK = 10_000

# The command and key of Redis tell its shape; whatever stands behind them is one.
_REDIS = f"""
    CASE
        WHEN contains(text, chr(10)) OR starts_with(text, 'EVAL') THEN text
        ELSE regexp_replace(split_part(text, ' ', 1) || ' ' || split_part(text, ' ', 2), '{IDS}', '{{id}}', 'g')
            || CASE split_part(text, ' ', 3) WHEN '' THEN '' WHEN '?' THEN ' ?' ELSE ' 0' END
    END
"""
_MASK = f"""
    CASE
        WHEN is_named OR call_kind NOT IN ('sql', 'redis') THEN text
        WHEN call_kind = 'redis' THEN {_REDIS}
        WHEN is_mysql THEN {mask_sql("text", "mysql")}
        ELSE {mask_sql("text", "standard")}
    END
"""
_VALUES = f"""
    CASE
        WHEN call_kind <> 'sql' THEN text
        WHEN is_mysql THEN {bare_sql("text", "mysql")}
        ELSE {bare_sql("text", "standard")}
    END
"""
# Texts that were not shaped before, each once. Those with one mask have one shape.
FRESH = f"""
    CREATE TEMP TABLE fresh AS
    WITH texts AS (
        SELECT
            text_id                     AS text_id,
            any_value(call_kind)        AS call_kind,
            any_value(system)           AS system,
            any_value(is_named)         AS is_named,
            any_value(text)             AS text
        FROM calls
        ANTI JOIN query_texts USING (text_id)
        GROUP BY text_id
    ),
    read AS (
        SELECT
            *,
            call_kind = 'sql' AND {is_mysql_sql("system", "text")} AS is_mysql
        FROM texts
    )
    SELECT
        text_id                                             AS text_id,
        hash(call_kind, is_named, is_mysql, {_MASK})        AS mask_id,
        hash({_VALUES})                                     AS params_id,
        call_kind                                           AS call_kind,
        is_named                                            AS is_named,
        is_mysql                                            AS is_mysql,
        text                                                AS text
    FROM read
"""  # noqa: S608
_UNSHAPED = """
    CREATE TEMP TABLE unshaped AS
    SELECT
        row_number() OVER ()    AS number,
        mask_id                 AS mask_id,
        any_value(call_kind)    AS call_kind,
        any_value(is_named)     AS is_named,
        any_value(is_mysql)     AS is_mysql,
        min(text)               AS example
    FROM fresh
    GROUP BY mask_id
"""
_SHAPED = """
    CREATE TEMP TABLE shaped (
        mask_id         UBIGINT,
        shape_id        UBIGINT,
        has_hidden      BOOLEAN,
        items           INTEGER,
        shape           VARCHAR,
        kind            VARCHAR,
        operation       VARCHAR,
        target          VARCHAR,
        is_write        BOOLEAN,
        is_paging       BOOLEAN,
        is_truncated    BOOLEAN,
        is_routine      BOOLEAN,
        tags            VARCHAR,
        example         VARCHAR
    )
"""
_TEXTS = """
    INSERT INTO query_texts BY NAME
    SELECT
        fresh.text_id                                                       AS text_id,
        shaped.shape_id                                                     AS shape_id,
        if(shaped.has_hidden OR shaped.is_truncated, NULL, fresh.params_id) AS params_id,
        shaped.items                                                        AS items
    FROM fresh
    JOIN shaped USING (mask_id)
"""
# The example of a shape is its first text in the order of texts, however they came in.
_REPLACED = """
    DELETE FROM query_shapes
    USING (SELECT shape_id, min(example) AS example FROM shaped GROUP BY shape_id) AS found
    WHERE query_shapes.shape_id = found.shape_id AND found.example < query_shapes.example
"""
_SHAPES = """
    INSERT INTO query_shapes BY NAME
    SELECT
        shape_id, shape, kind, operation, target, is_write, is_paging, is_truncated, is_routine, tags, example
    FROM shaped
    ANTI JOIN query_shapes USING (shape_id)
    QUALIFY row_number() OVER (PARTITION BY shape_id ORDER BY example, mask_id) = 1
"""


_TAKEN = """
    SELECT
        mask_id, call_kind, is_named, is_mysql, example
    FROM unshaped
    WHERE number > $after AND number <= $after + $count
"""


_TYPES = {
    **dict.fromkeys(("mask_id", "shape_id"), "uint64"),
    **dict.fromkeys(("has_hidden", "is_write", "is_paging", "is_truncated", "is_routine"), "bool"),
    **dict.fromkeys(("shape", "kind", "operation", "target", "tags", "example"), "string"),
    "items": "int32",
}


def shape_texts(connection: duckdb.DuckDBPyConnection, progress: Progress) -> int:
    """Shape the texts of `fresh`, and return how many there were."""
    connection.execute(_UNSHAPED)
    connection.execute(_SHAPED)
    (masks,) = fetch_row(connection, "SELECT count(*) FROM unshaped")
    for after in range(0, masks, _CHUNK):
        rows = connection.execute(_TAKEN, {"after": after, "count": _CHUNK}).fetchall()
        connection.register("found", _shape_rows(rows))
        connection.execute("INSERT INTO shaped BY NAME FROM found")
        connection.unregister("found")
        progress.advance(0.4 + 0.4 * (after + len(rows)) / masks)
    for statement in (_TEXTS, _REPLACED, _SHAPES):
        connection.execute(statement)
    (texts,) = fetch_row(connection, "SELECT count(*) FROM fresh")
    return int(texts)


def _shape_rows(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Return the shapes of rows of `unshaped`, as rows of `shaped`."""
    import pyarrow as pa

    found = []
    for mask_id, kind, is_named, is_mysql, example in rows:
        shape = shape_call(kind, example, is_named=is_named, is_mysql=is_mysql)
        found.append(
            {
                "mask_id": mask_id,
                "shape_id": shape_id(kind, shape.text),
                "has_hidden": shape.has_hidden,
                "items": shape.items,
                "shape": shape.text,
                "kind": kind,
                "operation": shape.operation,
                "target": shape.target,
                "is_write": is_write(kind, shape),
                "is_paging": shape.is_paging,
                "is_truncated": shape.is_truncated,
                "is_routine": is_routine(kind, shape),
                "tags": json.dumps(dict(shape.tags)) if shape.tags else None,
                "example": example,
            }
        )
    return pa.Table.from_pylist(
        found, schema=pa.schema([(name, pa.type_for_alias(kind)) for name, kind in _TYPES.items()])
    )
