"""Records within records: what a container runtime, a shipper or an export wraps around the record of an application.

An opened record is the inner one with what was around it under the key ENVELOPE, so that inner values come first and
those of the envelope stand in where it has none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from loglens.ingest.formats.json_marks import OBJECT
from loglens.ingest.sql_text import element, listed, quoted

ENVELOPE = "envelope"
_SPACE = "' ' || chr(9) || chr(10) || chr(13)"


@dataclass(frozen=True)
class Wrapper:
    """A kind of envelope: the key of the inner record, and keys of which an envelope has at least one beside it.

    The inner record is JSON as text, or an object where `is_object` says so.
    """

    key: str
    beside: tuple[str, ...]
    is_object: bool = False


# Docker and Fluent Bit; journald; Filebeat, Vector, CloudWatch, Fluentd; Google Cloud; Elasticsearch; Loki.
WRAPPERS = (
    Wrapper("log", ("stream", "kubernetes", "container_id", "container_name", "attrs")),
    Wrapper("MESSAGE", ("__REALTIME_TIMESTAMP", "__CURSOR", "_BOOT_ID", "PRIORITY")),
    Wrapper(
        "message",
        (
            "@metadata", "agent", "beat", "input", "source_type", "kubernetes", "logStream", "logStreamName", "eventId",
            "ingestionTime",
        ),
    ),
    Wrapper("textPayload", ("logName", "insertId")),
    Wrapper("jsonPayload", ("logName", "insertId", "resource"), is_object=True),
    Wrapper("_source", ("_index",), is_object=True),
    Wrapper("line", ("labels",)),
)  # fmt: skip
MARKS = frozenset(mark for wrapper in WRAPPERS for mark in (wrapper.key, *wrapper.beside))


def wrappers_among(keys: Iterable[str]) -> tuple[Wrapper, ...]:
    """Return the wrappers that records with these top-level keys may have."""
    present = set(keys)
    return tuple(each for each in WRAPPERS if each.key in present and not present.isdisjoint(each.beside))


def opened(record: Mapping[str, object]) -> Mapping[str, object]:
    """Open a decoded record; return it as it is where it is no envelope, or there is no object within."""
    for wrapper in wrappers_among(record):
        inner = record[wrapper.key]
        if isinstance(inner, dict) != wrapper.is_object:
            continue
        if isinstance(inner, str) and inner.lstrip()[:1] == "{":
            try:
                inner = json.loads(inner)
            except (ValueError, RecursionError):
                return record
        if isinstance(inner, dict):
            around = {key: value for key, value in record.items() if key != wrapper.key}
            return {**opened(inner), ENVELOPE: around}
    return record


def pieces_query(opens: Sequence[Sequence[Wrapper]]) -> str:
    """Return the query for the pieces in `input`, wrappers opened from outside to inside.

    `text` becomes the opened record, `written` is what was written, `is_doubled` says that an envelope has a key twice.
    """
    query = "SELECT *, text AS written, false AS is_doubled, false AS was_opened FROM input"
    for wrappers in opens:
        query = _opened_query(query, wrappers)
    return query


def _opened_query(source: str, wrappers: Sequence[Wrapper]) -> str:
    """Return the query that opens the pieces of another one; `was_opened` says which were."""
    numbered = list(enumerate(wrappers, start=1))
    which = " ".join(
        f"WHEN found[{number}] LIKE '{'{' if each.is_object else chr(34)}%' "
        f"AND list_has_any(outer_keys, {listed(each.beside)}) THEN {number}"
        for number, each in numbered
    )
    patches = " ".join(f"WHEN {number} THEN {quoted(json.dumps({each.key: None}))}" for number, each in numbered)
    paths = listed(f'$."{each.key}"' for each in wrappers)
    objects = f"CASE WHEN kind = {OBJECT} THEN text END"
    head = "left(inner_text, length(inner_text) - 1)"
    comma = "CASE WHEN regexp_matches(inner_text, '^\\{\\s*\\}$') THEN '' ELSE ',' END"
    envelope = f"CAST(json_merge_patch(text, CASE wrapper {patches} END) AS VARCHAR)"
    merged = f"{head} || {comma} || {quoted(json.dumps(ENVELOPE) + ':')} || {envelope} || '}}'"
    return f"""
        SELECT
            * EXCLUDE (outer_keys, found, wrapper, inner_text)
            REPLACE (
                CASE WHEN was_opened THEN {merged} ELSE text END AS text,
                is_doubled OR was_opened AND list_unique(outer_keys) < len(outer_keys) AS is_doubled
            )
        FROM (
            SELECT * REPLACE (coalesce(inner_text LIKE '{{%}}' AND json_valid(inner_text), false) AS was_opened)
            FROM (
                SELECT *, trim(json_extract_string({element("found", "wrapper")}, '$'), {_SPACE}) AS inner_text
                FROM (
                    SELECT *, CASE {which} END AS wrapper
                    FROM (
                        SELECT *, json_extract(CASE WHEN outer_keys IS NOT NULL THEN text END, {paths}) AS found
                        FROM (SELECT *, try(json_keys({objects})) AS outer_keys FROM ({source}))
                    )
                )
            )
        )
    """


def keys_statement(opens: Sequence[Sequence[Wrapper]]) -> str:
    """Return the query for the top-level keys of some pieces, once wrappers are opened.

    Columns: the key, whether any piece has an object there, and whether any piece with it was opened last.
    """
    return f"""
        SELECT key, bool_or(value LIKE '{{%') AS is_object, bool_or(was_opened) AS was_opened
        FROM (
            SELECT unnest(keys) AS key, unnest(found) AS value, was_opened
            FROM (
                -- Not WHERE: small vectors, which texts that are long come in, would be gathered behind it.
                SELECT
                    CASE WHEN kind = {OBJECT} THEN try(json_keys(text)) END AS keys,
                    CASE WHEN kind = {OBJECT} THEN try(json_extract_string(text, '$.*')) END AS found,
                    was_opened
                FROM ({pieces_query(opens)})
            )
        )
        GROUP BY key
        ORDER BY key
    """
