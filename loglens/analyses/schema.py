"""Schema: the tables of the database and what their columns mean."""

from __future__ import annotations

from loglens.analysis import Analysis

ANALYSIS = Analysis(
    name="schema",
    title="Schema",
    question="Which tables and columns are there, and what do they mean?",
    params=(),
    columns={
        "table_name": "Table.",
        "column_name": "Column.",
        "type": "Type.",
        "rows": "Rows in the table.",
        "meaning": "What it holds.",
    },
    key=("table_name", "column_name"),
    scoped=False,
    limit=0,
    spread="local",
    sql="""
        SELECT
            columns.table_name                              AS table_name,
            columns.column_name                             AS column_name,
            columns.data_type                               AS type,
            tables.estimated_size                           AS rows,
            columns.comment                                 AS meaning
        FROM duckdb_columns() AS columns
        JOIN duckdb_tables() AS tables
            ON columns.table_oid = tables.table_oid
            AND columns.database_oid = tables.database_oid
        WHERE
            columns.database_name = current_database()
            AND tables.table_name <> 'schema_version'
        ORDER BY
            table_name,
            columns.column_index
    """,
    examples=("loglens schema", "loglens sql 'SELECT service, count(*) FROM spans GROUP BY ALL'"),
)
