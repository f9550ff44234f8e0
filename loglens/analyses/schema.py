"""Schema: the tables of the database and what their columns mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loglens.analysis import Analysis, Row, Value
from loglens.store.scripts import meanings


def _compute(rows: Sequence[Row], _: Mapping[str, Value]) -> list[Row]:
    told = meanings()
    return [{**row, "meaning": told.get(f"{row['table_name']}.{row['column_name']}")} for row in rows]


ANALYSIS = Analysis(
    name="schema",
    title="Schema",
    question="Which tables and columns are there, and what do they mean?",
    params=(),
    columns={
        "table_name": "Table; requests is a view over spans and logs.",
        "column_name": "Column.",
        "type": "Type.",
        "rows": "Rows in it, of the time and service asked for; of sources those with such records.",
        "meaning": "What it holds.",
    },
    key=("table_name", "column_name"),
    limit=0,
    spread="local",
    sql="""
        WITH asked AS MATERIALIZED (
            SELECT source_id FROM sources_in_scope($since_ns, $until_ns, $service)
        ),
        counts AS (
            -- Counted, because the catalogue still counts rows that were deleted.
            SELECT 'sources' AS table_name, count(*) AS rows
            FROM asked
            UNION ALL
            SELECT 'rejects', count(*)
            FROM rejects
            SEMI JOIN asked USING (source_id)
            UNION ALL
            SELECT 'logs', count(*)
            FROM logs
            WHERE
                in_scope(ts_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
            UNION ALL
            SELECT 'spans', count(*)
            FROM spans
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
            UNION ALL
            SELECT 'metric_samples', count(*)
            FROM metric_samples
            WHERE
                in_scope(ts_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
            UNION ALL
            SELECT 'health_checks', count(*)
            FROM health_checks
            WHERE
                in_scope(ts_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
            UNION ALL
            SELECT 'requests', count(*)
            FROM requests
            WHERE
                in_scope(start_ns, $since_ns, $until_ns)
                AND ($service IS NULL OR service = $service)
        )
        SELECT
            columns.table_name      AS table_name,
            columns.column_name     AS column_name,
            columns.data_type       AS type,
            counts.rows             AS rows,
            NULL::VARCHAR           AS meaning
        FROM duckdb_columns() AS columns
        JOIN counts ON columns.table_name = counts.table_name
        WHERE columns.database_name IN (current_database(), 'temp')
        ORDER BY
            table_name,
            columns.column_index
    """,
    compute=_compute,
    examples=("loglens schema", "loglens sql 'SELECT service, count(*) FROM requests GROUP BY ALL'"),
)
