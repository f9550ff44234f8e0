"""Log templates: what messages have in common, a template for every log record.

Values are masked in one pass over the records, and templates are mined from the distinct masked texts of the whole
store, so that they are the same in whatever order the files came in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loglens.derivation import Derivation, Derived, Work
from loglens.derive.log_templates.masks import masked_sql, underscored_sql, words_sql
from loglens.shape import shape_id
from loglens.store.store import fetch_row
from loglens.template_texts import texts_sql
from loglens.wording import counted

if TYPE_CHECKING:
    import duckdb

_REMOVE = """
    DELETE FROM log_record_masks
    USING changes
    WHERE log_record_masks.source_id = changes.source_id AND log_record_masks.line > changes.after_line
"""
_CHANGED = """(
    SELECT logs.*
    FROM logs
    SEMI JOIN changes
        ON logs.source_id = changes.source_id
        AND logs.line > changes.after_line
) AS logs"""
_RECORDS = f"""
    INSERT INTO log_record_masks BY NAME
    SELECT
        source_id                           AS source_id,
        line                                AS line,
        ordinal                             AS ordinal,
        hash({masked_sql("text")}, frames)  AS mask_id,
        ts_ns                               AS ts_ns,
        service                             AS service,
        severity_number                     AS severity_number
    FROM ({texts_sql(_CHANGED)}) AS told
"""  # noqa: S608
_FORGET = "DELETE FROM log_masks WHERE mask_id NOT IN (SELECT mask_id FROM log_record_masks)"
# One record of every mask that is new.
_FRESH = """
    CREATE TEMP TABLE fresh AS
    SELECT
        mask_id                             AS mask_id,
        place.source_id                     AS source_id,
        place.line                          AS line,
        place.ordinal                       AS ordinal
    FROM (
        SELECT
            records.mask_id                 AS mask_id,
            any_value({'source_id': records.source_id, 'line': records.line, 'ordinal': records.ordinal}) AS place
        FROM log_record_masks AS records
        SEMI JOIN changes
            ON records.source_id = changes.source_id
            AND records.line > changes.after_line
        ANTI JOIN log_masks
            ON records.mask_id = log_masks.mask_id
        GROUP BY records.mask_id
    )
"""
_EXAMPLES = "(SELECT logs.* FROM logs SEMI JOIN fresh USING (source_id, line, ordinal)) AS logs"
_MASKS = f"""
    INSERT INTO log_masks BY NAME
    SELECT
        fresh.mask_id                                       AS mask_id,
        {underscored_sql(masked_sql("told.text"))}          AS masked,
        told.frames                                         AS frames
    FROM ({texts_sql(_EXAMPLES)}) AS told
    JOIN fresh USING (source_id, line, ordinal)
"""  # noqa: S608
_TEXTS = f"""
    CREATE TEMP TABLE texts AS
    SELECT
        row_number() OVER ()                                AS number,
        masked                                              AS masked,
        sum(records)::BIGINT                                AS records,
        {words_sql("masked")}                               AS words
    FROM log_masks
    JOIN (
        SELECT mask_id, count(*) AS records FROM log_record_masks GROUP BY mask_id
    ) AS numbers USING (mask_id)
    GROUP BY masked
"""  # noqa: S608
_TEMPLATED = """
    CREATE TEMP TABLE templated AS
    SELECT
        log_masks.mask_id                                   AS mask_id,
        log_masks.masked                                    AS masked,
        log_masks.frames                                    AS frames,
        coalesce(nullif(mined.template, ''), '(no message)') AS template
    FROM log_masks
    JOIN texts USING (masked)
    JOIN mined USING (number)
"""
_DISTINCT = "SELECT DISTINCT template, frames FROM templated ORDER BY ALL"
_NAMED = """
    INSERT INTO log_masks BY NAME
    SELECT
        templated.mask_id                                   AS mask_id,
        templated.masked                                    AS masked,
        templated.frames                                    AS frames,
        ids.template_id                                     AS template_id
    FROM templated
    JOIN ids
        ON templated.template = ids.template
        AND templated.frames IS NOT DISTINCT FROM ids.frames
"""
_TEMPLATES = """
    INSERT INTO log_templates BY NAME
    SELECT
        ids.template_id                                     AS template_id,
        ids.template                                        AS template,
        ids.frames                                          AS frames,
        numbers.records                                     AS records
    FROM ids
    JOIN (
        SELECT template_id, count(*) AS records
        FROM log_record_masks
        JOIN log_masks USING (mask_id)
        GROUP BY template_id
    ) AS numbers USING (template_id)
"""


def _run(work: Work) -> Derived:
    connection = work.connection
    connection.execute(_REMOVE)
    connection.execute(_RECORDS)
    work.progress.advance(0.5)
    connection.execute(_FORGET)
    connection.execute(_FRESH)
    connection.execute(_MASKS)
    work.progress.advance(0.6)
    _mine(connection)
    work.progress.advance(1)
    (records,) = fetch_row(connection, "SELECT count(*) FROM log_record_masks")
    (templates,) = fetch_row(connection, "SELECT count(*) FROM log_templates")
    return Derived(f"{counted(templates, 'template')} of {counted(records, 'log record')}")


def _mine(connection: duckdb.DuckDBPyConnection) -> None:
    """Give every mask its template, from all there are."""
    import pyarrow as pa

    from loglens.derive.log_templates.mining import mine

    connection.execute(_TEXTS)
    texts = connection.sql("SELECT number, records, words FROM texts").to_arrow_table().combine_chunks()
    words, records = (texts[name].combine_chunks() for name in ("words", "records"))
    connection.register("mined", pa.table({"number": texts["number"], "template": mine(words, records.to_numpy())}))
    connection.execute(_TEMPLATED)
    connection.unregister("mined")
    distinct = connection.execute(_DISTINCT).fetchall()
    ids = [shape_id("log", template if frames is None else f"{template}\n{frames}") for template, frames in distinct]
    columns = {
        "template_id": pa.array(ids, pa.uint64()),
        "template": pa.array([template for template, _ in distinct], pa.string()),
        "frames": pa.array([frames for _, frames in distinct], pa.string()),
    }
    connection.register("ids", pa.table(columns))
    for table in ("log_masks", "log_templates"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
    connection.execute(_NAMED)
    connection.execute(_TEMPLATES)
    connection.unregister("ids")
    for table in ("fresh", "texts", "templated"):
        connection.execute(f"DROP TABLE {table}")


DERIVATION = Derivation(
    name="log_templates",
    title="Log templates",
    version=2,
    tables=("log_templates", "log_masks", "log_record_masks"),
    views=("log_record_templates",),
    run=_run,
)
