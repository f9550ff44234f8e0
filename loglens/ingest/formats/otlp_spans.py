"""Spans of OTLP JSON: the batches they travel in and the statement that stores them."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from loglens.ingest.entry_span import ENTRY_SPAN
from loglens.ingest.route_shape import route_shape_sql
from loglens.ingest.semconv import SPAN_COLUMNS, spellings

FEW = pa.dictionary(pa.int32(), pa.string())

SPAN_SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        ("ordinal", pa.int32()),
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("parent_span_id", pa.string()),
        ("service", FEW),
        ("instance", FEW),
        ("scope_name", FEW),
        ("resource", FEW),
        ("extra", FEW),
        ("kind", FEW),
        ("status", FEW),
        ("status_message", FEW),
        ("name", pa.string()),
        ("start_ns", pa.int64()),
        ("duration_ns", pa.int64()),
        ("attributes", pa.string()),
        ("events", pa.string()),
        ("links", pa.string()),
        ("exception_type", pa.string()),
        ("raw", pa.string()),
    ]
)

# In a span that is plain, these columns have what its attributes say of those of the table.
NAMED = {column: f"named_{column}" for column in SPAN_COLUMNS}
OTLP_SCHEMA = pa.schema([*SPAN_SCHEMA, ("is_plain", pa.bool_()), *((name, pa.string()) for name in NAMED.values())])

# These name the own side of a call, so they say nothing about its peer.
OWN_SIDE = ("http.server_name", "net.host.name")

NAMES = {column: tuple(n for n in spellings(names) if n not in OWN_SIDE) for column, names in SPAN_COLUMNS.items()}
_PATHS = ["$", *(f'$."{name}"' for names in NAMES.values() for name in names)]
_PLACES = {path[3:-1]: place for place, path in enumerate(_PATHS, 1)}

# The route shape of a bare path is found much faster than that of a whole URL.
_BARE = "CASE WHEN contains(target, '://') THEN regexp_extract(target, '^[^/?#]*://[^/?#]*([^#]*)', 1) ELSE target END"


# Of a record without attributes DuckDB would take the first text of all for each place; it may be long.
OBJECT = "coalesce(attributes, '{}')"
_FOUND = f"json_extract_string({OBJECT}, {_PATHS!r})"


def _first(column: str) -> str:
    return "coalesce(" + ", ".join(f"found[{_PLACES[name]}]" for name in NAMES[column]) + ")"


def otlp_statement() -> str:
    """Return the INSERT that reads rows with the columns of OTLP_SCHEMA and stores them for `$source_id`."""
    found = f"CASE WHEN NOT coalesce(is_plain, false) THEN {_FOUND} END"
    written = "CASE WHEN is_plain THEN attributes WHEN attributes IS NOT NULL THEN found[1]::JSON END"
    named = {column: f"CASE WHEN is_plain THEN {NAMED[column]} ELSE {_first(column)} END" for column in SPAN_COLUMNS}
    return _statement("input", found, written, named)


def span_statement(source: str) -> str:
    """Return the INSERT that reads rows with the columns of SPAN_SCHEMA and stores them for `$source_id`."""
    written = "CASE WHEN attributes IS NOT NULL THEN found[1] END"
    return _statement(source, _FOUND, written, {column: _first(column) for column in SPAN_COLUMNS})


def _statement(source: str, found: str, attributes: str, named: Mapping[str, str]) -> str:
    """Return the INSERT, with what `found`, the attributes and the columns that they give are made of."""
    columns = ",\n            ".join(f"{made} AS {column}" for column, made in named.items())
    return f"""
    INSERT INTO spans (
        source_id, line, ordinal, trace_id, span_id, parent_span_id, service, instance, name, kind, start_ns,
        duration_ns, status, status_message, http_method, path, route, status_code, db_system, db_query, peer_service,
        messaging_system, messaging_destination, gen_ai_model, gen_ai_input_tokens, gen_ai_output_tokens, user_id,
        error_type, scope_name, events, links, attributes, resource, extra, raw, is_entry
    )
    SELECT
        $source_id, line, ordinal, trace_id, span_id, parent_span_id, service, instance, name, kind, start_ns,
        duration_ns, status, status_message, http_method, target,
        CASE WHEN route IS NULL AND bare IS NOT NULL THEN {route_shape_sql("bare")} ELSE route END,
        TRY_CAST(status_code AS SMALLINT), db_system, db_query,
        CASE WHEN peer_service IS NULL AND kind IN ('CLIENT', 'PRODUCER') THEN server_address ELSE peer_service END,
        messaging_system, messaging_destination, gen_ai_model, TRY_CAST(gen_ai_input_tokens AS BIGINT),
        TRY_CAST(gen_ai_output_tokens AS BIGINT), user_id, coalesce(error_type, exception_type), scope_name,
        events, links, attributes, resource, extra, raw, {ENTRY_SPAN}
    FROM (SELECT *, {_BARE} AS bare FROM (
        SELECT
            * EXCLUDE (attributes, found), {attributes} AS attributes,
            {columns},
            coalesce(path, url) AS target
        FROM (SELECT *, {found} AS found FROM {source})
    ))
    """
