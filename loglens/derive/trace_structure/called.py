"""What the spans of the touched traces call: the shape of each call, and what its span says of it beside."""

from __future__ import annotations

from loglens.derive.query_shapes.span_calls import SPAN_CALLS

TABLES = ("called",)

_VALUES = r'"db\.(?:query|statement|operation)\.parameters?[^"]*"\s*:\s*("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^,}]*)'
_ROWS = r'"db\.[a-z_.]*(?:returned_rows|affected_rows|rows_affected|row_count)"\s*:\s*"?([0-9]+)'
_CALLS = r'composite(?:[a-z_.]*|"\s*:\s*\{[^}]*")count"\s*:\s*"?([0-9]+)'
_ITEMS = r'batch\.(?:size|message_count)"\s*:\s*"?([0-9]+)'


def _number(pattern: str) -> str:
    return f"try_cast(nullif(regexp_extract(noted, '{pattern}', 1), '') AS BIGINT)"


# Agents record calls that follow one another as one span, with a count.
MAKE = f"""
    CREATE TEMP TABLE called AS
    SELECT
        i                                                           AS i,
        shape_id                                                    AS shape_id,
        coalesce(
            address_id,
            if(contains(noted, '.parameter'), hash(regexp_extract_all(noted, '{_VALUES}', 1)), NULL),
            params_id
        )                                                           AS params_id,
        coalesce({_number(_CALLS)}, 1)::INTEGER                     AS calls,
        greatest(items, {_number(_ITEMS)})::INTEGER                 AS items,
        {_number(_ROWS)}                                            AS returned_rows
    FROM ({SPAN_CALLS}) AS spans
    JOIN query_texts USING (text_id)
"""  # noqa: S608
OF_TOUCHED = MAKE + "SEMI JOIN touched ON hash(spans.trace_id) = touched.trace"
